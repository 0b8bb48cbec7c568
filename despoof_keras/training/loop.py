"""The training loop that all networks share: batches, schedule, validation after every epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import keras
import tensorflow as tf

from despoof_keras.datasets.batches import evaluation_batches, steps_per_epoch, training_batches
from despoof_keras.datasets.prepare import PreparedCrops
from despoof_keras.distribution.strategy import Distribution
from despoof_keras.models.layerwise_adam import LayerwiseAdam
from despoof_keras.training.callbacks import AveragedValidation, ProgressLines, SharedStatistics
from despoof_keras.training.config import TrainingConfig

# `verbose` of `keras.Model.fit` where output is no terminal.
ONE_LINE_AN_EPOCH = 2


def adam(
    config: TrainingConfig,
    steps: int,
    rate: float | None = None,
    factors: Mapping[str, float] | None = None,
) -> keras.optimizers.Adam:
    """Make an optimizer with the configuration's staircase schedule.

    Args:
        config: settings of the run.
        steps: number of steps in an epoch.
        rate: its first learning rate; default: `config.learning_rate`.
        factors: as for `LayerwiseAdam`.
    """
    schedule = keras.optimizers.schedules.ExponentialDecay(
        config.learning_rate if rate is None else rate,
        config.decay_epochs * steps,
        config.decay_rate,
        staircase=True,
    )
    if not factors:
        return keras.optimizers.Adam(schedule, global_clipnorm=config.global_clipnorm)
    return LayerwiseAdam(schedule, global_clipnorm=config.global_clipnorm, factors=factors)


def steps_of(config: TrainingConfig, train_crops: PreparedCrops) -> int:
    """Return the number of steps in an epoch."""
    return config.steps_per_epoch or steps_per_epoch(train_crops, config.batch_size, config.balance)


def fit(
    model: keras.Model,
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
        model: compiled `Despoofer` or `SupervisedNetwork`, created in the strategy's scope.
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
        validation_data=_validation_batches(config, dev_crops, distribution),
        callbacks=[*standard, *callbacks],
        # Keras warns that it will not shuffle a data set: it is shuffled already.
        shuffle=False,
        verbose=verbose,
    )


def validate(
    model: keras.Model,
    config: TrainingConfig,
    dev_crops: PreparedCrops,
    distribution: Distribution,
) -> dict[str, float]:
    """Validate a compiled model as `fit` does after every epoch; return the figures by name."""
    batches = _validation_batches(config, dev_crops, distribution)
    return model.evaluate(batches, return_dict=True, verbose=0)


def _validation_batches(config, dev_crops, distribution):
    return evaluation_batches(
        dev_crops,
        padded=distribution.replicas > 1,
        frames_per_video=config.validation_frames,
    )


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
            amplitude_mixing=config.amplitude_mixing,
            parts=config.data_parts,
            own_parts=own_parts,
            balance=config.balance,
        )

    if distribution.workers == 1:
        return batches()
    per_replica = config.batch_size // distribution.replicas
    own = distribution.own_parts(config.data_parts)
    return distribution.strategy.distribute_datasets_from_function(
        lambda context: batches(own).rebatch(per_replica)
    )
