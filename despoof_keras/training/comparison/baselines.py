"""Other methods on the same crops: a table of adapters with one interface.

To add a baseline, write a class as those here and add a row to `BASELINES`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import keras
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from despoof_keras.models.classifier import build_classifier
from despoof_keras.training.comparison.adapters import Baseline, FeatureBaseline, NetworkBaseline
from despoof_keras.training.comparison.features import (
    colour_lbp_histograms,
    global_statistics,
    lbp_histograms,
)
from despoof_keras.training.config import TrainingConfig
from despoof_keras.training.fit import depth_config, depth_net_of

# Penalties C of the support vector machine, of which dev chooses.
SVM_PENALTIES = (0.1, 1.0, 10.0, 100.0)
# Iterations after which logistic regression on standardised features has long converged.
MOST_ITERATIONS = 2000


class LbpSvm(FeatureBaseline):
    """An RBF support vector machine on histograms of local binary patterns."""

    describe = staticmethod(lbp_histograms)
    candidates = tuple(SVC(C=penalty, class_weight="balanced") for penalty in SVM_PENALTIES)


class ColourLbpSvm(LbpSvm):
    """The same on the patterns of HSV and YCbCr, as published for colour texture."""

    describe = staticmethod(colour_lbp_histograms)


class Statistics(FeatureBaseline):
    """Logistic regression on global statistics of colour and sharpness."""

    describe = staticmethod(global_statistics)
    candidates = (LogisticRegression(class_weight="balanced", max_iter=MOST_ITERATIONS),)


class EncoderCnn(NetworkBaseline):
    """A binary classifier with DSNet's encoder, trained with cross-entropy."""

    target = "label"

    def build(self) -> keras.Model:
        config = self.config
        return build_classifier(
            config.image_size, config.pooling, config.width, config.dtype_policy
        )


class DepthAlone(NetworkBaseline):
    """DepthNet without DSNet; its score is minus the mean depth."""

    target = "depth"

    def build(self) -> keras.Model:
        return depth_net_of(self.config)

    def training_config(self) -> TrainingConfig:
        return depth_config(self.config, self.config.epochs)


@dataclasses.dataclass(frozen=True)
class BaselineRow:
    """A row of `BASELINES`: its title in tables, and the adapter."""

    title: str
    adapter: Callable[..., Baseline]


BASELINES = {
    "lbp_svm": BaselineRow("LBP + SVM", LbpSvm),
    "colour_lbp_svm": BaselineRow("colour LBP (HSV, YCbCr) + SVM", ColourLbpSvm),
    "statistics": BaselineRow("colour and sharpness statistics", Statistics),
    "cnn": BaselineRow("binary CNN with DSNet's encoder", EncoderCnn),
    "depth_alone": BaselineRow("DepthNet alone", DepthAlone),
}
