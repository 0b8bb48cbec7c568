"""The paper's reading of the training step: a frozen DepthNet, visual quality of attacks alone."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from despoof_keras.models import losses
from despoof_keras.models.saving import load_model

SIZE = 32
numpy = keras.ops.convert_to_numpy


def values(variables):
    return [numpy(variable) for variable in variables]


def is_unchanged(before, variables):
    return [bool(np.array_equal(a, numpy(b))) for a, b in zip(before, variables, strict=True)]


@pytest.fixture
def make(make_despoofer):
    def compiled(**arguments):
        model = make_despoofer(SIZE, **arguments)
        model.compile(*(keras.optimizers.SGD(1e-4) for _ in range(3)))
        return model

    return compiled


@pytest.fixture(scope="module")
def batch():
    random = np.random.default_rng(0)
    label = np.array([0, 1, 1, 0, 1, 0])
    return {
        "image": tf.constant(random.random((6, SIZE, SIZE, 3), np.float32)),
        "depth": tf.constant(random.random((6, SIZE // 8, SIZE // 8, 1), np.float32)),
        "label": tf.constant(label, tf.float32),
        "instrument": tf.constant(label, tf.int32),
    }


@pytest.mark.parametrize("frozen", [True, False])
def test_a_frozen_depth_net_keeps_weights_and_batch_norm_while_ds_net_trains(frozen, make, batch):
    model = make(frozen_depth=frozen, average_decay=0.5)
    depth_net, ds_net = model.depth_net.weights, model.ds_net.weights
    before = values(depth_net), values(ds_net)
    averages = values(model.averages)
    logs = model.train_step(batch)
    assert all(is_unchanged(before[0], depth_net)) == frozen
    assert any(is_unchanged(before[0], depth_net)) == frozen
    assert not all(is_unchanged(before[1], ds_net))
    # The averages are of DSNet's weights, then of DepthNet's, then of the discriminator's.
    moved = [not same for same in is_unchanged(averages, model.averages)]
    assert any(moved[: len(ds_net)])
    assert any(moved[len(ds_net) : len(ds_net) + len(depth_net)]) != frozen
    # Its loss is told all the same: how far its depth is from that of the batch.
    hsv_rgb = model.ds_net.get_layer("hsv_rgb")(batch["image"])
    if frozen:
        depth = numpy(model.depth_net(hsv_rgb, training=False)["depth"])
        target = numpy(batch["depth"]) * (1 - numpy(batch["label"])).reshape(-1, 1, 1, 1)
        assert float(logs["depth_net"]) == pytest.approx(np.abs(depth - target).mean(), rel=1e-5)


def test_visual_quality_of_attacks_alone_leaves_the_other_rows_out(make, batch):
    everything, attacks = make(), make(visual_quality_on="attack")
    outputs = everything.despoof(batch["image"])
    of_all = numpy(everything.ds_net_terms(outputs, batch)["visual_quality"])
    of_attacks = numpy(attacks.ds_net_terms(outputs, batch)["visual_quality"])
    label = numpy(batch["label"])
    # -log softmax(logits)[live], of the rows of attacks; the mean is over the whole batch.
    logits = numpy(everything.discriminator(outputs["live_estimate"], training=False)["logits"])
    by_hand = np.log(np.exp(logits).sum(axis=1)) - logits[:, 0]
    np.testing.assert_allclose(of_all, by_hand, rtol=1e-5)
    np.testing.assert_allclose(of_attacks, by_hand * label, rtol=1e-5)
    assert of_attacks.mean() == pytest.approx(by_hand[label == 1].sum() / 6, rel=1e-5)
    for model, expected in ((everything, of_all), (attacks, of_attacks)):
        model.reset_metrics()
        assert float(model.test_step(batch)["visual_quality"]) == pytest.approx(
            expected.mean(), rel=1e-5
        )


def test_the_discriminator_sees_live_estimates_of_attacks_and_bona_fide_inputs():
    # Logits of 0 and 0 cost log 2; of log 3 and 0, log 4 as class 1 and log 4/3 as class 0.
    logits = tf.constant([[0.0, 0.0], [np.log(3.0), 0.0]], tf.float32)
    label = tf.constant([0.0, 1.0])
    log = np.log
    of_all = numpy(losses.discriminator_loss(logits, logits, label))
    np.testing.assert_allclose(of_all, [log(2) + log(2), log(4)], rtol=1e-6)
    of_attacks = numpy(losses.discriminator_loss(logits, logits, label, "attack"))
    np.testing.assert_allclose(of_attacks, [log(2), log(4)], rtol=1e-6)


def test_the_reading_is_saved_with_the_model(make, tmp_path):
    make(frozen_depth=True, visual_quality_on="attack").save(tmp_path / "model.keras")
    loaded = load_model(tmp_path / "model.keras")
    assert (loaded.frozen_depth, loaded.visual_quality_on) == (True, "attack")


def test_an_unknown_reading_is_refused(make_despoofer):
    with pytest.raises(ValueError, match=r"visual_quality_on.*'live'"):
        make_despoofer(SIZE, visual_quality_on="live")
