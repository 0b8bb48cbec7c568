"""The search space of a training run, as a keras-tuner `HyperModel`."""

import contextlib
import dataclasses
from collections.abc import Callable

import keras
import keras_tuner
import tensorflow as tf

from despoof_keras.datasets.crops import PreparedCrops
from despoof_keras.distribution.strategy import Distribution, one_device
from despoof_keras.errors import TrainingError
from despoof_keras.metadata import SCORE_NAMES
from despoof_keras.training.callbacks import RunGuard
from despoof_keras.training.config import TrainingConfig
from despoof_keras.training.fit import build_despoofer, compile_despoofer, fit, steps_of

OBJECTIVE = "val_acer"
# From a quarter of the embedded configuration's learning rate up to where, with some seeds, its
# networks no longer leave the plateau that they start on.
LEARNING_RATES = (5e-5, 1e-3)
# The other networks' rates and the terms' weights, as factors on DSNet's rate and the base's.
FACTORS = (1 / 3, 3.0)
# Factors that are searched, and the terms that each of them scales.
TERM_GROUPS = {
    "zero_one_map": ("zero_one_map",),
    "depth": ("depth",),
    "visual_quality": ("visual_quality",),
    "repetitive": ("repetitive_live", "repetitive_spoof"),
    "magnitude": ("magnitude", "live_reconstruction"),
}
# A tighter crop than the released one, the released one, and one that shows the head's outline.
CROP_SIDES = (2.2, 2.5, 3.0)
BATCH_SIZES = (8, 16, 32)
WIDTHS = (0.5, 0.75, 1.0)
# 0 stands for none: keras-tuner's choices are of one type.
AVERAGE_DECAYS = (0.0, 0.9, 0.99)


class DespoofHyperModel(keras_tuner.HyperModel):
    """Build and train a `Despoofer` from hyperparameters.

    The search covers the learning rates of the three networks, the weights of the loss terms, the
    crop's scale, the batch size, the width, the decay of the moving averages, and the score that
    decides.

    Args:
        base: settings of everything that is not searched, but for a pretraining of DepthNet, which
            a trial does without. A trial has `base.epochs` epochs, unless
            the tuner says otherwise, each of as many crops as `base.steps_per_epoch` batches of
            the base's size hold.
        crops: function from a `TrainingConfig` to the crops of `(train, dev)`; it is called for
            every trial, because the crops depend on their scale.
        seed: of the initial weights, the order and the augmentation of every trial.
        distribution: devices that a trial trains on; default: a single device. The tuner has to
            be given its strategy.

    Example:
        >>> model = DespoofHyperModel(TrainingConfig(image_size=32), crops)  # doctest: +SKIP
        >>> tuner = keras_tuner.RandomSearch(  # doctest: +SKIP
        ...     model, keras_tuner.Objective("val_acer", "min"), max_trials=8)
        >>> tuner.search()  # doctest: +SKIP
    """

    def __init__(
        self,
        base: TrainingConfig,
        crops: Callable[[TrainingConfig], tuple[PreparedCrops, PreparedCrops]],
        seed: int = 0,
        distribution: Distribution | None = None,
    ):
        super().__init__(name="despoof")
        self.base = dataclasses.replace(base, depth_pretraining_epochs=0)
        self.crops = crops
        self.seed = seed
        self.distribution = distribution or one_device()

    def configuration(
        self, hp: keras_tuner.HyperParameters, base: TrainingConfig | None = None
    ) -> TrainingConfig:
        """The settings that hyperparameters stand for.

        Args:
            hp: the hyperparameters; those that it does not hold yet are added to it.
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
        """Build the compiled `Despoofer` of hyperparameters.

        Raises:
            keras_tuner.errors.FatalError: as `fit`.
        """
        config = self.configuration(hp)
        with _end_search_on_other_errors():
            train_crops, dev_crops = self.crops(config)
            steps = steps_of(config, train_crops)
            keras.utils.set_random_seed(self.seed)
            model = build_despoofer(config, instruments=len(dev_crops.instruments))
            compile_despoofer(model, config, steps)
        return model

    def fit(self, hp, model, *, callbacks=(), epochs=None, initial_epoch=0, verbose=0):
        """Train a model that `build` made, and validate it after every epoch.

        Args:
            hp: its hyperparameters.
            model: `Despoofer`.
            callbacks: Keras callbacks.
            epochs, initial_epoch: as in `keras.Model.fit`; default: the base's epochs.
            verbose: as in `keras.Model.fit`.

        Returns:
            The history; `val_acer` is in it.

        Raises:
            TrainingError: the loss is no longer finite; the search continues without this trial.
            keras_tuner.errors.FatalError: any other error, except when a device's memory is full;
                it would happen to the other trials too, so the search ends.
        """
        config = self.configuration(hp)
        config = dataclasses.replace(config, epochs=epochs or config.epochs)
        with _end_search_on_other_errors():
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
def _end_search_on_other_errors():
    """Let errors pass that a trial's settings cause; any other error ends the search."""
    try:
        yield
    except (TrainingError, tf.errors.ResourceExhaustedError):
        raise
    except Exception as error:
        raise keras_tuner.errors.FatalError(str(error)) from error


def _factor(hp, name):
    return hp.Float(name, *FACTORS, sampling="log", default=1.0)
