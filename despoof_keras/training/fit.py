"""Training of a `Despoofer` from a configuration and prepared crops, with checkpoints."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence
from pathlib import Path

import keras
import tensorflow as tf

from despoof_keras.datasets.batches import evaluation_batches, steps_per_epoch, training_batches
from despoof_keras.datasets.prepare import PreparedCrops
from despoof_keras.distribution.determinism import make_repeatable
from despoof_keras.distribution.multi_worker import (
    check_same_epoch,
    check_same_settings,
    report_lost_machines,
)
from despoof_keras.distribution.strategy import Distribution, one_device
from despoof_keras.metadata import ModelMetadata
from despoof_keras.models import build_depth_net, build_discriminator, build_ds_net
from despoof_keras.models.despoofer import Despoofer
from despoof_keras.models.layers import synchronize_norms
from despoof_keras.models.precision import precision
from despoof_keras.models.saving import in_float32, load_model
from despoof_keras.training.callbacks import (
    AveragedValidation,
    ProgressLines,
    RunCheckpoint,
    RunGuard,
    RunHistory,
    SharedStatistics,
)
from despoof_keras.training.config import TrainingConfig
from despoof_keras.training.run_folder import checkpoints, newest_checkpoint

logger = logging.getLogger(__name__)

# `verbose` of `keras.Model.fit` where output is no terminal.
ONE_LINE_AN_EPOCH = 2


def build_despoofer(config: TrainingConfig) -> Despoofer:
    """Build the three networks of a configuration and the `Despoofer` of them, not compiled."""
    size, pooling, width = config.image_size, config.pooling, config.width
    dtype_policy = config.dtype_policy
    networks = (
        build_ds_net(size, pooling, width, config.decoder_stride, dtype_policy),
        build_depth_net(size, config.depth_variant, pooling, width, dtype_policy),
        build_discriminator(size, dtype_policy),
    )
    if config.synchronized_norm:
        for network in networks:
            synchronize_norms(network)
    return Despoofer(
        *networks,
        loss_weights=config.term_weights(),
        attack_depth=config.attack_depth,
        average_decay=config.average_decay,
        metadata=ModelMetadata(
            size, config.monitor_score, crop=dataclasses.asdict(config.crop_rule)
        ),
    )


def compile_despoofer(model: Despoofer, config: TrainingConfig, steps: int) -> None:
    """Compile with an Adam for each network and the configuration's staircase schedule.

    Args:
        model: model to compile, created in the strategy's scope.
        config: settings of the run.
        steps: number of steps in an epoch.
    """

    def adam(rate):
        schedule = keras.optimizers.schedules.ExponentialDecay(
            config.learning_rate if rate is None else rate,
            config.decay_epochs * steps,
            config.decay_rate,
            staircase=True,
        )
        return keras.optimizers.Adam(schedule, global_clipnorm=config.global_clipnorm)

    model.compile(
        adam(None),
        adam(config.depth_learning_rate),
        adam(config.discriminator_learning_rate),
        jit_compile=config.jit_compile,
    )


def steps_of(config: TrainingConfig, train_crops: PreparedCrops) -> int:
    """Return the number of steps in an epoch."""
    return config.steps_per_epoch or steps_per_epoch(train_crops, config.batch_size)


def fit(
    model: Despoofer,
    config: TrainingConfig,
    train_crops: PreparedCrops,
    dev_crops: PreparedCrops,
    distribution: Distribution,
    *,
    initial_epoch: int = 0,
    seed: int = 0,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: int | str = 1,
) -> keras.callbacks.History:
    """Train a compiled model and validate it on dev after every epoch.

    Args:
        model: compiled model, created in the strategy's scope.
        config: settings of the run.
        train_crops, dev_crops: crops for training and for validation.
        distribution: devices to train on.
        initial_epoch: number of finished epochs.
        seed: seed of the order and the augmentation.
        callbacks: further Keras callbacks.
        verbose: as in `keras.Model.fit`.

    Returns:
        Keras' history.
    """
    steps = steps_of(config, train_crops)
    standard = [SharedStatistics()]
    if config.average_decay is not None:
        standard.append(AveragedValidation())
    if not distribution.is_chief:
        verbose = 0
    if verbose == ONE_LINE_AN_EPOCH:
        standard.append(ProgressLines())
    return model.fit(
        distributed_batches(
            distribution, train_crops, config, steps, initial_epoch=initial_epoch, seed=seed
        ),
        epochs=config.epochs,
        initial_epoch=initial_epoch,
        steps_per_epoch=steps,
        validation_data=evaluation_batches(
            dev_crops,
            padded=distribution.replicas > 1,
            frames_per_video=config.validation_frames,
        ),
        callbacks=[*standard, *callbacks],
        # Keras warns that it will not shuffle a data set: it is shuffled already.
        shuffle=False,
        verbose=verbose,
    )


def train(
    config: TrainingConfig,
    train_crops: PreparedCrops,
    dev_crops: PreparedCrops,
    folder: Path,
    *,
    seed: int = 0,
    resume: bool = False,
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
        distribution: devices to train on; default: a single device.
        callbacks: further Keras callbacks.
        verbose: as in `keras.Model.fit`.

    Returns:
        Model on a single device, computing in float32 whatever precision it was trained in; if the
        configuration averages weights, its weights are the averages. None on machines other than
        the chief.

    Raises:
        DataError: the checkpoint to resume from cannot be read, the devices cannot train with this
            configuration (`Distribution.check`), or the machines have different configurations.
        TrainingError: the loss is not finite or diverges, another machine has stopped, or the
            machines do not share `folder`.
    """
    distribution = distribution or one_device()
    distribution.check(config)
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
        with distribution.strategy.scope():
            if checkpoint:
                model = load_model(checkpoint)
                logger.info("resuming after epoch %d of %d", epochs_done, config.epochs)
            else:
                model = build_despoofer(config)
                compile_despoofer(model, config, steps_of(config, train_crops))
        if epochs_done < config.epochs:
            fit(
                model,
                config,
                train_crops,
                dev_crops,
                distribution,
                initial_epoch=epochs_done,
                seed=seed,
                callbacks=_callbacks(folder, epochs_done, callbacks, distribution),
                verbose=verbose,
            )
    if not distribution.is_chief:
        return None
    if distribution.replicas > 1:
        model = load_model(checkpoints(folder)[-1][1])
    model.adopt_averages()
    return in_float32(model)


