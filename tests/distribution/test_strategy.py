"""Several devices or machines train as one device does, or refuse settings that would not."""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from clusters import cluster
from recipe_runs import PATIENCE

from despoof_keras.distribution.gradients import check_optimizer
from despoof_keras.distribution.strategy import Distribution, distribute, one_device
from despoof_keras.errors import DataError
from despoof_keras.models.layers import BatchDropout
from despoof_keras.training.config import TrainingConfig

PROGRAM = Path(__file__).parents[1] / "helpers" / "distributed_program.py"
CONFIG = {
    "image_size": 32,
    "batch_size": 8,
    "epochs": 2,
    "steps_per_epoch": 3,
    "frames_per_video": 1,
    "jitter": 2,
    "average_decay": 0.9,
    "data_parts": 2,
}
# All terms, the schedule, moving averages, dropout, and clipping low enough to have an effect.
WHOLE = {"config": {**CONFIG, "synchronized_norm": True}, "clipnorm": 100.0}
# XLA draws other numbers for dropout, and compiles the real networks for more than a minute, as
# tests/recipes/test_train_oulu.py does on a single device.
PLAIN = {"config": CONFIG, "dropout": False, "small": True}
COMPILED = {"config": {**CONFIG, "jit_compile": True}, "dropout": False, "small": True}


@pytest.fixture(scope="module")
def trained(small_set, tmp_path_factory):
    """Function that trains runs with a strategy and returns their weights and histories."""
    folder = tmp_path_factory.mktemp("distribution")

    def train(strategy, runs, machines=1, **more):
        output = folder / "-".join([strategy, *runs])
        output.mkdir()
        settings = {
            "root": str(small_set),
            "cache": str(folder / "crops"),
            "output": str(output),
            "strategy": strategy,
            "runs": runs,
            **more,
        }
        command = [sys.executable, str(PROGRAM), json.dumps(settings)]
        environments = [{}]
        if machines > 1:
            environments = [{"TF_CONFIG": tf_config} for tf_config in cluster(machines)]
        processes = [
            subprocess.Popen(command, env=os.environ | extra, stderr=subprocess.PIPE, text=True)
            for extra in environments
        ]
        for process in processes:
            _, errors = process.communicate(timeout=PATIENCE)
            assert process.returncode == 0, errors
        return {name: np.load(output / f"{name}.npz") for name in runs}

    return train


@pytest.fixture(scope="module")
def on_one_machine(trained):
    """Runs of a process, `alone` on one device, the others on two."""
    runs = {"alone": {**WHOLE, "alone": True}, "whole": WHOLE, "plain": PLAIN, "compiled": COMPILED}
    return trained("mirrored", runs, replicas=2)


# Losses and weights differ by rounding: a device has another batch, so other kernels. A rate moves
# by whole frames where rounding moves a score past another's, the ACER by half of one in 12.
ROUNDING = {"rtol": 1e-4, "atol": 1e-5}
ONE_FRAME = {"rtol": 0, "atol": 0.05}


def assert_equal_runs(run, expected):
    assert run.files == expected.files
    for name in run.files:
        tolerance = ONE_FRAME if name.endswith(("acer", "auc")) else ROUNDING
        np.testing.assert_allclose(run[name], expected[name], **tolerance, err_msg=name)


@pytest.mark.slow
def test_two_devices_train_as_one(on_one_machine):
    assert_equal_runs(on_one_machine["whole"], on_one_machine["alone"])
    assert on_one_machine["alone"]["h_val_acer"].shape == (2,)
    assert len([name for name in on_one_machine["whole"].files if name.startswith("w")]) > 300


@pytest.mark.slow
def test_two_devices_train_the_same_when_compiled(on_one_machine):
    runs = on_one_machine
    assert_equal_runs(runs["compiled"], runs["plain"])
    # The comparison tells one epoch from another.
    losses = runs["plain"]["h_loss"]
    assert losses[0] != pytest.approx(losses[1], rel=ROUNDING["rtol"])


