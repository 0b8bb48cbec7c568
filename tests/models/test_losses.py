"""Every term of the objective compared with hand computations; the table of terms."""

import copy
import pickle

import keras
import numpy as np
import pytest
import tensorflow as tf

from despoof_keras.models import losses
from despoof_keras.models.loss_weights import (
    PAPER_WEIGHTS,
    RELEASED_WEIGHTS,
    TERMS,
    LossWeights,
    Term,
)
from despoof_keras.models.saving import load_model
from despoof_keras.training.config import TrainingConfig

numpy = keras.ops.convert_to_numpy
LIVE, SPOOF = 0.0, 1.0
LABEL = np.array([LIVE, SPOOF], np.float32)
LOG_2, LOG_3, LOG_4 = np.log(2), np.log(3), np.log(4)


def tensor(values, shape=None):
    values = np.asarray(values, np.float32)
    return tf.constant(values if shape is None else np.broadcast_to(values, shape))


def check(values, expected):
    """Assert that there is a value for each sample and that it is as expected."""
    assert tuple(values.shape) == (len(expected),)
    np.testing.assert_allclose(numpy(values), expected, rtol=1e-6, atol=1e-6)


def test_zero_one_map_loss_is_the_mean_distance_from_the_label():
    # Live: (0.1 + 0.2 + 0.3 + 1.0) / 4; spoof: (0.9 + 0.8 + 0.7 + 0.0) / 4.
    values = tensor([0.1, -0.2, 0.3, 1.0]), tensor([0.1, 0.2, 0.3, 1.0])
    zero_one_map = tf.reshape(tf.stack(values), (2, 2, 2, 1))
    check(losses.zero_one_map_loss(zero_one_map, LABEL), [0.4, 0.6])


def test_depth_loss_is_the_mean_distance_from_the_target():
    depth = tf.reshape(tensor([[0.0, 0.5, 1.0, -0.5], [0.2, 0.2, 0.2, 0.2]]), (2, 2, 2, 1))
    target = tf.reshape(tensor([[0.0, 1.0, 0.5, 0.5], [0.0, 0.0, 0.0, 1.0]]), (2, 2, 2, 1))
    # (0 + 0.5 + 0.5 + 1) / 4 and (0.2 + 0.2 + 0.2 + 0.8) / 4.
    check(losses.depth_loss(depth, target), [0.5, 0.35])


def test_visual_quality_loss_is_the_cross_entropy_towards_live():
    # Softmax probabilities of class 0, live: 1/2, 3/4, 1/4.
    logits = tensor([[0, 0], [LOG_3, 0], [5, 5 + LOG_3]])
    check(losses.visual_quality_loss(logits), [LOG_2, LOG_4 - LOG_3, LOG_4])


def test_visual_quality_loss_is_finite_for_a_certain_discriminator():
    check(losses.visual_quality_loss(tensor([[-200, 300], [300, -200]])), [500.0, 0.0])


def test_discriminator_loss_wants_estimates_synthesized_and_live_inputs_live():
    estimate = tensor([[0, LOG_3], [0, LOG_3], [LOG_3, 0]])  # synthesized: 3/4, 3/4, 1/4
    inputs = tensor([[LOG_3, 0], [LOG_3, 0], [0, LOG_3]])  # live: 3/4, 3/4, 1/4
    quarter, three_quarters = LOG_4, LOG_4 - LOG_3
    # The second sample is an attack, whose input is ignored.
    check(
        losses.discriminator_loss(estimate, inputs, tensor([LIVE, SPOOF, LIVE])),
        [2 * three_quarters, three_quarters, 2 * quarter],
    )


def cosine(size, amplitude, down, across, channels=1):
    """Return an image of waves with `down` periods over its height and `across` over its width."""
    y, x = np.mgrid[:size, :size] / size
    wave = amplitude * np.cos(2 * np.pi * (down * y + across * x))
    return np.repeat(wave[None, :, :, None], channels, axis=3).astype(np.float32)