def _callbacks(folder, epochs_done, further, distribution):
    guard = RunGuard(lambda: newest_checkpoint(folder))
    if not distribution.is_chief:
        return [guard, *further]
    board = keras.callbacks.TensorBoard(str(Path(folder) / "tensorboard"), write_graph=False)
    return [board, guard, *further, RunHistory(folder, epochs_done), RunCheckpoint(folder)]


def distributed_batches(
    distribution: Distribution,
    crops: PreparedCrops,
    config: TrainingConfig,
    steps: int,
    *,
    initial_epoch: int,
    seed: int,
) -> tf.data.Dataset | tf.distribute.DistributedDataset:
    """Create the training batches for a strategy; each of several machines reads its own parts.

    Args:
        distribution: devices to train on.
        crops, steps, initial_epoch, seed: as in `batches.training_batches`.
        config: settings of the run.

    Returns:
        Data set for `keras.Model.fit`.
    """

    def batches(own_parts=None):
        return training_batches(
            crops,
            config.batch_size,
            steps,
            config.epochs,
            initial_epoch=initial_epoch,
            seed=seed,
            colour_jitter=config.colour_jitter,
            parts=config.data_parts,
            own_parts=own_parts,
        )

    if distribution.workers == 1:
        return batches()
    per_replica = config.batch_size // distribution.replicas
    own = distribution.own_parts(config.data_parts)
    return distribution.strategy.distribute_datasets_from_function(
        lambda context: batches(own).rebatch(per_replica)
    )
