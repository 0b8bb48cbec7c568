"""Training of a `Despoofer` from a configuration and prepared crops, with checkpoints."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from despoof_keras.datasets.prepare import PreparedCrops
from despoof_keras.distribution.determinism import make_repeatable
from despoof_keras.distribution.multi_worker import (
    check_same_epoch,
    check_same_settings,
    report_lost_machines,
)
from despoof_keras.distribution.strategy import Distribution, one_device
from despoof_keras.errors import DataError
from despoof_keras.metadata import ModelMetadata
from despoof_keras.models import build_depth_net, build_discriminator, build_ds_net
from despoof_keras.models.despoofer import INSTRUMENT_COUNT, Despoofer
from despoof_keras.models.layers import synchronize_norms
from despoof_keras.models.precision import precision
from despoof_keras.models.saving import in_float32, load_model
from despoof_keras.models.supervised import SupervisedNetwork
from despoof_keras.training.board import Board
from despoof_keras.training.callbacks import RunCheckpoint, RunGuard, RunHistory
from despoof_keras.training.config import TrainingConfig
from despoof_keras.training.early_stopping import (
    EarlyStopping,
    best_path,
    has_stopped,
    keep_initial,
)
from despoof_keras.training.initial_model import begin_with
from despoof_keras.training.layer_rates import NETWORKS, factors_of, freeze_layers
from despoof_keras.training.loop import adam, fit, steps_of, validate
from despoof_keras.training.run_folder import checkpoints, newest_checkpoint
from despoof_keras.training.supervised import train_network

logger = logging.getLogger(__name__)

# Folder of DepthNet's training by itself, in that of the run.
PRETRAINING = "depth_net"


def build_despoofer(
    config: TrainingConfig,
    depth_weights: Sequence[np.ndarray] | None = None,
    instruments: int = INSTRUMENT_COUNT,
) -> Despoofer:
    """Build the three networks of a configuration and the `Despoofer` of them, not compiled.

    Args:
        config: settings of the run.
        depth_weights: of a trained DepthNet, as from `get_weights`; default: new ones.
        instruments: number of attack instruments that validation tells apart.
    """
    size, pooling, width = config.image_size, config.pooling, config.width
    networks = (
        build_ds_net(size, pooling, width, config.decoder_stride, config.dtype_policy),
        depth_net_of(config),
        build_discriminator(size, width, config.dtype_policy),
    )
    if config.synchronized_norm:
        for network in networks:
            synchronize_norms(network)
    if depth_weights is not None:
        networks[1].set_weights(depth_weights)
    return Despoofer(
        *networks,
        loss_weights=config.term_weights(),
        attack_depth=config.attack_depth,
        visual_quality_on=config.visual_quality_on,
        frozen_depth=config.depth_pretraining_epochs > 0,
        instruments=instruments,
        average_decay=config.average_decay,
        metadata=ModelMetadata(
            size,
            config.monitor_score,
            crop=config.crop_rule.place(),
            resize=config.resize,
        ),
    )


def compile_despoofer(model: Despoofer, config: TrainingConfig, steps: int) -> None:
    """Compile with an Adam for each network, by the configuration's schedule and layer rates.

    Args:
        model: model to compile, created in the strategy's scope.
        config: settings of the run.
        steps: number of steps in an epoch.
    """
    rates = (None, config.depth_learning_rate, config.discriminator_learning_rate)
    ds_net, depth_net, discriminator = (
        adam(config, steps, rate, factors_of(network, model, config.layer_rates))
        for network, rate in zip(NETWORKS, rates, strict=True)
    )
    model.compile(ds_net, depth_net, discriminator, jit_compile=config.jit_compile)


def train(
    config: TrainingConfig,
    train_crops: PreparedCrops,
    dev_crops: PreparedCrops,
    folder: Path,
    *,
    seed: int = 0,
    resume: bool = False,
    init: Path | None = None,
    distribution: Distribution | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: int | str = 1,
) -> Despoofer | None:
    """Train, validating on dev after every epoch; write checkpoints, history and TensorBoard logs.

    The same seed and data give the same weights, whether or not the run was interrupted and resumed
    in between.

    Args:
        config: settings of the run.
        train_crops: crops for training.
        dev_crops: crops for validation.
        folder: folder of the run; several machines must share it, and only the chief writes.
        seed: seed of the initial weights, the order and the augmentation.
        resume: continue from the newest checkpoint in `folder`, if there is one.
        init: a model to begin with, see `initial_model.begin_with`, for a configuration as from
            `initial_model.config_for`; None builds one.
        distribution: devices to train on; default: a single device.
        callbacks: further Keras callbacks.
        verbose: as in `keras.Model.fit`.

    Returns:
        Model on a single device, computing in float32 whatever precision it was trained in; if the
        configuration averages weights, its weights are the averages. With `patience` it is that of
        the best epoch. None on machines other than the chief.

    Raises:
        DataError: the checkpoint to resume from cannot be read, the devices cannot train with this
            configuration (`Distribution.check`), or the machines have different configurations.
        TrainingError: the loss is not finite or diverges, another machine has stopped, or the
            machines do not share `folder`.
    """
    distribution = distribution or one_device()
    distribution.check(config)
    if config.patience is not None and distribution.workers > 1:
        raise DataError(
            "patience: expected none on several machines, which would have to stop together; "
            f"received {config.patience}"
        )
    make_repeatable(seed, compiled=config.jit_compile)
    saved = checkpoints(folder) if resume else []
    epochs_done, checkpoint = saved[-1] if saved else (0, None)
    with report_lost_machines(distribution), precision(config.dtype_policy):
        check_same_settings(
            distribution,
            {
                "config": dataclasses.asdict(config),
                "seed": seed,
                "crops": train_crops.counts,
                "data": train_crops.fingerprint,
            },
        )
        check_same_epoch(distribution, epochs_done, folder)
        depth_weights = None
        if config.depth_pretraining_epochs and not checkpoint:
            pretrained = train_depth_net(
                config,
                config.depth_pretraining_epochs,
                train_crops,
                dev_crops,
                Path(folder) / PRETRAINING,
                seed=seed,
                resume=resume,
                distribution=distribution,
                verbose=verbose,
            )
            depth_weights = pretrained.network.get_weights()
            # The other networks start as they do where the pretraining is not repeated.
            make_repeatable(seed, compiled=config.jit_compile)
        with distribution.strategy.scope():
            if checkpoint:
                model = load_model(checkpoint)
                logger.info("resuming after epoch %d of %d", epochs_done, config.epochs)
            else:
                instruments = len(dev_crops.instruments)
                if init is None:
                    model = build_despoofer(config, depth_weights, instruments)
                    freeze_layers(model, config.layer_rates)
                else:
                    model = begin_with(init, config, instruments)
                compile_despoofer(model, config, steps_of(config, train_crops))
        if init is not None and config.patience is not None and not checkpoint:
            found = validate(model, config, dev_crops, distribution)
            keep_initial(folder, model, found["auc"])
        is_over = has_stopped(folder, epochs_done, config.patience)
        if epochs_done < config.epochs and not is_over:
            fit(
                model,
                config,
                train_crops,
                dev_crops,
                distribution,
                initial_epoch=epochs_done,
                seed=seed,
                callbacks=_callbacks(
                    folder, epochs_done, callbacks, distribution, dev_crops, config.patience
                ),
                verbose=verbose,
            )
    if not distribution.is_chief:
        return None
    if config.patience is not None:
        model = load_model(best_path(folder))
    elif distribution.replicas > 1:
        model = load_model(checkpoints(folder)[-1][1])
    model.adopt_averages()
    return in_float32(model)


def train_depth_net(
    config: TrainingConfig,
    epochs: int,
    train_crops: PreparedCrops,
    dev_crops: PreparedCrops,
    folder: Path,
    **kwargs: Any,
) -> SupervisedNetwork:
    """Train DepthNet by itself, see `train_network`.

    Args:
        config: settings of the run.
        epochs: number of epochs.
        train_crops, dev_crops, folder, **kwargs: as in `train_network`.
    """
    return train_network(
        lambda: depth_net_of(config),
        "depth",
        depth_config(config, epochs),
        train_crops,
        dev_crops,
        folder,
        **kwargs,
    )


def depth_net_of(config: TrainingConfig) -> keras.Model:
    """Build a configuration's DepthNet."""
    return build_depth_net(
        config.image_size, config.depth_variant, config.pooling, config.width, config.dtype_policy
    )


def depth_config(config: TrainingConfig, epochs: int) -> TrainingConfig:
    """The settings of DepthNet's training by itself: its own learning rate, and so many epochs."""
    rate = config.depth_learning_rate or config.learning_rate
    return dataclasses.replace(config, epochs=epochs, learning_rate=rate)


def _callbacks(folder, epochs_done, further, distribution, dev_crops, patience):
    guard = RunGuard(lambda: newest_checkpoint(folder))
    board = Board(folder, dev_crops, distribution.is_chief)
    if not distribution.is_chief:
        return [guard, *further, board]
    curves = keras.callbacks.TensorBoard(str(Path(folder) / "tensorboard"), write_graph=False)
    stopping = [] if patience is None else [EarlyStopping(folder, patience)]
    records = RunHistory(folder, epochs_done), *stopping, RunCheckpoint(folder)
    # Pictures come last: an epoch is not lost while they are drawn.
    return [curves, guard, *further, *records, board]
