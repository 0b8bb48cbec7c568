"""Other methods on the same crops: a table of adapters with one interface.

To add a baseline, write a class with `fit` and `scores` and add a row to `BASELINES`.
"""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from despoof_keras.datasets.batches import evaluation_batches
from despoof_keras.datasets.crops import PreparedCrops
from despoof_keras.datasets.samples import BONA_FIDE
from despoof_keras.datasets.shards import frames_in_order
from despoof_keras.evaluation import metrics
from despoof_keras.evaluation.video_scores import FrameScores
from despoof_keras.faces.crop import PIXEL_SCALE
from despoof_keras.models.classifier import build_classifier
from despoof_keras.models.saving import in_float32
from despoof_keras.models.supervised import SupervisedNetwork
from despoof_keras.training.comparison.features import global_statistics, lbp_histograms
from despoof_keras.training.config import TrainingConfig
from despoof_keras.training.fit import train_depth_net
from despoof_keras.training.supervised import train_network

# Name of a baseline's score in the names of its score files.
SCORE = "score"
# Penalties C of the support vector machine, of which dev chooses.
SVM_PENALTIES = (0.1, 1.0, 10.0, 100.0)
# Iterations after which logistic regression on standardised features has long converged.
MOST_ITERATIONS = 2000


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
        """Score crops, `(n,)`, higher for attacks, in the order of `shards.frames_in_order`."""


class _OnFeatures(Baseline):
    """A classifier of a crop's features, with the setting of the lowest EER on dev."""

    describe: Callable[[np.ndarray], np.ndarray]
    candidates: Sequence[Any]

    def fit(self, train, dev):
        features, of_dev = (crop_features(crops, type(self).describe) for crops in (train, dev))
        labels = np.array([frame.pai != BONA_FIDE for frame in frames_in_order(train)])
        ranked = []
        for number, classifier in enumerate(self.candidates):
            model = make_pipeline(StandardScaler(), clone(classifier)).fit(features, labels)
            ranked.append((*_rank(dev, model.decision_function(of_dev)), number, model))
        self._model = min(ranked, key=lambda candidate: candidate[:-1])[-1]

    def scores(self, crops):
        return self._model.decision_function(crop_features(crops, type(self).describe))


class LbpSvm(_OnFeatures):
    """An RBF support vector machine on histograms of local binary patterns."""

    describe = staticmethod(lbp_histograms)
    candidates = tuple(SVC(C=penalty, class_weight="balanced") for penalty in SVM_PENALTIES)


class Statistics(_OnFeatures):
    """Logistic regression on global statistics of colour and sharpness."""

    describe = staticmethod(global_statistics)
    candidates = (LogisticRegression(class_weight="balanced", max_iter=MOST_ITERATIONS),)


class _Network(Baseline):
    """A network that is trained by itself, for as many steps as DSNet, on the same batches."""

    _model: SupervisedNetwork

    def scores(self, crops):
        return network_scores(in_float32(self._model), crops)


class EncoderCnn(_Network):
    """A binary classifier with DSNet's encoder, trained with cross-entropy."""

    def fit(self, train, dev):
        self._model = train_network(
            lambda: _classifier(self.config),
            "label",
            self.config,
            train,
            dev,
            self.folder,
            seed=self.seed,
            resume=True,
            verbose=self.verbose,
        )


class DepthAlone(_Network):
    """DepthNet without DSNet; its score is minus the mean depth."""

    def fit(self, train, dev):
        self._model = train_depth_net(
            self.config,
            self.config.epochs,
            train,
            dev,
            self.folder,
            seed=self.seed,
            resume=True,
            verbose=self.verbose,
        )


@dataclasses.dataclass(frozen=True)
class BaselineRow:
    """A row of `BASELINES`: its title in tables, and the adapter."""

    title: str
    adapter: Callable[..., Baseline]


BASELINES = {
    "lbp_svm": BaselineRow("LBP + SVM", LbpSvm),
    "statistics": BaselineRow("colour and sharpness statistics", Statistics),
    "cnn": BaselineRow("binary CNN with DSNet's encoder", EncoderCnn),
    "depth_alone": BaselineRow("DepthNet alone", DepthAlone),
}


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
    """
    index = frames_in_order(crops)
    return FrameScores(
        tuple(frame.key for frame in index),
        tuple(frame.frame for frame in index),
        tuple(frame.pai for frame in index),
        {SCORE: np.asarray(scores, np.float64)},
    )


def _rank(dev, scores):
    """Low is good: the EER of dev's videos, then minus their AUC, as for DSNet's scores."""
    videos = frame_scores(dev, scores).by_video()
    classes = videos.bona_fide(SCORE), videos.attack(SCORE)
    return metrics.eer(*classes)[0], -metrics.auc(*classes)


def _classifier(config: TrainingConfig) -> keras.Model:
    return build_classifier(config.image_size, config.pooling, config.width, config.dtype_policy)
