"""A training run with SGD in a process of its own; leaves its weights and history in an .npz file.

python distributed_program.py SETTINGS OUTPUT, where SETTINGS is JSON: `root`, `cache`, `strategy`,
`replicas`, `config` (fields of `TrainingConfig`), `clipnorm`, `dropout` (False: none).
"""

import json
import os
import sys
from pathlib import Path

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
RATE = 1e-6  # of SGD: the losses are in the thousands, the weights start at 0.02


def main():
    settings, output = json.loads(sys.argv[1]), Path(sys.argv[2])
    from despoof_keras.distribution import distribute

    distribution = distribute(settings["strategy"], settings.get("replicas"))

    import keras

    from despoof_keras import training
    from despoof_keras.averaged_validation import AveragedValidation
    from despoof_keras.configuration import TrainingConfig
    from despoof_keras.datasets import oulu_npu
    from despoof_keras.distributed_fit import distributed_batches
    from despoof_keras.models.dropout import BatchDropout
    from despoof_keras.pipeline import evaluation_batches
    from despoof_keras.preparation import CropSettings, prepare_crops

    config = TrainingConfig(**settings["config"])
    distribution.check(config)
    splits = oulu_npu.load(settings["root"], 1)
    crops = {
        name: prepare_crops(splits[name], settings["cache"], CropSettings(config.image_size, 1, 2))
        for name in ("train", "dev")
    }
    keras.utils.set_random_seed(0)
    with distribution.strategy.scope():
        model = training.build_despoofer(config)
        for network in (model.depth_net, model.discriminator):
            for layer in network.layers:
                if isinstance(layer, BatchDropout) and not settings.get("dropout", True):
                    layer.rate = 0.0

        def sgd():
            schedule = keras.optimizers.schedules.ExponentialDecay(RATE, 2, 0.5, staircase=True)
            limit = settings.get("clipnorm")
            return keras.optimizers.SGD(schedule, momentum=0.5, global_clipnorm=limit)

        model.compile(sgd(), sgd(), sgd(), jit_compile=config.jit_compile)
    steps = config.steps_per_epoch
    history = model.fit(
        distributed_batches(distribution, crops["train"], config, steps, initial_epoch=0, seed=1),
        epochs=config.epochs,
        steps_per_epoch=steps,
        validation_data=evaluation_batches(crops["dev"], 8, padded=distribution.replicas > 1),
        callbacks=[AveragedValidation()],
        verbose=0,
    ).history
    if distribution.is_chief:
        weights = {f"w{n}": keras.ops.convert_to_numpy(v) for n, v in enumerate(model.variables)}
        np.savez(output, **weights, **{f"h_{name}": rows for name, rows in history.items()})


if __name__ == "__main__":
    main()
