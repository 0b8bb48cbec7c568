"""Despoofer: a step equals its plain formulation; saving keeps the whole state; metrics."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from three_pass import ThreePassDespoofer, plain_network

from despoof_keras.errors import DataError
from despoof_keras.metadata import SCORE_NAMES
from despoof_keras.models import build_depth_net, build_discriminator, build_ds_net
from despoof_keras.models.despoofer import Despoofer
from despoof_keras.models.loss_weights import RELEASED_WEIGHTS, TERMS
from despoof_keras.models.saving import load_model
from despoof_keras.training.callbacks import AveragedValidation

SIZE = 64
numpy = keras.ops.convert_to_numpy


def make(
    cls=Despoofer,
    optimizer=lambda: keras.optimizers.SGD(1e-5, momentum=0.5),
    form=lambda network: network,
    dtype_policy="float32",
    **kwargs,
):
    keras.utils.set_random_seed(3)
    builders = (build_ds_net, build_depth_net, build_discriminator)
    networks = [build(SIZE, dtype_policy=dtype_policy) for build in builders]
    model = cls(*map(form, networks), **kwargs)
    model.compile(optimizer(), optimizer(), optimizer())
    return model


def make_batch(seed=0, size=8):
    random = np.random.default_rng(seed)
    label = np.arange(size) % 2
    return {
        "image": tf.constant(random.random((size, SIZE, SIZE, 3), np.float32)),
        "depth": tf.constant(random.random((size, SIZE // 8, SIZE // 8, 1), np.float32)),
        "label": tf.constant(label, tf.float32),
        "instrument": tf.constant(label * (1 + np.arange(size) // 2 % 2), tf.int32),
    }


def values(model):
    return [numpy(variable) for variable in model.variables]


def largest_difference(values, expected):
    return max(np.abs(a - b).max() for a, b in zip(values, expected, strict=True))


@pytest.mark.parametrize(
    ("attack_depth", "form"),
    [("zero", plain_network), ("face", lambda network: network)],
    ids=["zero-plain-layers", "face"],
)
def test_shared_pass_equals_three_passes(attack_depth, form):
    shared = make(attack_depth=attack_depth)
    plain = make(ThreePassDespoofer, form=form, attack_depth=attack_depth)
    start = values(shared)
    assert largest_difference(start, values(plain)) == 0.0
    logs = []
    for model in (shared, plain):
        step = tf.function(model.train_step)
        logs = [*logs, {k: float(v) for k, v in step(make_batch()).items()}]
    assert largest_difference(start, values(shared)) > 1e-3
    assert largest_difference(values(shared), values(plain)) < 1e-5
    assert logs[0] == pytest.approx(logs[1], rel=1e-5)


def test_each_network_is_trained_by_its_own_optimizer_only():
    model = make(optimizer=lambda: keras.optimizers.SGD(1e-5))
    names = ("ds_net", "depth_net", "discriminator")
    for frozen in names:
        for name, optimizer in zip(names, model.optimizers(), strict=True):
            optimizer.learning_rate = 0.0 if name == frozen else 1e-5
        before = {n: [numpy(w) for w in getattr(model, n).trainable_weights] for n in names}
        model.train_step(make_batch())
        for name, old in before.items():
            new = [numpy(w) for w in getattr(model, name).trainable_weights]
            assert (largest_difference(old, new) == 0.0) == (name == frozen)


def test_tracked_loss_is_the_weighted_sum_of_the_tracked_terms():
    logs = {k: float(v) for k, v in make().train_step(make_batch()).items()}
    weights = RELEASED_WEIGHTS
    assert logs["loss"] == pytest.approx(sum(weights[n] * logs[n] for n in TERMS), rel=1e-5)


def test_metrics_of_an_epoch_are_means_over_all_batches():
    model = make(optimizer=lambda: keras.optimizers.SGD(0.0))
    batches = [make_batch(0), make_batch(1)]
    single = []
    for batch in batches:
        model.reset_metrics()
        single.append(float(model.test_step(batch)["zero_one_map"]))
    dataset = tf.data.Dataset.from_generator(
        lambda: iter(batches),
        output_signature={k: tf.TensorSpec(v.shape, v.dtype) for k, v in batches[0].items()},
    )
    logs = model.evaluate(dataset, return_dict=True, verbose=0)
    assert logs["zero_one_map"] == pytest.approx(np.mean(single), rel=1e-5)
    assert 0.0 <= logs["acer"] <= 1.0
    assert 0.0 <= logs["auc"] <= 1.0


def test_calling_the_model_gives_the_live_estimate_and_the_chosen_score():
    model = make(score="zero_one_map")
    image = make_batch()["image"]
    outputs = {k: numpy(v) for k, v in model(image).items()}
    hsv_rgb = np.concatenate([np.array(tf.image.rgb_to_hsv(image)), np.array(image)], axis=-1)
    expected = np.maximum(hsv_rgb - outputs["noise"] / 45.0, 0.0)
    np.testing.assert_allclose(outputs["live_estimate"], expected, atol=1e-6)
    np.testing.assert_allclose(outputs["score"], outputs["zero_one_map"].mean((1, 2, 3)), atol=1e-6)
    scores = model.predict_scores(image)
    assert set(scores) == set(SCORE_NAMES)
    np.testing.assert_allclose(scores["zero_one_map"], outputs["score"], atol=1e-6)


def test_a_loaded_model_trains_exactly_like_the_saved_one(tmp_path):
    adam = lambda: keras.optimizers.Adam(  # noqa: E731
        keras.optimizers.schedules.ExponentialDecay(1e-3, 2, 0.5, staircase=True)
    )
    model = make(optimizer=adam, average_decay=0.9, attack_depth="face", score="depth")
    for seed in range(3):
        model.train_step(make_batch(seed))
    model.save(tmp_path / "model.keras")
    loaded = load_model(tmp_path / "model.keras")
    assert (loaded.attack_depth, loaded.score) == ("face", "depth")
    assert loaded.loss_weights == RELEASED_WEIGHTS
    for trained in (model, loaded):
        trained.train_step(make_batch(9))
    assert int(loaded.optimizer.iterations) == 4
    # A step is 5e-4 or more; without TensorFlow's determinism, which `fit.train` turns on, threads
    # may round differently.
    assert largest_difference(values(model), values(loaded)) < 1e-5
    optimizers = zip(model.optimizers(), loaded.optimizers(), strict=True)
    for original, copy in optimizers:
        for a, b in zip(original.variables, copy.variables, strict=True):
            assert np.abs(numpy(a) - numpy(b)).max() <= 1e-3 * np.abs(numpy(a)).max(), a.path


def test_averages_follow_the_recurrence_and_swap_back_exactly():
    model = make(average_decay=0.25)
    first = [numpy(v) for v in model.averaged_variables()]
    model.train_step(make_batch())
    second = [numpy(v) for v in model.averaged_variables()]
    # After step 1: decay = min(0.25, (1 + 1) / (10 + 1)) = 2 / 11.
    for average, a, b in zip(model.averages, first, second, strict=True):
        np.testing.assert_allclose(numpy(average), a + (9 / 11) * (b - a), rtol=1e-4, atol=1e-7)
    averages = [numpy(v) for v in model.averages]
    callback = AveragedValidation()
    callback.set_model(model)
    callback.on_test_begin()
    assert largest_difference([numpy(v) for v in model.averaged_variables()], averages) == 0.0
    callback.on_test_end()
    assert largest_difference([numpy(v) for v in model.averaged_variables()], second) == 0.0
    model.adopt_averages()
    assert largest_difference([numpy(v) for v in model.averaged_variables()], averages) == 0.0


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_trains_like_float32(policy):
    exact = make(optimizer=lambda: keras.optimizers.Adam(1e-3))
    mixed = make(optimizer=lambda: keras.optimizers.Adam(1e-3), dtype_policy=policy)
    scaled = [isinstance(o, keras.optimizers.LossScaleOptimizer) for o in mixed.optimizers()]
    assert scaled == [policy == "mixed_float16"] * 3
    assert mixed.ds_net.get_layer("decoder_1_conv").compute_dtype == policy.removeprefix("mixed_")
    before = [numpy(v) for v in mixed.ds_net.trainable_variables]
    logs = [{k: float(v) for k, v in m.train_step(make_batch()).items()} for m in (exact, mixed)]
    assert all(np.isfinite(list(logs[1].values())))
    assert logs[1]["zero_one_map"] == pytest.approx(logs[0]["zero_one_map"], abs=0.02)
    after = [numpy(v) for v in mixed.ds_net.trainable_variables]
    assert all(np.isfinite(v).all() for v in after)
    if policy == "mixed_bfloat16":
        assert largest_difference(before, after) == pytest.approx(1e-3, rel=0.1)


@pytest.mark.parametrize(("name", "value"), [("attack_depth", "flat"), ("score", "fusion")])
def test_unknown_choices_are_refused(name, value):
    with pytest.raises(ValueError, match=f"{name}.*{value}"):
        make(**{name: value})


def test_files_without_a_despoofer_are_refused(tmp_path):
    (tmp_path / "text.keras").write_text("no model")
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(tmp_path / "other.keras")
    for name, expected in (("text", "saved"), ("other", "Sequential"), ("missing", "saved")):
        with pytest.raises(DataError, match=f"{name}.keras.*{expected}"):
            load_model(tmp_path / f"{name}.keras")
