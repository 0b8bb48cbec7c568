"""DET and ROC curves of scores, for drawing."""

import numpy as np
from scipy import stats
from sklearn.metrics import det_curve, roc_curve

from despoof_keras.evaluation.score_table import ScoreTable

# Points of a drawn curve: more than a page has pixels for.
MOST_POINTS = 400
# Rates beyond this, and its complement, have no place on normal-deviate axes.
_AXIS_END = 1e-4


def det_points(table: ScoreTable, most: int = MOST_POINTS) -> tuple[np.ndarray, np.ndarray]:
    """The trade-off of errors over all thresholds, all attacks pooled.

    Args:
        table: scores; presentations without one do not count.
        most: points at most; a longer curve is thinned evenly along its length on the page.

    Returns:
        `(apcer, bpcer)`, `(points,)` each, fractions of 1, APCER ascending.

    Raises:
        ValueError: a class is missing.
    """
    bpcer, apcer, _ = det_curve(*_labels_and_scores(table))
    order = np.lexsort((-bpcer, apcer))
    return _thinned(apcer[order], bpcer[order], most, _normal_deviate)


def roc_points(table: ScoreTable, most: int = MOST_POINTS) -> tuple[np.ndarray, np.ndarray]:
    """The ROC curve, all attacks pooled: share of bona fide and of attacks called attacks.

    Args:
        table, most: as in `det_points`.

    Returns:
        `(bpcer, detected)`, `(points,)` each, from (0, 0) to (1, 1); `detected` is 1 - APCER.
    """
    bpcer, detected, _ = roc_curve(*_labels_and_scores(table))
    return _thinned(bpcer, detected, most)


def _labels_and_scores(table):
    acquired = table.select(table.acquired)
    return (~acquired.is_bona_fide).astype(int), acquired.spoof_scores


def _thinned(x, y, most, scale=None):
    """Points at even steps along the curve as it is drawn, on a scale such as that of the axes."""
    if len(x) <= most:
        return x, y
    drawn = [values if scale is None else scale(values) for values in (x, y)]
    steps = sum(np.abs(np.diff(values)) for values in drawn)
    length = np.concatenate([[0.0], np.cumsum(steps)])
    kept = np.searchsorted(length, np.linspace(0.0, length[-1], most - 1))
    kept = np.unique(np.append(np.minimum(kept, len(x) - 1), len(x) - 1))
    return x[kept], y[kept]


def _normal_deviate(rates):
    """The scale of DET axes, which ends before 0 and 1."""
    return stats.norm.ppf(np.clip(rates, _AXIS_END, 1.0 - _AXIS_END))
