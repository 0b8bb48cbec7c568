"""Amplitudes of low frequencies: mixed with another image's, all else left as it was."""

import numpy as np
import tensorflow as tf

from despoof_keras.datasets.amplitudes import LOW_BAND, mix_amplitudes

SIZE = 40  # the band's highest frequency, 0.05, is two periods of it
COUNT = 6


def mixed(images, seed=0, most=1.0, highest=1.0):
    images = tf.constant(images, tf.float32)
    return mix_amplitudes(images, most, tf.constant([3, seed], tf.int64), highest).numpy()


def wave(periods):
    return np.cos(2 * np.pi * periods * np.arange(SIZE) / SIZE)


def textured(levels):
    """Images of three grey levels, each with stripes of another frequency above the band."""
    stripes = np.stack([wave(5 + number) for number in range(len(levels))])
    images = np.asarray(levels)[:, None, None, None] + 0.05 * stripes[:, None, :, None]
    return np.broadcast_to(images, (len(levels), SIZE, SIZE, 3))


def test_levels_are_exchanged_and_what_is_fine_stays():
    levels = np.linspace(0.2, 0.8, COUNT)
    images = textured(levels)
    result = mixed(images)
    new = result.mean((1, 2))
    fine = images - images.mean((1, 2), keepdims=True)
    np.testing.assert_allclose(result - new[:, None, None], fine, atol=1e-4)
    assert (new >= 0.2 - 1e-4).all()
    assert (new <= 0.8 + 1e-4).all()
    assert np.abs(new[:, 0] - levels).max() > 0.1


def test_a_level_is_between_its_own_and_another_images():
    # Of two images, one's partner is itself or the other, and nothing lies beyond half way.
    levels = np.array([0.25, 0.75])
    changes = [
        np.abs(mixed(textured(levels), seed, most=0.5).mean((1, 2, 3)) - levels)
        for seed in range(20)
    ]
    assert 0.15 < np.max(changes) <= 0.25 + 1e-4
    assert np.min(changes) < 1e-4


def test_low_waves_keep_their_place_and_waves_above_the_band_their_height():
    low, above = round(LOW_BAND * SIZE), round(LOW_BAND * SIZE) + 1
    images = np.stack(
        [
            0.5 + height * (wave(low) + wave(above))[None, :, None] * np.ones((SIZE, 1, 3))
            for height in np.linspace(0.02, 0.2, COUNT)
        ]
    )
    before, after = np.fft.fft(images[:, 0, :, 0]), np.fft.fft(mixed(images)[:, 0, :, 0])
    np.testing.assert_allclose(after[:, above], before[:, above], rtol=1e-4)
    np.testing.assert_allclose(np.angle(after[:, low]), 0, atol=1e-4)
    assert np.abs(np.abs(after[:, low]) / np.abs(before[:, low]) - 1).max() > 0.1


def test_the_seed_decides_and_values_stay_in_range():
    images = np.random.default_rng(0).random((COUNT, SIZE, SIZE, 3))
    np.testing.assert_array_equal(mixed(images, 1), mixed(images, 1))
    assert not np.array_equal(mixed(images, 1), mixed(images, 2))
    clipped = mixed(images, 1, highest=0.9)
    assert clipped.min() >= 0
    assert clipped.max() == np.float32(0.9)


def test_black_images_have_nothing_to_mix_and_stay_finite():
    images = np.zeros((2, SIZE, SIZE, 3))
    np.testing.assert_array_equal(mixed(images), images)
