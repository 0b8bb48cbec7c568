"""Training of a single network from a configuration, with checkpoints, as a run trains DSNet."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import keras

from despoof_keras.datasets.prepare import PreparedCrops
from despoof_keras.distribution.determinism import make_repeatable
from despoof_keras.distribution.multi_worker import check_same_epoch
from despoof_keras.distribution.strategy import Distribution, one_device
from despoof_keras.errors import DataError
from despoof_keras.models.layers import synchronize_norms
from despoof_keras.models.precision import precision
from despoof_keras.models.supervised import SupervisedNetwork
from despoof_keras.training.callbacks import RunCheckpoint, RunGuard, RunHistory
from despoof_keras.training.config import TrainingConfig
from despoof_keras.training.loop import adam, fit, steps_of
from despoof_keras.training.run_folder import checkpoints, newest_checkpoint

logger = logging.getLogger(__name__)


def train_network(
    build: Callable[[], keras.Model],
    target: str,
    config: TrainingConfig,
    train_crops: PreparedCrops,
    dev_crops: PreparedCrops,
    folder: Path,
    *,
    seed: int = 0,
    resume: bool = False,
    distribution: Distribution | None = None,
    verbose: int | str = 1,
) -> SupervisedNetwork:
    """Train a network with one loss on the batches that a run of the configuration would see.

    Args:
        build: function without arguments that returns the network.
        target: as in `SupervisedNetwork`.
        config: settings: its epochs, steps, batches, augmentation, learning rate and averages.
        train_crops: crops for training.
        dev_crops: crops for validation, by which nothing is chosen.
        folder: where checkpoints and history are written.
        seed: seed of the initial weights, the order and the augmentation.
        resume: continue from the newest checkpoint in `folder`, if there is one.
        distribution: devices to train on; default: a single device.
        verbose: as in `keras.Model.fit`.

    Returns:
        The model, on the devices that it was trained on; its weights are the moving averages where
        the configuration has these.

    Raises:
        DataError: the checkpoint to resume from cannot be read.
        TrainingError: the loss is not finite or diverges.
    """
    distribution = distribution or one_device()
    make_repeatable(seed, compiled=config.jit_compile)
    saved = checkpoints(folder) if resume else []
    epochs_done, checkpoint = saved[-1] if saved else (0, None)
    check_same_epoch(distribution, epochs_done, folder)
    with precision(config.dtype_policy):
        with distribution.strategy.scope():
            if checkpoint:
                model = _load(checkpoint)
            else:
                network = build()
                if config.synchronized_norm:
                    synchronize_norms(network)
                model = SupervisedNetwork(network, target, config.average_decay)
                steps = steps_of(config, train_crops)
                model.compile(adam(config, steps), jit_compile=config.jit_compile)
        if epochs_done < config.epochs:
            name = model.network.name
            done = f"after epoch {epochs_done} of {config.epochs}"
            logger.info("training %s alone, %s", name, done)
            callbacks = [RunGuard(lambda: newest_checkpoint(folder))]
            if distribution.is_chief:
                callbacks += [RunHistory(folder, epochs_done), RunCheckpoint(folder)]
            fit(
                model,
                config,
                train_crops,
                dev_crops,
                distribution,
                initial_epoch=epochs_done,
                seed=seed,
                callbacks=callbacks,
                verbose=verbose,
            )
    model.adopt_averages()
    return model


def _load(path):
    try:
        model = keras.models.load_model(path)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: expected a checkpoint of this package; {error}") from error
    if not isinstance(model, SupervisedNetwork):
        raise DataError(
            f"{path}: expected a checkpoint of a single network; received {type(model).__name__}"
        )
    return model
