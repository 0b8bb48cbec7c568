"""Adapters of baselines, and the baseline of one's own that the documentation shows."""

import json
import re
from pathlib import Path

import keras
import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression

from despoof_keras import synthesis
from despoof_keras.datasets.crops import CropSettings
from despoof_keras.datasets.data import Data
from despoof_keras.datasets.prepare import prepare_data
from despoof_keras.datasets.shards import frames_in_order
from despoof_keras.errors import DataError
from despoof_keras.evaluation import metrics
from despoof_keras.faces.crop import PIXEL_SCALE
from despoof_keras.models.supervised import SupervisedNetwork
from despoof_keras.training.comparison.adapters import (
    FeatureBaseline,
    crop_features,
    frame_scores,
    network_scores,
)
from despoof_keras.training.comparison.baselines import BASELINES
from despoof_keras.training.config import TrainingConfig

PAGE = Path(__file__).parents[3] / "docs" / "compare.md"
CONFIG = TrainingConfig(image_size=32, frames_per_video=1, jitter=2)


@pytest.fixture(scope="module")
def data(small_set, tmp_path_factory):
    return Data(small_set, tmp_path_factory.mktemp("crops"), processes=1)


@pytest.fixture(scope="module")
def crops(data):
    """Train and dev crops."""
    splits = data.load()
    return [
        prepare_data(data, splits[split], CropSettings.of(CONFIG, split), split)
        for split in ("train", "dev")
    ]


class Reversed(ClassifierMixin, BaseEstimator):
    """A classifier that scores the wrong way round."""

    def fit(self, features, labels):
        self.model_ = LogisticRegression().fit(features, labels)
        return self

    def decision_function(self, features):
        return -self.model_.decision_function(features)


def mean_colour(crop):
    return crop.mean(axis=(0, 1))


def test_features_are_of_the_crops_in_their_order(crops):
    train, _ = crops
    features = crop_features(train, mean_colour)
    assert features.shape == (sum(train.counts.values()), 3)
    # Training shifts its crops by up to 2 pixels; features are of the middle.
    described = crop_features(train, lambda crop: np.array(crop.shape))
    assert (described == (32, 32, 3)).all()


def test_dev_chooses_among_the_candidates(crops):
    train, dev = crops
    attack = np.array([frame.label == 1 for frame in frames_in_order(dev)])

    def scores(*candidates):
        describe = staticmethod(mean_colour)
        kind = type("Own", (FeatureBaseline,), {"candidates": candidates, "describe": describe})
        baseline = kind(CONFIG, 0, None)
        baseline.fit(train, dev)
        return baseline.scores(dev)

    right, wrong = LogisticRegression(), Reversed()
    alone = [scores(candidate) for candidate in (right, wrong)]
    np.testing.assert_allclose(alone[0], -alone[1])
    # There is one frame of each video.
    rates = [metrics.eer(own[~attack], own[attack])[0] for own in alone]
    assert rates[0] != rates[1]
    expected = alone[int(np.argmin(rates))]
    for candidates in ((right, wrong), (wrong, right)):
        np.testing.assert_allclose(scores(*candidates), expected)


def test_a_network_scores_crops_in_their_order(crops):
    _, dev = crops
    image = keras.Input((32, 32, 6))
    red = keras.layers.GlobalAveragePooling2D()(image)[:, 3:4]
    model = SupervisedNetwork(keras.Model(image, {"logit": red}), "label")
    expected = crop_features(dev, mean_colour)[:, 0] / PIXEL_SCALE
    np.testing.assert_allclose(network_scores(model, dev), expected, rtol=1e-4)


@pytest.mark.parametrize("shape", [(3,), (1, 1), ()])
def test_scores_of_another_number_are_refused(crops, shape):
    _, dev = crops
    number = sum(dev.counts.values())
    with pytest.raises(DataError, match=rf"a number for each of {number} crops.*shape"):
        frame_scores(dev, np.zeros(shape))


def test_the_baseline_that_the_documentation_adds(data, monkeypatch, tmp_path, capsys):
    code = next(
        block
        for block in re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
        if "BASELINES[" in block
    )
    monkeypatch.setattr(synthesis, "data_at", lambda root: data)
    # The page's row is taken out of the table again.
    monkeypatch.setitem(BASELINES, "detail", None)
    monkeypatch.chdir(tmp_path)
    exec(compile(code, str(PAGE), "exec"), {})
    acer = float(capsys.readouterr().out.splitlines()[-1])
    assert 0 <= acer <= 1
    results = json.loads((tmp_path / "compared" / "comparison.json").read_text())
    assert list(results["rows"]) == ["detail"]
    assert results["rows"]["detail"]["protocols"]["1"]["acer"] == acer
    assert "| detail at three scales |" in (tmp_path / "compared" / "comparison.md").read_text()
