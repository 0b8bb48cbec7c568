"""Differences between systems on the same presentations, with the same subjects drawn for both."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from despoof_keras.errors import DataError
from despoof_keras.evaluation.bootstrap import RESAMPLES, difference_interval, distribution
from despoof_keras.evaluation.score_table import ScoreTable
from despoof_keras.evaluation.system_rates import SystemRates
from despoof_keras.evaluation.thresholds import APCER_BOUNDS, Thresholds
from despoof_keras.evaluation.weighted_rates import Path, Units

_RATES: tuple[Path, ...] = (
    *((name,) for name in ("apcer", "bpcer", "acer", "auc")),
    *(("bpcer_at_apcer", bound) for bound in APCER_BOUNDS),
)


def compare(
    systems: Mapping[str, tuple[ScoreTable, ScoreTable]],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    pairs: Sequence[tuple[str, str]] | None = None,
) -> list[dict[str, Any]]:
    """Compare systems in pairs, each at the thresholds of its own dev scores.

    Subjects are drawn once for both systems of a pair, so that what makes a person hard for both
    does not widen the interval of their difference.

    Args:
        systems: mapping from name to `(dev, test)`. The test presentations of all must be the same.
        resamples, seed: see `bootstrap.distribution`.
        pairs: names of the systems to compare; default: all pairs.

    Returns:
        For each pair `{"systems": [a, b], "difference", "intervals", "presentations"}`; the
        differences (a minus b) are of `apcer`, `bpcer`, `acer`, `auc` and `bpcer_at_apcer`, which
        has the keys of `APCER_BOUNDS`. A presentation without a score from either system is left
        out of that system's rates alone. Intervals are those of
        `bootstrap.difference_interval`.

    Raises:
        DataError: two systems have other presentations, or other species or subjects of them.
    """
    tables = {name: test for name, (_, test) in systems.items()}
    chosen = list(combinations(systems, 2)) if pairs is None else list(pairs)
    comparisons = []
    for first, second in chosen:
        aligned = _aligned(tables[first], tables[second])
        units = Units.of(tables[first])
        rates = [
            SystemRates(table, Thresholds.of(systems[name][0]), units)
            for name, table in zip((first, second), (tables[first], aligned), strict=True)
        ]
        points, samples = [system.points() for system in rates], _samples(rates, resamples, seed)
        limits = [
            system.intervals(*own) for system, *own in zip(rates, points, samples, strict=True)
        ]
        comparisons.append(
            {
                "systems": [first, second],
                "difference": _nested([points[0][path] - points[1][path] for path in _RATES]),
                "intervals": _nested([_interval(path, points, samples, limits) for path in _RATES]),
                "presentations": len(aligned.keys),
            }
        )
    return comparisons


def _aligned(first, second):
    """The rows of `second` in the order of `first`."""
    place = {key: number for number, key in enumerate(second.keys)}
    for table, others in ((first, place), (second, set(first.keys))):
        missing = next((key for key in table.keys if key not in others), None)
        if missing is not None:
            raise DataError(
                f"{table.source or 'scores'}: expected the presentations of all systems to be the "
                f"same, for they are compared in pairs; {missing} has no row in "
                f"{(second if table is first else first).source or 'the other scores'}"
            )
    order = np.array([place[key] for key in first.keys])
    aligned = second.take(order)
    _check_same(first, aligned, "pais", "species")
    if first.subjects is not None and aligned.subjects is not None:
        _check_same(first, aligned, "subjects", "subject")
    return aligned


def _check_same(first, second, column, what):
    differing = np.flatnonzero(getattr(first, column) != getattr(second, column))
    if differing.size:
        row = differing[0]
        raise DataError(
            f"{second.source or 'scores'}: {first.keys[row]}: expected the {what} "
            f"{getattr(first, column)[row]} as in {first.source or 'the other scores'}; received "
            f"{getattr(second, column)[row]}"
        )


def _samples(rates, resamples, seed):
    """The rates of both systems on the same resamples."""
    paths = [list(system.points()) for system in rates]

    def stacked(weights):
        values = [system(weights) for system in rates]
        return np.stack(
            [own[path] for own, names in zip(values, paths, strict=True) for path in names]
        )

    units = rates[0].units
    drawn = distribution(stacked, units.count, len(units.codes), resamples, seed)
    parts = np.split(drawn, [len(paths[0])])
    return [dict(zip(names, part, strict=True)) for names, part in zip(paths, parts, strict=True)]


def _interval(path, points, samples, limits):
    """The interval of the difference of a rate, the first system's minus the second's."""
    return difference_interval(
        *([own[path] for own in values] for values in (samples, points, limits))
    )


def _nested(values):
    nested: dict[str, Any] = {}
    for path, value in zip(_RATES, values, strict=True):
        if len(path) == 1:
            nested[path[0]] = value
        else:
            nested.setdefault(path[0], {})[path[1]] = value
    return nested
