"""Runs of the recipe in processes of their own, as a user starts them."""

import os
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np

from despoof_keras.models.saving import load_model

RECIPE = Path(__file__).parents[2] / "recipes" / "train_oulu.py"
SMALL_NETWORKS = Path(__file__).with_name("small_networks.py")
SMALL = {
    "image_size": 32,
    "batch_size": 4,
    "epochs": 3,
    "steps_per_epoch": 12,
    "frames_per_video": 1,
    "jitter": 2,
    "learning_rate": 1e-3,
    "decay_rate": 0.5,
    "decay_epochs": 1,
    "average_decay": 0.9,
}
# Seconds: more than ten times what the longest wait takes; only a hang gets there.
PATIENCE = 1200


def start(workplace, *arguments, real=False, programs=None, cache=None, environment=None, **kwargs):
    """Starts the recipe in `workplace` on its `small.json`, with a cache there.

    Args:
        workplace: working directory.
        arguments: of the recipe.
        real: whether the networks are those of the package, not `small_networks`.
        programs: scripts that run one another, instead.
        cache: folder of the crops; default: one of `workplace`.
        environment: further environment variables.
        kwargs: as in `subprocess.Popen`.
    """
    cache = str(cache or workplace / "cache")
    environment = {**os.environ, "DESPOOF_KERAS_CACHE": cache, **(environment or {})}
    programs = programs or ([str(RECIPE)] if real else [str(SMALL_NETWORKS), str(RECIPE)])
    command = [sys.executable, *programs, "--config", "small.json", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(
        command, env=environment, cwd=workplace, text=True, **{**pipes, **kwargs}
    )


def wait_for(path, *processes):
    """Waits until a file appears, while all processes run."""
    deadline = time.monotonic() + PATIENCE
    while not path.exists():
        ended = [process for process in processes if process.poll() is not None]
        assert not ended, [process.communicate() for process in ended]
        assert time.monotonic() < deadline
        time.sleep(0.02)


def assert_same_weights(one, other):
    """Every weight, average and state of two model files is the same to the bit."""
    models = [load_model(path) for path in (one, other)]
    for pair in zip(*(model.variables for model in models), strict=True):
        values = [keras.ops.convert_to_numpy(variable) for variable in pair]
        np.testing.assert_array_equal(*values, err_msg=pair[0].path)