def plain_peak(noise):
    """Compute the definition: full FFT, rows and columns [S / 8, S - S / 8), peak, log1p, mean."""
    size = noise.shape[1]
    kept = slice(size // 8, size - size // 8)
    spectrum = np.abs(np.fft.fft2(noise.astype(np.float64), axes=(1, 2)))[:, kept, kept]
    return np.log1p(spectrum.max(axis=(1, 2))).mean(axis=1)


@pytest.mark.parametrize("size", [64, 256])
def test_spectrum_peak_equals_its_definition(size):
    noise = np.random.default_rng(0).normal(size=(3, size, size, 6)).astype(np.float32)
    np.testing.assert_allclose(losses.spectrum_peak(noise), plain_peak(noise), rtol=1e-5)


@pytest.mark.parametrize("size", [64, 256])
@pytest.mark.parametrize(
    ("down", "across"), [(12, 20), (20, -12), (8, 8), (8, -17), (17, -8), (31, 31), (-31, 9)]
)
def test_a_wave_peaks_at_half_its_amplitude_times_the_pixels(size, down, across):
    # The spectrum of a cosine has two lines of amplitude * S * S / 2. Frequencies scale with S.
    scale = size // 64
    noise = cosine(size, 0.25, down * scale, across * scale)
    expected = np.log1p(0.25 * size * size / 2)
    np.testing.assert_allclose(plain_peak(noise), [expected], rtol=1e-5)
    check(losses.spectrum_peak(noise) / expected, [1.0])


def test_spectrum_peak_is_the_mean_over_the_channels():
    loud, soft = cosine(64, 0.5, 16, 16), cosine(64, 0.125, 10, 24)
    # Lines of 0.5 * 2048 = 1024 and 0.125 * 2048 = 256.
    expected = (np.log(1025) + np.log(257)) / 2
    check(losses.spectrum_peak(np.concatenate([loud, soft], axis=3)), [expected])


@pytest.mark.parametrize(("down", "across"), [(0, 0), (7, 7), (3, -5), (-7, 0)])
def test_low_frequencies_are_ignored(down, across):
    assert float(losses.spectrum_peak(cosine(64, 0.5, down, across))[0]) < 1e-3
    high = losses.spectrum_peak(cosine(64, 0.5, down + 16, across + 16))
    assert float(high[0]) == pytest.approx(np.log(1025), rel=1e-5)


def test_a_wave_must_be_high_in_rows_and_columns():
    """Like the released code, `spectrum_peak` also ignores stripes along an axis."""
    assert float(losses.spectrum_peak(cosine(64, 0.5, 16, 0))[0]) < 1e-3
    assert float(losses.spectrum_peak(cosine(64, 0.5, 7, 16))[0]) < 1e-3


def test_half_precision_noise_is_transformed_in_float32():
    noise = np.random.default_rng(0).normal(size=(2, 64, 64, 6)).astype(np.float16)
    peak = losses.spectrum_peak(tf.constant(noise))
    assert peak.dtype == tf.float32
    np.testing.assert_allclose(peak, plain_peak(noise), rtol=1e-5)


def test_spectrum_peak_has_a_finite_gradient_where_the_noise_is_zero():
    noise = tf.Variable(tf.zeros((2, 64, 64, 6)))
    with tf.GradientTape() as tape:
        peak = losses.spectrum_peak(noise)
    check(peak, [0.0, 0.0])
    assert np.isfinite(tape.gradient(peak, noise).numpy()).all()


def test_the_gradient_of_spectrum_peak_raises_the_peak():
    noise = tf.Variable(cosine(64, 0.01, 16, 16, channels=6))
    with tf.GradientTape() as tape:
        peak = losses.spectrum_peak(noise)
    gradient = tape.gradient(peak, noise)
    assert float(losses.spectrum_peak(noise + 0.01 * gradient)[0]) > float(peak[0])


def test_repetitive_losses_share_the_peak_by_label():
    noise = np.concatenate([cosine(64, 0.5, 16, 16, 6), cosine(64, 0.125, 16, 16, 6)])
    check(losses.repetitive_loss_live(noise, LABEL), [np.log(1025), 0])
    check(losses.repetitive_loss_spoof(noise, LABEL), [0, -np.log(257)])


def test_magnitude_loss_is_the_mean_absolute_noise_of_live_faces():
    noise = tf.reshape(tensor([[0.1, -0.3, 0.5, -0.7]] * 2), (2, 2, 1, 2))
    check(losses.magnitude_loss(noise, LABEL), [0.4, 0.0])


def test_live_reconstruction_loss_is_the_mean_change_of_live_faces():
    estimate = tensor(0.25, (2, 2, 2, 6))
    hsv_rgb = tensor([0.5, 0.5, 0.5, 0.25, 0.25, 0.0], (2, 2, 2, 6))
    # (3 * 0.25 + 0 + 0 + 0.25) / 6.
    check(losses.live_reconstruction_loss(estimate, hsv_rgb, LABEL), [1 / 6, 0.0])


def test_spoof_noise_loss_is_taken_in_each_channel():
    # Mean absolute noise 0.5 and 0.1: (0.3 + 0.1) / 2, where the pooled mean 0.3 would give 0.1.
    noise = np.zeros((2, 2, 2, 2), np.float32)
    noise[..., 0] = [[0.5, -0.5], [0.5, -0.5]]
    noise[..., 1] = [[0.0, -0.2], [0.2, 0.0]]
    check(losses.spoof_noise_loss(tensor(noise), LABEL), [0.0, 0.2])


def test_released_weights_are_those_of_the_released_code():
    assert RELEASED_WEIGHTS == {
        "zero_one_map": 6000,
        "depth": 600,
        "visual_quality": 100,
        "repetitive_live": 1,
        "repetitive_spoof": 2,
        "magnitude": 500,
        "live_reconstruction": 45000,
        "spoof_noise": 30,
    }


def test_the_paper_gives_no_weight_to_terms_that_only_the_released_code_has():
    assert PAPER_WEIGHTS == {
        "zero_one_map": 1,
        "depth": 0.1,
        "visual_quality": 0.016,
        "repetitive_live": 0.005,
        "repetitive_spoof": 0.005,
        "magnitude": 3,
        "live_reconstruction": 0,
        "spoof_noise": 0,
    }


def test_weights_are_immutable_and_have_known_names():
    with pytest.raises(AttributeError, match="cannot be changed"):
        RELEASED_WEIGHTS.depth = 1.0
    with pytest.raises(TypeError, match=r"spoof_noise.*received death"):
        LossWeights(death=1.0)
    with pytest.raises(AttributeError, match="death"):
        RELEASED_WEIGHTS.death  # noqa: B018
    with pytest.raises(KeyError, match="death"):
        RELEASED_WEIGHTS["death"]


def test_weights_survive_copying_and_pickling():
    for copied in (copy.deepcopy(PAPER_WEIGHTS), pickle.loads(pickle.dumps(PAPER_WEIGHTS))):
        assert copied == PAPER_WEIGHTS != RELEASED_WEIGHTS
        assert hash(copied) == hash(PAPER_WEIGHTS)


@pytest.fixture
def brightness(monkeypatch):
    """An additional term: a function and a row of the table."""

    def function(noise, label):
        return keras.ops.mean(noise, axis=(1, 2, 3)) * label

    monkeypatch.setitem(TERMS, "brightness", Term(function, ("noise", "label")))


def test_a_term_is_a_function_and_a_row(brightness, make_despoofer, tmp_path):
    assert RELEASED_WEIGHTS["brightness"] == 0.0
    model = make_despoofer(loss_weights=LossWeights(**{**RELEASED_WEIGHTS, "brightness": 3.0}))
    image = np.random.default_rng(0).random((2, 32, 32, 3), np.float32)
    data = {"image": image, "depth": np.zeros((2, 4, 4, 1), np.float32)}
    data["label"], data["instrument"] = np.array([0.0, 1.0], np.float32), np.array([0, 1])
    outputs = model.despoof(image)
    terms = {name: np.array(value) for name, value in model.ds_net_terms(outputs, data).items()}
    expected = np.array(outputs["noise"]).mean(axis=(1, 2, 3)) * data["label"]
    np.testing.assert_allclose(terms["brightness"], expected, rtol=1e-5)
    np.testing.assert_allclose(
        model.weighted_sum(terms), sum(model.loss_weights[n] * terms[n] for n in TERMS), rtol=1e-5
    )
    assert "brightness" in model.test_step(data)
    config = TrainingConfig(loss_weights={"zero_one_map": 1.0, "brightness": 2.0})
    config.to_file(tmp_path / "config.json")
    assert TrainingConfig.from_file(tmp_path / "config.json").term_weights().brightness == 2.0
    model.save(tmp_path / "model.keras")
    assert load_model(tmp_path / "model.keras").loss_weights.brightness == 3.0


def test_a_term_added_after_saving_has_no_weight(make_despoofer, tmp_path, monkeypatch):
    model = make_despoofer()
    model.save(tmp_path / "model.keras")
    row = Term("magnitude_loss", ("noise", "label"), released=1.0)
    monkeypatch.setitem(TERMS, "another", row)
    loaded = load_model(tmp_path / "model.keras")
    assert loaded.loss_weights["another"] == 0.0
    assert loaded.loss_weights["depth"] == RELEASED_WEIGHTS["depth"]
