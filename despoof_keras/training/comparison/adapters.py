"""What every baseline is: a method that learns from prepared crops and scores others.

`FeatureBaseline` and `NetworkBaseline` are all but complete: a baseline says what a crop's features
are and which classifiers there are to choose from, or which network to train.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from despoof_keras.datasets.batches import evaluation_batches
from despoof_keras.datasets.crops import PreparedCrops
from despoof_keras.datasets.samples import BONA_FIDE
from despoof_keras.datasets.shards import frames_in_order
from despoof_keras.errors import DataError
from despoof_keras.evaluation import metrics
from despoof_keras.evaluation.video_scores import FrameScores
from despoof_keras.faces.crop import PIXEL_SCALE
from despoof_keras.models.saving import in_float32
from despoof_keras.models.supervised import SupervisedNetwork
from despoof_keras.training.config import TrainingConfig
from despoof_keras.training.supervised import train_network

# Name of a baseline's score in the names of its score files.
SCORE = "score"


class Baseline(abc.ABC):
    """A method that learns from prepared crops and scores others.

    Args:
        config: of the DSNet that it is compared with; the crops were prepared by it.
        seed: of all randomness.
        folder: where it may keep checkpoints; it goes on from those that are there.
        verbose: as in `keras.Model.fit`.
    """

    def __init__(self, config: TrainingConfig, seed: int, folder: Path, verbose: int | str = 0):
        self.config = config
        self.seed = seed
        self.folder = folder
        self.verbose = verbose

    @abc.abstractmethod
    def fit(self, train: PreparedCrops, dev: PreparedCrops) -> None:
        """Learn from train; dev may choose, as between settings."""

    @abc.abstractmethod
    def scores(self, crops: PreparedCrops) -> np.ndarray:
        """Score crops, `(n,)`, higher for attacks, in the order of `shards.frames_in_order`.

        NaN is a failure to acquire.
        """


class FeatureBaseline(Baseline):
    """A classifier of a crop's features, with the setting of the lowest EER on dev.

    Attributes:
        describe: static function of a crop, `(S, S, 3)` uint8 RGB, that returns `(features,)`.
            `features.once_for_each_crop` saves its work for other folds.
        candidates: scikit-learn's classifiers that have a `decision_function`. Each is fitted to
            the standardised features of all train crops; of equals, the first is taken.
    """

    describe: Callable[[np.ndarray], np.ndarray]
    candidates: Sequence[Any]

    def fit(self, train: PreparedCrops, dev: PreparedCrops) -> None:
        features, of_dev = (crop_features(crops, type(self).describe) for crops in (train, dev))
        labels = np.array([frame.pai != BONA_FIDE for frame in frames_in_order(train)])
        ranked = []
        for number, classifier in enumerate(self.candidates):
            model = make_pipeline(StandardScaler(), clone(classifier)).fit(features, labels)
            ranked.append((*_rank(dev, model.decision_function(of_dev)), number, model))
        self._model = min(ranked, key=lambda candidate: candidate[:-1])[-1]

    def scores(self, crops: PreparedCrops) -> np.ndarray:
        return self._model.decision_function(crop_features(crops, type(self).describe))


class NetworkBaseline(Baseline):
    """A network that is trained by itself: DSNet's batches, number of steps and learning rate.

    Attributes:
        target: what it is trained on, see `SupervisedNetwork`: `"label"` or `"depth"`.
    """

    target: str
    _model: SupervisedNetwork

    @abc.abstractmethod
    def build(self) -> keras.Model:
        """Build the network, which takes `(batch, S, S, 6)`, HSV and then RGB, each in [0, 1].

        Its output is a mapping that has the `logit`, `(batch, 1)`, higher for attacks, or the
        `depth`, `(batch, S / 8, S / 8, 1)`. Layers that are not Keras' own must be registered with
        `keras.saving`, or training cannot go on from a checkpoint.
        """

    def training_config(self) -> TrainingConfig:
        """The settings of its training."""
        return self.config

    def fit(self, train: PreparedCrops, dev: PreparedCrops) -> None:
        self._model = train_network(
            self.build,
            self.target,
            self.training_config(),
            train,
            dev,
            self.folder,
            seed=self.seed,
            resume=True,
            verbose=self.verbose,
        )

    def scores(self, crops: PreparedCrops) -> np.ndarray:
        return network_scores(in_float32(self._model), crops)


def crop_features(crops: PreparedCrops, describe: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Compute features of all crops, unshifted.

    Args:
        crops: the crops.
        describe: function of a crop, `(S, S, 3)` uint8 RGB, that returns `(features,)`.

    Returns:
        `(n, features)` in the order of `shards.frames_in_order`.
    """
    features = []
    for batch in evaluation_batches(crops):
        pixels = np.rint(batch["image"].numpy() * PIXEL_SCALE).astype(np.uint8)
        features += [describe(crop) for crop in pixels]
    return np.array(features)


def network_scores(model: SupervisedNetwork, crops: PreparedCrops) -> np.ndarray:
    """Score all crops with a network, `(n,)`, in the order of `shards.frames_in_order`."""
    predict = tf.function(model, reduce_retracing=True)
    return np.concatenate([predict(batch["image"]).numpy() for batch in evaluation_batches(crops)])


def frame_scores(crops: PreparedCrops, scores: np.ndarray) -> FrameScores:
    """Make the `FrameScores` of all crops, under the name `SCORE`.

    Args:
        crops: the crops.
        scores: `(n,)`, in the order of `shards.frames_in_order`.

    Raises:
        DataError: there is not one number for each crop.
    """
    index, scores = frames_in_order(crops), np.asarray(scores, np.float64)
    if scores.shape != (len(index),):
        raise DataError(
            f"scores: expected a number for each of {len(index)} crops, of shape ({len(index)},); "
            f"received the shape {scores.shape}"
        )
    return FrameScores(
        tuple(frame.key for frame in index),
        tuple(frame.frame for frame in index),
        tuple(frame.pai for frame in index),
        {SCORE: scores},
    )


def _rank(dev, scores):
    """Low is good: the EER of dev's videos, then minus their AUC, as for DSNet's scores."""
    videos = frame_scores(dev, scores).by_video()
    classes = videos.bona_fide(SCORE), videos.attack(SCORE)
    return metrics.eer(*classes)[0], -metrics.auc(*classes)