@pytest.mark.slow
def test_two_machines_train_as_one(trained, on_one_machine):
    runs = trained("multi-worker", {"whole": WHOLE}, machines=2)
    assert_equal_runs(runs["whole"], on_one_machine["alone"])


def test_dropout_on_one_device_equals_keras_and_differs_between_rows():
    x = tf.ones((6, 40))
    layer = BatchDropout(0.5, seed=3)
    whole = np.array(layer(x, training=True))
    assert 0.3 < (whole == 0).mean() < 0.7
    assert not np.array_equal(whole[:3], whole[3:])
    keras_layer = keras.layers.Dropout(0.5, seed=3)
    np.testing.assert_allclose(whole, np.array(keras_layer(x, training=True)))
    assert np.array_equal(np.array(layer(x, training=False)), np.array(x))


@pytest.mark.parametrize(
    ("optimizer", "message"),
    [
        (keras.optimizers.SGD(gradient_accumulation_steps=2), "gradient_accumulation_steps.*2"),
        (
            keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(clipnorm=1.0)),
            "clipping with loss scaling",
        ),
    ],
)
def test_optimizers_that_would_train_differently_are_refused(optimizer, message):
    check_optimizer(optimizer, 1)
    with pytest.raises(ValueError, match=message):
        check_optimizer(optimizer, 2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected JSON such as"),
        ("{}", "expected JSON such as"),
        ('{"cluster": [], "task": {}}', "expected JSON such as"),
        ('{"cluster": {"worker": ["a:1"]}, "task": {"type": "ps", "index": 0}}', "workers alone"),
        (
            '{"cluster": {"worker": ["a:1"], "ps": []}, "task": {"type": "worker", "index": 0}}',
            "workers alone",
        ),
        ('{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}', "below 1"),
        ('{"cluster": {"worker": "a:1"}, "task": {"type": "worker", "index": 0}}', "such as"),
    ],
)
def test_an_unusable_tf_config_is_refused_without_waiting_for_machines(text, message, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(DataError, match=f"TF_CONFIG: .*{message}"):
        distribute("multi-worker")


def test_unknown_strategies_and_missing_devices_are_refused():
    with pytest.raises(DataError, match=r"strategy: expected one of auto.*received 'tpu'"):
        distribute("tpu")
    with pytest.raises(DataError, match=r"replicas: .*received 2 with 'one'"):
        distribute("one", 2)
    tf.constant(0)  # TensorFlow is in use now, so the processor can no longer be split
    with pytest.raises(DataError, match="split the CPU into 7 devices before TensorFlow"):
        distribute("mirrored", 7)


def test_batches_that_cannot_be_divided_are_refused():
    class Three:
        num_replicas_in_sync = 3

    with pytest.raises(DataError, match=r"batch_size: expected a multiple of 3.*received 8"):
        Distribution(Three()).check(TrainingConfig(batch_size=8))
    with pytest.raises(DataError, match=r"data_parts: expected a multiple of 2.*received 3"):
        Distribution(Three(), workers=2).check(TrainingConfig(batch_size=6, data_parts=3))


def test_settings_that_would_train_differently_on_several_devices_are_refused():
    class Two:
        num_replicas_in_sync = 2

    compiled = TrainingConfig(batch_size=8, jit_compile=True, synchronized_norm=True)
    clipped = TrainingConfig(batch_size=8, global_clipnorm=1.0, dtype_policy="mixed_float16")
    for config, message in ((compiled, "jit_compile: .*"), (clipped, "global_clipnorm: .*")):
        one_device().check(config)
        with pytest.raises(DataError, match=message + "several devices"):
            Distribution(Two()).check(config)


def test_machines_read_disjoint_parts_that_cover_all():
    strategy = tf.distribute.get_strategy()
    shares = [list(Distribution(strategy, 3, worker).own_parts(6)) for worker in range(3)]
    assert shares == [[0, 1], [2, 3], [4, 5]]
    assert [Distribution(strategy, 3, worker).is_chief for worker in range(3)] == [1, 0, 0]
