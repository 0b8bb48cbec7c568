"""The search space of a training run, as a keras-tuner `HyperModel`."""

import contextlib
import dataclasses

import keras
import keras_tuner
import tensorflow as tf

from despoof_keras.distribution.strategy import one_device
from despoof_keras.errors import TrainingError
from despoof_keras.metadata import SCORE_NAMES
from despoof_keras.training.callbacks import RunGuard
from despoof_keras.training.fit import build_despoofer, compile_despoofer, fit, steps_of

OBJECTIVE = "val_acer"
# Learning rates from a quarter of the embedded configuration's up to where, now and then, its
# networks no longer leave the plateau that they start on.
LEARNING_RATES = (5e-5, 1e-3)
# The other networks' rates and the terms' weights, as factors on DSNet's rate and the base's.
FACTORS = (1 / 3, 3.0)
# Terms whose factor is searched, and the ones that it moves.
TERM_GROUPS = {
    "zero_one_map": ("zero_one_map",),
    "depth": ("depth",),
    "visual_quality": ("visual_quality",),
    "repetitive": ("repetitive_live", "repetitive_spoof"),
    "magnitude": ("magnitude", "live_reconstruction"),
}
# The released crop, a tighter one, and one with the head's outline in it.
CROP_SIDES = (2.2, 2.5, 3.0)
BATCH_SIZES = (8, 16, 32)
WIDTHS = (0.5, 0.75, 1.0)
# 0 stands for none: keras-tuner's choices are of one type.
AVERAGE_DECAYS = (0.0, 0.9, 0.99)


class DespoofHyperModel(keras_tuner.HyperModel):
    """Builds and trains a `Despoofer` from hyperparameters.

    Searched are the learning rates of the three networks, the weights of the loss terms, the crop's
    scale, batch size, widths, the decay of the moving averages, and the score that decides.

    Args:
        base: `TrainingConfig` that gives everything that is not searched. A trial has
            `base.epochs`, unless the tuner says otherwise, of as many crops as
            `base.steps_per_epoch` batches of the base's size are.
        crops: function from a `TrainingConfig` to `(train, dev)`, each `PreparedCrops`; asked for
            every trial, for they depend on the crop's scale.
        seed: of the initial weights, the order and the augmentation of every trial.
        distribution: `Distribution` that a trial trains on; default: a single device.
            The tuner has to be given its strategy.

    Example:
        >>> model = DespoofHyperModel(TrainingConfig(image_size=32), crops)  # doctest: +SKIP
        >>> tuner = keras_tuner.RandomSearch(  # doctest: +SKIP
        ...     model, keras_tuner.Objective("val_acer", "min"), max_trials=8)
        >>> tuner.search()  # doctest: +SKIP
    """

    def __init__(self, base, crops, seed=0, distribution=None):
        super().__init__(name="despoof")
        self.base = base
        self.crops = crops
        self.seed = seed
        self.distribution = distribution or one_device()

    def configuration(self, hp, base=None):
        """The `TrainingConfig` of hyperparameters.

        Args:
            hp: `keras_tuner.HyperParameters`; what it does not hold yet is added to it.
            base: settings that are not searched; default: the hypermodel's.
        """
        base = base or self.base
        rate = hp.Float("learning_rate", *LEARNING_RATES, sampling="log", default=2e-4)
        factors = {name: _factor(hp, f"{name}_rate") for name in ("depth", "discriminator")}
        weights = dict(base.term_weights())
        for group, terms in TERM_GROUPS.items():
            factor = _factor(hp, f"{group}_weight")
            weights |= {term: weights[term] * factor for term in terms}
        batch_size = hp.Choice("batch_size", BATCH_SIZES, default=16)
        steps = base.steps_per_epoch
        if steps is not None:
            steps = max(1, round(steps * base.batch_size / batch_size))
        return dataclasses.replace(
            base,
            learning_rate=rate,
            depth_learning_rate=rate * factors["depth"],
            discriminator_learning_rate=rate * factors["discriminator"],
            loss_weights=weights,
            crop_side=hp.Choice("crop_side", CROP_SIDES, default=2.5),
            batch_size=batch_size,
            steps_per_epoch=steps,
            width=hp.Choice("width", WIDTHS, default=1.0),
            average_decay=hp.Choice("average_decay", AVERAGE_DECAYS, default=0.99) or None,
            monitor_score=hp.Choice("score", SCORE_NAMES, default="zero_one_map"),
        )

    def build(self, hp):
        """The compiled `Despoofer` of hyperparameters.

        Raises:
            keras_tuner.errors.FatalError: as `fit`.
        """
        config = self.configuration(hp)
        with _failing_by_its_settings_alone():
            steps = steps_of(config, self.crops(config)[0])
            keras.utils.set_random_seed(self.seed)
            model = build_despoofer(config)
            compile_despoofer(model, config, steps)
        return model

    def fit(self, hp, model, *, callbacks=(), epochs=None, initial_epoch=0, verbose=0):
        """Trains a model that `build` made and validates it after every epoch.

        Args:
            hp: its hyperparameters.
            model: `Despoofer`.
            callbacks: Keras callbacks.
            epochs, initial_epoch: as in `keras.Model.fit`; default: the base's epochs.
            verbose: as in `keras.Model.fit`.

        Returns:
            The history; `val_acer` is in it.

        Raises:
            TrainingError: the loss is not finite any more; the search goes on without this trial.
            keras_tuner.errors.FatalError: from anything else but a device's full memory; it would
                happen to the other trials too, so the search ends.
        """
        config = self.configuration(hp)
        config = dataclasses.replace(config, epochs=epochs or config.epochs)
        with _failing_by_its_settings_alone():
            return fit(
                model,
                config,
                *self.crops(config),
                self.distribution,
                initial_epoch=initial_epoch,
                seed=self.seed,
                callbacks=[RunGuard(lambda: None), *callbacks],
                verbose=verbose,
            )


@contextlib.contextmanager
def _failing_by_its_settings_alone():
    """Lets pass what a trial's settings bring about; the rest ends a search."""
    try:
        yield
    except (TrainingError, tf.errors.ResourceExhaustedError):
        raise
    except Exception as error:
        raise keras_tuner.errors.FatalError(str(error)) from error


def _factor(hp, name):
    return hp.Float(name, *FACTORS, sampling="log", default=1.0)
