"""Where a system's errors come from: its threshold, or its ranking, and on which medium.

A threshold is chosen on dev and applied to test. If it does badly there, either the scores of all
test presentations have moved (another threshold would do well: *threshold error*), or bona fide and
attack presentations are mixed up (no threshold would do well: *ranking error*). The best threshold
on test is not one that anybody could have chosen; it only divides the error in two. With few
presentations it flatters: the ranking error is then a lower bound.
"""

from typing import Any

import numpy as np

from despoof_keras.datasets.samples import BONA_FIDE
from despoof_keras.evaluation import metrics
from despoof_keras.evaluation.score_table import ScoreTable

# Shifts are told in units of dev's spread: from the lower to the upper quartile.
_QUARTILES = (25, 50, 75)


def diagnose(dev: ScoreTable, test: ScoreTable) -> dict[str, Any]:
    """Divide a system's ACER on test into the part of its threshold and that of its ranking.

    Args:
        dev: scores that the threshold comes from, at the equal error rate.
        test: scores that it is applied to. Presentations without a score do not count.

    Returns:
        Mapping of JSON values, rates as fractions of 1: `acer` at dev's threshold, `best_acer` at
        the best threshold on test (ranking error), `threshold_error` (their difference),
        `threshold`, `best_threshold`; and `media`, a mapping from `"bona_fide"` and each species of
        test to `count`, `dev_median` (None where dev has none of it), `test_median`, `shift` (of
        the median from dev to test, in interquartile ranges of dev), `error` and `best_error` (its
        share of wrong decisions at either threshold) and, for attacks, `auc` against the bona fide
        presentations of test.

    Raises:
        DataError: a split lacks a class.
    """
    dev, test = dev.select(dev.acquired), test.select(test.acquired)
    threshold = metrics.threshold_at_eer(*_classes(dev))
    bona_fide, attack = _classes(test)
    instruments = test.instruments[~test.is_bona_fide]
    best_threshold = _threshold_at_best_acer(bona_fide, attack, instruments)
    acer, best_acer = (
        metrics.acer(bona_fide, attack, instruments, value) for value in (threshold, best_threshold)
    )
    return {
        "acer": acer,
        "best_acer": best_acer,
        "threshold_error": acer - best_acer,
        "threshold": threshold,
        "best_threshold": best_threshold,
        "media": {
            pai: _medium(dev, test, pai, threshold, best_threshold)
            for pai in (BONA_FIDE, *sorted(set(test.pais) - {BONA_FIDE}))
        },
    }


def _classes(table):
    return table.spoof_scores[table.is_bona_fide], table.spoof_scores[~table.is_bona_fide]


def _threshold_at_best_acer(bona_fide, attack, instruments):
    """The lowest of the candidate thresholds that have the least ACER."""
    thresholds, apcers, bpcers = metrics.det_curve(bona_fide, attack, instruments)
    # Equal sums must not be told apart by the rounding of their terms.
    sums = np.round(apcers + bpcers, decimals=12)
    return float(thresholds[np.argmin(sums)])


def _medium(dev, test, pai, threshold, best_threshold):
    before, after = dev.spoof_scores[dev.pais == pai], test.spoof_scores[test.pais == pai]
    is_wrong = np.greater_equal if pai == BONA_FIDE else np.less
    figures = {
        "count": len(after),
        "dev_median": None,
        "test_median": float(np.median(after)),
        "shift": None,
        "error": float(np.mean(is_wrong(after, threshold))),
        "best_error": float(np.mean(is_wrong(after, best_threshold))),
    }
    if len(before):
        low, middle, high = (float(value) for value in np.percentile(before, _QUARTILES))
        figures["dev_median"] = middle
        if high > low:
            figures["shift"] = (figures["test_median"] - middle) / (high - low)
    if pai != BONA_FIDE:
        figures["auc"] = metrics.auc(test.spoof_scores[test.is_bona_fide], after)
    return figures
