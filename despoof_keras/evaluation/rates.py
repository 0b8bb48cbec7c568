"""Error rates of a model: thresholds from the dev set, rates on the test set, by video."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from despoof_keras.datasets.samples import instrument_of
from despoof_keras.errors import DataError
from despoof_keras.evaluation import metrics
from despoof_keras.metadata import SCORE_NAMES

if TYPE_CHECKING:
    from despoof_keras.evaluation.video_scores import FrameScores, VideoScores

FUSION = "fusion"


def add_fusion(dev: FrameScores, test: FrameScores) -> tuple[FrameScores, FrameScores]:
    """Add the score `fusion`, a logistic regression on the other scores, fitted on dev only.

    Args:
        dev, test: scores of the frames of each split.

    Returns:
        `(dev, test)` with the additional score: the regression's logit, higher for attacks. It is
        linear, so that fusing a video's mean scores or averaging its fused scores is the same.

    Raises:
        DataError: dev lacks a class or has scores that are not finite.
    """
    videos = dev.by_video()
    features = np.stack([videos.scores[name] for name in SCORE_NAMES], axis=1)
    labels = np.array([pai != "bona_fide" for pai in videos.pais])
    if not np.isfinite(features).all() or labels.all() or not labels.any():
        raise DataError("fusion: expected finite dev scores of both classes")
    fusion = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced"))
    fusion.fit(features, labels)

    def with_fusion(frames):
        stacked = np.stack([frames.scores[name] for name in SCORE_NAMES], axis=1)
        finite = np.isfinite(stacked).all(axis=1)
        logits = np.full(len(stacked), np.nan)
        logits[finite] = fusion.decision_function(stacked[finite])
        return dataclasses.replace(frames, scores={**frames.scores, FUSION: logits})

    return with_fusion(dev), with_fusion(test)


def evaluate(dev: FrameScores, test: FrameScores) -> dict[str, Any]:
    """Compute the error rates of every score on test, by video, at the EER threshold of dev.

    Args:
        dev, test: scores of the frames of each split.

    Returns:
        `{"best_score", "scores": {name: {"threshold", "apcer", "apcer_species", "bpcer", "acer",
        "acer_species", "hter", "auc", "eer_dev", "failures_to_acquire"}}}`. `apcer` is by
        instrument (the two of OULU-NPU's protocols), and `acer` follows from it; `apcer_species`
        and `acer_species` follow bob, which tells the two printers and the two displays apart.
        `best_score` is the score, other than the fusion, with the least EER on dev; of equals, the
        score with the greatest AUC on dev.

    Raises:
        DataError: a split lacks a class, or no test video of an attack instrument has a score.
    """
    dev_videos, test_videos = dev.by_video(), test.by_video()
    scores, ranks = {}, {}
    for name in dev_videos.scores:
        bona_fide = _acquired(dev_videos.bona_fide(name))
        attack = _acquired(dev_videos.attack(name))
        rate, threshold = metrics.eer(bona_fide, attack)
        scores[name] = {**rates_at(test_videos, name, threshold), "eer_dev": rate}
        if name != FUSION:
            ranks[name] = (rate, -metrics.auc(bona_fide, attack))
    return {"best_score": min(ranks, key=lambda name: ranks[name]), "scores": scores}


def rates_at(videos: VideoScores, name: str, threshold: float) -> dict[str, Any]:
    """Compute the error rates of a score at a given threshold, see `evaluate`."""
    bona_fide, attack = videos.bona_fide(name), videos.attack(name)
    acquired = ~np.isnan(attack)
    species = np.array(videos.attack_species())[acquired]
    instruments = [instrument_of(pai) for pai in species]
    missing = _instruments(videos.attack_species()) - set(instruments)
    if missing:
        raise DataError(
            f"{name}: expected a score for every attack instrument; no video of "
            f"{', '.join(sorted(missing))} has a score"
        )
    failures = int(np.isnan(bona_fide).sum() + (~acquired).sum())
    bona_fide, attack = _acquired(bona_fide), attack[acquired]
    return {
        "threshold": threshold,
        "apcer": metrics.apcer_per_species(attack, instruments, threshold),
        "apcer_species": metrics.apcer_per_species(attack, species, threshold),
        "bpcer": metrics.bpcer(bona_fide, threshold),
        "acer": metrics.acer(bona_fide, attack, instruments, threshold),
        "acer_species": metrics.acer(bona_fide, attack, species, threshold),
        "hter": metrics.hter(bona_fide, attack, threshold),
        "auc": metrics.auc(bona_fide, attack),
        "failures_to_acquire": failures,
    }


def _instruments(species: Iterable[str]) -> set[str]:
    return {instrument_of(pai) for pai in species}


def _acquired(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    return scores[~np.isnan(scores)]
