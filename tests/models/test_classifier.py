"""The binary classifier with DSNet's encoder, and networks that are trained by themselves."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from despoof_keras.models import build_depth_net, build_ds_net
from despoof_keras.models.classifier import build_classifier
from despoof_keras.models.supervised import SupervisedNetwork

SIZE = 32
numpy = keras.ops.convert_to_numpy


@pytest.fixture(scope="module")
def batch():
    random = np.random.default_rng(0)
    return {
        "image": tf.constant(random.random((4, SIZE, SIZE, 3), np.float32)),
        "depth": tf.constant(random.random((4, SIZE // 8, SIZE // 8, 1), np.float32)),
        "label": tf.constant([0.0, 1.0, 0.0, 1.0]),
    }


@pytest.fixture(scope="module")
def classifier():
    keras.utils.set_random_seed(0)
    return SupervisedNetwork(build_classifier(SIZE, "late"), "label")


@pytest.fixture(scope="module")
def depth():
    keras.utils.set_random_seed(0)
    return SupervisedNetwork(build_depth_net(SIZE), "depth")


def test_it_has_ds_nets_encoder_and_a_logit():
    classifier, ds_net = build_classifier(SIZE, "late"), build_ds_net(SIZE, "late")
    shapes = {layer.name: [w.shape for w in layer.weights] for layer in ds_net.layers}
    own = {layer.name: [w.shape for w in layer.weights] for layer in classifier.layers}
    shared = {name for name in own if own[name] and own[name] == shapes.get(name)}
    # All of the classifier but its head is in DSNet under the same name.
    others = {name for name in own if own[name]} - shared
    assert others
    assert all(name.startswith(("head", "logit")) for name in others)
    assert len(shared) > len(others)
    assert classifier.output["logit"].shape == (None, 1)


def test_width_and_precision_are_those_asked_for():
    narrow = build_classifier(SIZE, width=0.5)
    convolutions = [layer for layer in narrow.layers if hasattr(layer, "filters")]
    assert [layer.filters for layer in convolutions] == [16] * 10 + [16, 8]
    half = build_classifier(SIZE, dtype_policy="mixed_bfloat16")
    assert {layer.compute_dtype for layer in half.layers} == {"bfloat16", "float32"}
    assert half.output["logit"].dtype == "float32"
    with pytest.raises(ValueError, match="image_size"):
        build_classifier(30)


def test_its_loss_is_the_cross_entropy(classifier, batch):
    classifier.compile(keras.optimizers.SGD(0.0))
    hsv_rgb = build_ds_net(SIZE).get_layer("hsv_rgb")(batch["image"])
    logits = numpy(classifier.network(hsv_rgb, training=True)["logit"])[:, 0]
    probability = 1 / (1 + np.exp(-logits.astype(np.float64)))
    label = numpy(batch["label"])
    by_hand = -label * np.log(probability) - (1 - label) * np.log(1 - probability)
    values, gradients = classifier.loss_and_gradients(batch)
    np.testing.assert_allclose(numpy(values), by_hand, rtol=1e-4)
    assert len(gradients) == len(classifier.network.trainable_variables)
    assert all(np.isfinite(numpy(gradient)).all() for gradient in gradients)
    # Called, it gives the logit: higher for attacks.
    expected = numpy(classifier.network(hsv_rgb, training=False)["logit"])[:, 0]
    np.testing.assert_allclose(numpy(classifier(batch["image"])), expected, rtol=1e-4)


def test_depth_alone_is_taught_zero_for_attacks(depth, batch):
    hsv_rgb = build_ds_net(SIZE).get_layer("hsv_rgb")(batch["image"])
    output = numpy(depth.network(hsv_rgb, training=False)["depth"])
    target = numpy(batch["depth"]) * (1 - numpy(batch["label"])).reshape(-1, 1, 1, 1)
    depth.compile(keras.optimizers.SGD(0.0))
    depth.reset_metrics()
    loss = depth.test_step(batch)["loss"]
    assert float(loss) == pytest.approx(np.abs(output - target).mean(), rel=1e-4)
    scores = -output.mean(axis=(1, 2, 3))
    np.testing.assert_allclose(numpy(depth(batch["image"])), scores, rtol=1e-4, atol=1e-6)


def test_a_network_is_saved_with_its_target_and_optimizer(classifier, batch, tmp_path):
    classifier.compile(keras.optimizers.Adam(1e-3))
    classifier.train_step(batch)
    classifier.save(tmp_path / "network.keras")
    loaded = keras.models.load_model(tmp_path / "network.keras")
    assert loaded.target == "label"
    assert int(loaded.optimizer.iterations) == 1
    for saved, variable in zip(loaded.variables, classifier.variables, strict=True):
        np.testing.assert_array_equal(numpy(saved), numpy(variable))


def test_an_unknown_target_is_refused():
    with pytest.raises(ValueError, match=r"target: .*'depths'"):
        SupervisedNetwork(build_depth_net(SIZE), "depths")
