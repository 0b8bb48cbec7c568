"""From a configuration and prepared crops to a trained `Despoofer`: build, fit, keep, resume."""

import dataclasses
import logging
from pathlib import Path

import keras

from despoof_keras.datasets.batches import evaluation_batches, steps_per_epoch, training_batches
from despoof_keras.distribution.determinism import make_repeatable
from despoof_keras.distribution.multi_worker import (
    check_same_epoch,
    check_same_settings,
    other_machines_watched,
)
from despoof_keras.distribution.strategy import one_device
from despoof_keras.metadata import ModelMetadata
from despoof_keras.models import build_depth_net, build_discriminator, build_ds_net
from despoof_keras.models.despoofer import Despoofer
from despoof_keras.models.layers import synchronize_norms
from despoof_keras.models.saving import FULL, in_float32, load_model
from despoof_keras.training.callbacks import (
    AveragedValidation,
    RunCheckpoint,
    RunGuard,
    SharedStatistics,
)
from despoof_keras.training.run_folder import checkpoints

logger = logging.getLogger(__name__)


def build_despoofer(config):
    """Builds the three networks of a `TrainingConfig` as one uncompiled `Despoofer`."""
    size, pooling, width = config.image_size, config.pooling, config.width
    networks = (
        build_ds_net(size, pooling, width, config.decoder_stride),
        build_depth_net(size, config.depth_variant, pooling, width),
        build_discriminator(size),
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


def compile_despoofer(model, config, steps):
    """Compiles with three Adams under the configuration's staircase schedule, `steps` an epoch."""

    def adam(rate):
        schedule = keras.optimizers.schedules.ExponentialDecay(
            config.learning_rate if rate is None else rate,
            config.decay_epochs * steps,
            config.decay_rate,
            staircase=True,
        )
        return keras.optimizers.Adam(schedule, global_clipnorm=config.global_clipnorm)

    rates = (None, config.depth_learning_rate, config.discriminator_learning_rate)
    model.compile(*map(adam, rates), jit_compile=config.jit_compile)


def steps_of(config, train_crops):
    """Steps in an epoch of a `TrainingConfig`."""
    return config.steps_per_epoch or steps_per_epoch(train_crops, config.batch_size)


def fit(
    model,
    config,
    train_crops,
    dev_crops,
    distribution,
    *,
    initial_epoch=0,
    seed=0,
    callbacks=(),
    verbose=1,
):
    """Trains a compiled model and validates it on dev after every epoch.

    Args:
        model: `Despoofer`, made in the strategy's scope.
        config: `TrainingConfig`.
        train_crops, dev_crops: `PreparedCrops`.
        distribution: `Distribution`.
        initial_epoch: finished epochs.
        seed: of the order and the augmentation.
        callbacks: further Keras callbacks.
        verbose: as in `keras.Model.fit`.

    Returns:
        Keras' history.
    """
    steps = steps_of(config, train_crops)
    validation = [SharedStatistics()]
    if config.average_decay is not None:
        validation.append(AveragedValidation())
    return model.fit(
        distributed_batches(
            distribution, train_crops, config, steps, initial_epoch=initial_epoch, seed=seed
        ),
        epochs=config.epochs,
        initial_epoch=initial_epoch,
        steps_per_epoch=steps,
        validation_data=evaluation_batches(dev_crops, padded=distribution.replicas > 1),
        callbacks=[*validation, *callbacks],
        verbose=verbose if distribution.is_chief else 0,
    )


def train(
    config,
    train_crops,
    dev_crops,
    folder,
    *,
    seed=0,
    resume=False,
    distribution=None,
    callbacks=(),
    verbose=1,
):
    """Trains, validates on dev after every epoch; leaves checkpoints, history, TensorBoard logs.

    With the same seed and data the weights are the same, whether or not the run was interrupted
    and resumed in between.

    Args:
        config: `TrainingConfig`.
        train_crops: `PreparedCrops` to train on.
        dev_crops: `PreparedCrops` to validate on.
        folder: of the run; several machines must share it, and the chief alone writes.
        seed: of the initial weights, the order and the augmentation.
        resume: go on from the newest checkpoint in `folder`, if there is one.
        distribution: `Distribution`; default: a single device.
        callbacks: further Keras callbacks.
        verbose: as in `keras.Model.fit`.

    Returns:
        `Despoofer` on a single device, computing in float32 whatever it was trained in; where the
        configuration averages weights, with the averages as its weights. None on machines other
        than the chief.

    Raises:
        DataError: the checkpoint to resume from cannot be read, the devices cannot train by this
            configuration (`Distribution.check`), or the machines were started with different ones.
        TrainingError: the loss is lost, another machine has gone, or the machines do not share
            `folder`.
    """
    distribution = distribution or one_device()
    distribution.check(config)
    make_repeatable(seed, compiled=config.jit_compile)
    keras.config.set_dtype_policy(config.dtype_policy)
    found = checkpoints(folder) if resume else []
    initial_epoch = found[-1][0] if found else 0
    with other_machines_watched(distribution):
        check_same_settings(
            distribution,
            {"config": dataclasses.asdict(config), "seed": seed, "crops": train_crops.counts},
        )
        check_same_epoch(distribution, initial_epoch, folder)
        with distribution.strategy.scope():
            if found:
                model = load_model(found[-1][1])
                logger.info("resuming after epoch %d of %d", initial_epoch, config.epochs)
            else:
                model = build_despoofer(config)
                compile_despoofer(model, config, steps_of(config, train_crops))
        if initial_epoch < config.epochs:
            fit(
                model,
                config,
                train_crops,
                dev_crops,
                distribution,
                initial_epoch=initial_epoch,
                seed=seed,
                callbacks=_callbacks(folder, callbacks, distribution),
                verbose=verbose,
            )
    if not distribution.is_chief:
        return None
    if distribution.replicas > 1:
        model = load_model(checkpoints(folder)[-1][1])
    model.adopt_averages()
    keras.config.set_dtype_policy(FULL)
    return in_float32(model)


def _callbacks(folder, further, distribution):
    guard = RunGuard(lambda: next((path for _, path in checkpoints(folder)[::-1]), None))
    if not distribution.is_chief:
        return [guard, *further]
    board = keras.callbacks.TensorBoard(str(Path(folder) / "tensorboard"), write_graph=False)
    return [board, guard, *further, RunCheckpoint(folder)]


def distributed_batches(distribution, crops, config, steps, *, initial_epoch, seed):
    """Training batches for a strategy: on several machines each reads parts of its own.

    Args:
        distribution: `Distribution`.
        crops, steps, initial_epoch, seed: as for `batches.training_batches`.
        config: `TrainingConfig`.

    Returns:
        What `fit` takes.
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
