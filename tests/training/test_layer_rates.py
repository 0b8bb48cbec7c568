"""Learning rates of single layers: factors on Adam's steps, frozen layers, and wrong names."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from despoof_keras.errors import DataError
from despoof_keras.models.layerwise_adam import LayerwiseAdam
from despoof_keras.models.saving import load_model
from despoof_keras.training.config import TrainingConfig
from despoof_keras.training.fit import compile_despoofer
from despoof_keras.training.layer_rates import factors_of, freeze_layers


@pytest.fixture
def batch():
    """A data set of a single batch."""
    generator = np.random.default_rng(0)
    rows = {
        "image": generator.random((4, 32, 32, 3), np.float32),
        "depth": generator.random((4, 4, 4, 1), np.float32),
        "label": np.array([0, 1, 0, 1], np.float32),
        "instrument": np.array([0, 1, 0, 2]),
    }
    return tf.data.Dataset.from_tensors(rows)


def weights_of(network):
    return {variable.path: np.array(variable) for variable in network.variables}


def changed(before, after):
    return {path for path in before if not np.array_equal(before[path], after[path])}


def test_a_step_is_multiplied_by_its_variables_factor():
    # Adam's first step is the learning rate itself, whatever the gradient.
    variables = [keras.Variable([1.0, 2.0], name=name) for name in ("slow", "usual", "fast")]
    paths = [variable.path for variable in variables]
    optimizer = LayerwiseAdam(0.1, factors={paths[0]: 0.25, paths[2]: 3.0}, epsilon=1e-12)
    optimizer.apply([keras.ops.array([5.0, -1e-3])] * 3, variables)
    steps = [np.array(variable) - [1.0, 2.0] for variable in variables]
    for step, expected in zip(steps, (0.025, 0.1, 0.3), strict=True):
        np.testing.assert_allclose(step, [-expected, expected], rtol=1e-4)


def test_the_last_pattern_that_fits_a_layer_counts(make_despoofer):
    model = make_despoofer()
    rates = {"ds_net": 0.5, "ds_net/encoder_*": 0.1, "ds_net/encoder_0_conv": 2, "*_norm": 0}
    freeze_layers(model, rates)
    factors = factors_of("ds_net", model, rates)
    assert factors["encoder_0_conv/kernel"] == 2
    assert factors["encoder_1_1_conv/kernel"] == 0.1
    assert factors["noise/kernel"] == 0.5
    assert not [path for path in factors if "_norm" in path]
    assert factors_of("depth_net", model, rates) == {}


def test_frozen_layers_keep_weights_and_statistics_and_the_others_move(make_despoofer, batch):
    model = make_despoofer()
    rates = {"discriminator": 0, "depth_net": 0, "ds_net/encoder_*": 0}
    config = TrainingConfig(image_size=32, jitter=2, layer_rates=rates)
    freeze_layers(model, rates)
    compile_despoofer(model, config, 10)
    before = [weights_of(network) for network in model.networks()]
    model.fit(batch, verbose=0)
    after = [weights_of(network) for network in model.networks()]
    ds_net, depth_net, discriminator = map(changed, before, after)
    assert depth_net == discriminator == set()
    assert not [path for path in ds_net if path.startswith("encoder_")]
    assert {path.partition("/")[0] for path in before[0]} - {
        path.partition("/")[0] for path in ds_net
    } == {layer.name for layer in model.ds_net.layers if layer.name.startswith("encoder_")} & {
        path.partition("/")[0] for path in before[0]
    }


def test_factors_and_frozen_layers_are_saved_with_the_model(make_despoofer, batch, tmp_path):
    model = make_despoofer()
    rates = {"depth_net": 0, "ds_net/decoder_*": 0.5}
    freeze_layers(model, rates)
    compile_despoofer(model, TrainingConfig(image_size=32, jitter=2, layer_rates=rates), 10)
    model.fit(batch, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = load_model(tmp_path / "model.keras")
    assert isinstance(loaded.optimizer, LayerwiseAdam)
    assert loaded.optimizer.factors == model.optimizer.factors
    assert loaded.depth_net.trainable_variables == []
    for one in (model, loaded):
        one.fit(batch, verbose=0)
    for first, second in zip(model.variables, loaded.variables, strict=True):
        np.testing.assert_array_equal(first, second, err_msg=first.path)


def test_without_factors_the_optimizer_is_kerass_own(make_despoofer):
    model = make_despoofer()
    compile_despoofer(model, TrainingConfig(image_size=32, jitter=2), 10)
    assert type(model.optimizer) is keras.optimizers.Adam


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        ({"ds_net/encoder_9*": 0.1}, r"ds_net/encoder_0_conv .*received 'ds_net/encoder_9\*'"),
        ({"generator": 0}, "networks .ds_net, depth_net, discriminator.; received 'generator'"),
        ({"ds_net": 0}, "expected layers of ds_net to train"),
    ],
)
def test_wrong_names_are_named(rates, expected, make_despoofer):
    with pytest.raises(DataError, match=f"layer_rates: .*{expected}"):
        freeze_layers(make_despoofer(), rates)
