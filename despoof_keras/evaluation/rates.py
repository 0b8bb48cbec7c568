"""From scores to a threshold, chosen on dev, and error rates on test."""

import dataclasses

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from despoof_keras.datasets.samples import BONA_FIDE, instrument_of
from despoof_keras.errors import DataError
from despoof_keras.evaluation import metrics
from despoof_keras.evaluation.video_scores import FrameScores, VideoScores
from despoof_keras.metadata import SCORE_NAMES

FUSION = "fusion"


def threshold_rule(source: str = "") -> str:
    """The sentence that says how `dev_threshold` chooses a threshold.

    Args:
        source: what the dev videos are of; may be left out.

    Returns:
        The sentence, without a full stop.
    """
    of_source = f" of {source}" if source else ""
    return (
        f"equal error rate of the dev videos{of_source}, each video's score the mean of its frames"
    )


def dev_threshold(dev: VideoScores, name: str) -> tuple[float, float]:
    """Choose the threshold of a score where dev's two error rates are equal.

    Args:
        dev: scores of the dev videos; videos without a score do not count.
        name: of the score.

    Returns:
        `(equal error rate, threshold)`, the rate a fraction of 1.
    """
    return metrics.eer(_acquired(dev.bona_fide(name)), _acquired(dev.attack(name)))


def add_fusion(dev: FrameScores, test: FrameScores) -> tuple[FrameScores, FrameScores]:
    """Add the score `fusion`, a logistic regression on the other scores, fitted on dev alone.

    Args:
        dev, test: scores of `metadata.SCORE_NAMES`.

    Returns:
        `(dev, test)` with the additional score: the regression's logit, higher for attacks. It is
        linear, so a video's fusion is the same before and after averaging its frames.

    Raises:
        DataError: dev lacks a class or has scores that are not finite.
    """
    videos = dev.by_video()
    features = np.stack([videos.scores[name] for name in SCORE_NAMES], axis=1)
    labels = np.array([pai != BONA_FIDE for pai in videos.pais])
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


def rates_at(videos: VideoScores, name: str, threshold: float) -> dict:
    """Error rates of one score of test videos at a given threshold.

    Args:
        videos: scores of test.
        name: of the score.
        threshold: chosen on dev, or carried by a model.

    Returns:
        `{"threshold", "apcer", "apcer_species", "bpcer", "acer", "acer_species", "hter", "auc",
        "failures_to_acquire"}`. `apcer` is by instrument, with its makes pooled, and `acer` follows
        from it; `apcer_species` and `acer_species` are bob's reading, which counts each make
        separately.

    Raises:
        DataError: a class is missing, or there is no score of an attack instrument.
    """
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
