"""The figures of one system: rates on test at the thresholds of dev, with intervals.

The headline is BPCER at a fixed APCER, as the editors of ISO/IEC 30107-3 advise: the threshold is
chosen on dev so that the worst instrument's APCER there is at most 1, 5 or 10 %, and applied to
test, where the APCER that is really achieved is told beside it.

Intervals hold the thresholds fixed: they tell what another draw of test subjects would change.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from despoof_keras.datasets.samples import BONA_FIDE
from despoof_keras.errors import DataError
from despoof_keras.evaluation import metrics
from despoof_keras.evaluation.bootstrap import CONFIDENCE, RESAMPLES, distribution, interval
from despoof_keras.evaluation.groups import add_group_sizes, largest_differences
from despoof_keras.evaluation.score_table import ScoreTable
from despoof_keras.evaluation.system_rates import SystemRates
from despoof_keras.evaluation.thresholds import Thresholds
from despoof_keras.evaluation.weighted_rates import Path, Units, weighted_eer

THRESHOLD_RULE = "equal error rate of dev, all attacks pooled"
_RATES_OF_SPECIES = ("apcer", "auc", "bpcer_at_apcer", "achieved_apcer")


def summarise(
    dev: ScoreTable, test: ScoreTable, *, resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, Any]:
    """Compute the figures of a system, with intervals, as JSON values.

    Args:
        dev: scores that the thresholds are chosen on.
        test: scores that they are applied to.
        resamples: of the bootstrap, see `bootstrap.distribution`.
        seed: of the resamples.

    Returns:
        Mapping; all rates are fractions of 1. `apcer`, `bpcer`, `acer` and `hter` are at dev's EER
        `threshold`; `apcer` is of the worst instrument, its makes pooled, and `acer_species` counts
        each species by itself. `bpcer_at_apcer`, `achieved_apcer` and `threshold_at_apcer` have
        the keys of `thresholds.APCER_BOUNDS`. `species` and `instruments` have for each its
        `count`, `failures_to_acquire`, `apcer`, `auc`, and `bpcer_at_apcer` with `achieved_apcer`
        by a threshold of its own, None where dev has none of it. `groups` has for each column
        the rates of its `values`, with the numbers of presentations, and the `largest_difference`,
        see `groups.largest_differences`. `intervals` mirror the rates. `resampling` says what was
        drawn, and with `incomplete` the share of resamples that lack a class or an instrument: they
        do not count for the rates that they lack, and their `apcer` is of the instruments they
        have. `failures_to_acquire` counts presentations without a score, which no rate includes.

    Raises:
        DataError: a split lacks scores of a class, or test those of an instrument; there are fewer
            than two subjects.
    """
    _check(dev, "dev"), _check(test, "test")
    thresholds, units = Thresholds.of(dev), Units.of(test)
    rates = SystemRates(test, thresholds, units)
    points = rates.points()
    paths = list(points)

    def stacked(weights):
        values = rates(weights)
        return np.stack([values[path] for path in paths])

    drawn = distribution(stacked, units.count, len(test.keys), resamples, seed)
    samples = dict(zip(paths, drawn, strict=True))
    limits = rates.intervals(points, samples)
    points["eer_dev",], limits["eer_dev",] = _dev_eer(dev, resamples, seed)
    figures = _head(dev, test, thresholds)
    figures |= _nested({path: value for path, value in points.items() if len(path) == 1})
    for name in ("bpcer_at_apcer", "achieved_apcer"):
        figures[name] = _nested(_below(points, name))
    figures["threshold_at_apcer"] = dict(thresholds.at_apcer)
    figures["intervals"] = _nested(
        {path: value for path, value in limits.items() if len(path) == 1}
    ) | {name: _nested(_below(limits, name)) for name in ("bpcer_at_apcer", "achieved_apcer")}
    for kind, column in (("instruments", test.instruments), ("species", test.pais)):
        figures[kind] = _by_species(points, limits, kind, column, test)
    figures["apcer_instruments"], figures["apcer_species"] = (
        {name: own["apcer"] for name, own in figures[kind].items()}
        for kind in ("instruments", "species")
    )
    differences = {
        column: largest_differences(column, points, samples, limits) for column in test.groups
    }
    figures["groups"] = _by_group(points, limits, differences, test)
    figures["resampling"] = {
        "unit": units.name,
        "resamples": resamples,
        "seed": seed,
        "confidence": CONFIDENCE,
        "incomplete": _incomplete(samples, figures["instruments"]),
    }
    return figures


def _incomplete(samples, instruments):
    """Share of resamples without any bona fide presentation, or any of an attack instrument."""
    paths = [("bpcer",), *(("instruments", name, "apcer") for name in instruments)]
    return float(np.isnan([samples[path] for path in paths]).any(axis=0).mean())


def _check(table, split):
    acquired = table.select(table.acquired)
    what = f"{table.source}: " if table.source else ""
    if not acquired.is_bona_fide.any() or acquired.is_bona_fide.all():
        raise DataError(f"{what}{split}: expected scores of bona fide and attack presentations")
    lost = sorted(set(table.instruments) - set(acquired.instruments))
    if lost:
        raise DataError(
            f"{what}{split}: expected a score of every attack instrument; no presentation of "
            f"{', '.join(lost)} has one"
        )


def _head(dev, test, thresholds):
    def subjects(table):
        return None if table.subjects is None else len(set(table.subjects))

    return {
        "counts": {"dev": _counts(dev), "test": _counts(test)},
        "subjects": {"dev": subjects(dev), "test": subjects(test)},
        "threshold": thresholds.eer,
        "threshold_rule": THRESHOLD_RULE,
        "failures_to_acquire": int(np.count_nonzero(~test.acquired)),
        "failures_to_acquire_dev": int(np.count_nonzero(~dev.acquired)),
    }


def _counts(table):
    pais, counts = np.unique(table.pais, return_counts=True)
    return dict(zip(pais.tolist(), counts.tolist(), strict=True))


def _dev_eer(dev, resamples, seed):
    """Dev's equal error rate and its interval, from resamples of dev's units."""
    units = Units.of(dev).select(dev.acquired)
    dev = dev.select(dev.acquired)
    rate, _ = metrics.eer(dev.spoof_scores[dev.is_bona_fide], dev.spoof_scores[~dev.is_bona_fide])

    def eers(weights):
        return weighted_eer(dev, units, weights)[None]

    (samples,) = distribution(eers, units.count, len(dev.keys), resamples, seed)
    behind = min(units.behind(mask) for mask in (dev.is_bona_fide, ~dev.is_bona_fide))
    return rate, interval(samples, rate, behind)


def _by_species(points, limits, kind, column, test):
    figures = {}
    for name in sorted(set(column) - {BONA_FIDE}):
        own, own_limits = _nested(_below(points, kind, name)), _nested(_below(limits, kind, name))
        where = column == name
        figures[str(name)] = {
            "count": int(np.count_nonzero(where)),
            "failures_to_acquire": int(np.count_nonzero(where & ~test.acquired)),
            **{rate: own.get(rate) for rate in _RATES_OF_SPECIES},
            "intervals": {rate: own_limits.get(rate) for rate in _RATES_OF_SPECIES},
        }
    return figures


def _by_group(points, limits, differences, test):
    figures: dict[str, Any] = {}
    for column in test.groups:
        own, own_limits = (_nested(_below(values, "groups", column)) for values in (points, limits))
        for value, rates in own.items():
            rates["intervals"] = own_limits[value]
        figures[column] = {
            "values": own,
            "largest_difference": differences[column],
        }
    add_group_sizes(figures, test.select(test.acquired))
    return figures


def _below(values: Mapping[Path, Any], *start: str) -> dict[Path, Any]:
    """The values whose path begins so, by the rest of it."""
    return {
        path[len(start) :]: value for path, value in values.items() if path[: len(start)] == start
    }


def _nested(values: Mapping[Path, Any]) -> dict[str, Any]:
    """Values by path as mappings in mappings, without private ones, NaN as None."""
    nested: dict[str, Any] = {}
    for path, value in values.items():
        if path[0].startswith("_"):
            continue
        inner = nested
        for key in path[:-1]:
            inner = inner.setdefault(key, {})
        inner[path[-1]] = None if isinstance(value, float) and math.isnan(value) else value
    return nested
