"""Program that trains with SGD in its own process and writes weights and history to .npz files.

Usage: `python distributed_program.py SETTINGS`. SETTINGS is JSON with `root`, `cache`, `output`
(folder), `strategy`, `replicas`, and `runs`, a mapping from the name of a run to `config` (fields
of `TrainingConfig`), `clipnorm`, `dropout` (False turns dropout off), `alone` (True trains on a
single device whatever the strategy) and `small` (True trains `small_networks`; such runs come
last).
"""

import json
import os
import sys
from pathlib import Path

import numpy as np
from small_networks import use_small_networks

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
LEARNING_RATE = 1e-6  # losses are in the thousands, initial weights around 0.02


def main():
    settings = json.loads(sys.argv[1])
    from despoof_keras.distribution.strategy import distribute, one_device

    distribution = distribute(settings["strategy"], settings.get("replicas"))

    from despoof_keras.datasets import oulu_npu
    from despoof_keras.datasets.prepare import CropSettings, prepare_crops

    splits = oulu_npu.load(settings["root"], 1)
    crop_settings = CropSettings(
        next(iter(settings["runs"].values()))["config"]["image_size"], 1, 2
    )
    crops = {
        name: prepare_crops(splits[name], settings["cache"], crop_settings, processes=1)
        for name in ("train", "dev")
    }
    for name, run in settings["runs"].items():
        if run.pop("small", False):
            use_small_networks()
        devices = one_device() if run.pop("alone", False) else distribution
        model, history = train(devices, crops, **run)
        if distribution.is_chief:
            weights = {f"w{n}": np.array(v) for n, v in enumerate(model.variables)}
            figures = {f"h_{key}": rows for key, rows in history.items()}
            np.savez(Path(settings["output"]) / f"{name}.npz", **weights, **figures)


def train(distribution, crops, config, clipnorm=None, dropout=True):
    import keras

    from despoof_keras.distribution.determinism import make_repeatable
    from despoof_keras.models.layers import BatchDropout
    from despoof_keras.training.config import TrainingConfig
    from despoof_keras.training.fit import build_despoofer, fit

    def sgd():
        schedule = keras.optimizers.schedules.ExponentialDecay(
            LEARNING_RATE, 2, 0.5, staircase=True
        )
        return keras.optimizers.SGD(schedule, momentum=0.5, global_clipnorm=clipnorm)

    config = TrainingConfig(**config)
    make_repeatable(0, compiled=True)
    distribution.check(config)
    keras.utils.set_random_seed(0)
    with distribution.strategy.scope():
        model = build_despoofer(config)
        for layer in [*model.depth_net.layers, *model.discriminator.layers]:
            if isinstance(layer, BatchDropout) and not dropout:
                layer.rate = 0.0
        model.compile(sgd(), sgd(), sgd(), jit_compile=config.jit_compile)
    fitted = fit(model, config, crops["train"], crops["dev"], distribution, seed=1, verbose=0)
    return model, fitted.history


if __name__ == "__main__":
    main()
