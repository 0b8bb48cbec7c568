"""Model and crops to scores, thresholds from dev, error rates on test."""

import dataclasses

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from despoof_keras.datasets.samples import instrument_of
from despoof_keras.errors import DataError
from despoof_keras.evaluation import metrics
from despoof_keras.metadata import SCORE_NAMES

FUSION = "fusion"


def add_fusion(dev, test):
    """Adds the score `fusion`, a logistic regression on the other scores, fitted on dev alone.

    Args:
        dev, test: `FrameScores`.

    Returns:
        `(dev, test)` with the further score: the regression's logit, higher for attacks. It is
        linear, so a video's fusion is the same before and after averaging its frames.

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


def evaluate(dev, test):
    """Error rates of every score by video: the threshold is dev's EER point, the rates are test's.

    Args:
        dev, test: `FrameScores`.

    Returns:
        `{"best_score", "scores": {name: {"threshold", "apcer", "apcer_species", "bpcer", "acer",
        "acer_species", "hter", "auc", "eer_dev", "failures_to_acquire"}}}`. `apcer` is by
        instrument (OULU-NPU's official two) and `acer` follows from it; `apcer_species` and
        `acer_species` are bob's reading, which counts both printers and both displays.
        `best_score` is the single score with the least EER on dev, of equals the one with the
        greatest dev AUC.

    Raises:
        DataError: a split lacks a class, or test any score of an attack instrument.
    """
    dev, test = dev.by_video(), test.by_video()
    scores, rank = {}, {}
    for name in dev.scores:
        rate, threshold = metrics.eer(_acquired(dev.bona_fide(name)), _acquired(dev.attack(name)))
        scores[name] = {**rates_at(test, name, threshold), "eer_dev": rate}
        if name != FUSION:
            area = metrics.auc(_acquired(dev.bona_fide(name)), _acquired(dev.attack(name)))
            rank[name] = (rate, -area)
    return {"best_score": min(rank, key=rank.get), "scores": scores}


def rates_at(videos, name, threshold):
    """Error rates of one score of `VideoScores` at a given threshold, see `evaluate`."""
    bona_fide, attack = videos.bona_fide(name), videos.attack(name)
    got = ~np.isnan(attack)
    species = np.array(videos.attack_species())[got]
    instruments = [instrument_of(pai) for pai in species]
    lost = {instrument_of(pai) for pai in videos.attack_species()} - set(instruments)
    if lost:
        raise DataError(
            f"{name}: expected a score of every attack instrument; no video of "
            f"{', '.join(sorted(lost))} has one"
        )
    failures = int(np.isnan(bona_fide).sum() + (~got).sum())
    bona_fide, attack = _acquired(bona_fide), attack[got]
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


def _acquired(scores):
    return scores[~np.isnan(scores)]
