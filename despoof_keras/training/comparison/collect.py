"""The figures of all systems of a comparison, from the score files that their runs have left."""

from __future__ import annotations

import dataclasses
import logging
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from despoof_keras.evaluation.bootstrap import RESAMPLES
from despoof_keras.evaluation.comparison import compare
from despoof_keras.evaluation.summary import summarise
from despoof_keras.training.comparison.folds import Fold, Workplace
from despoof_keras.training.comparison.systems import FULL, System

logger = logging.getLogger(__name__)

# Of what `summarise` gives, the figures that the systems are compared by.
RATES = ("acer", "apcer", "bpcer", "hter", "auc", "eer_dev", "bpcer_at_apcer", "achieved_apcer")
COUNTS = ("counts", "subjects", "threshold", "failures_to_acquire", "failures_to_acquire_dev")
_INTERVALS = "intervals"


class Collector:
    """Reads what finished runs have left, each once.

    Args:
        workplace: what the runs have in common.
        systems: mapping from name to system, as from `systems.systems_of`.
        resamples: of the intervals.
    """

    def __init__(
        self, workplace: Workplace, systems: Mapping[str, System], resamples: int = RESAMPLES
    ):
        self._workplace = workplace
        self._systems = systems
        self._resamples = resamples
        self._known: dict[tuple[str, Fold], dict[str, Any]] = {}

    def rows(self, folds: Sequence[Fold]) -> dict[str, dict[str, Any]]:
        """The figures of every system that has finished one of the folds at least.

        Args:
            folds: protocols and folds to read, where they are finished.

        Returns:
            Mapping from a system's name to its `title`, `kind`, `score` (None: the best single
            score on dev) and `protocols`, see `of_protocol`, as JSON values.
        """
        rows = {}
        for name, system in self._systems.items():
            by_protocol: dict[str, dict] = {}
            for fold in folds:
                if self._workplace.is_finished(system, fold):
                    figures = self._of_fold(system, fold)
                    by_protocol.setdefault(str(fold.protocol), {})[fold.fold] = figures
            protocols = {number: of_protocol(own) for number, own in by_protocol.items()}
            if protocols:
                rows[name] = {
                    "title": system.title,
                    "kind": system.kind,
                    "score": system.score,
                    "protocols": protocols,
                }
        return rows

    def _of_fold(self, system, fold):
        full = self._systems[FULL]
        compared = system.name != FULL and self._workplace.is_finished(full, fold)
        key = (system.name, fold)
        # A difference is added once the full DSNet has finished.
        if key not in self._known or (compared and "difference" not in self._known[key]):
            self._known[key] = self._figures(system, fold, full if compared else None)
        return self._known[key]

    def _figures(self, system, fold, full):
        score, *tables = self._workplace.tables(system, fold)
        summary = summarise(*tables, resamples=self._resamples)
        figures = {"score": score, **{name: summary[name] for name in (*RATES, *COUNTS)}}
        intervals = summary[_INTERVALS]
        figures[_INTERVALS] = {name: intervals[name] for name in RATES if name in intervals}
        if full is not None:
            _, *full_tables = self._workplace.tables(full, fold)
            (compared,) = compare(
                {system.name: tuple(tables), FULL: tuple(full_tables)}, resamples=self._resamples
            )
            figures["difference"] = {
                **compared["difference"],
                _INTERVALS: compared[_INTERVALS],
            }
        return figures


def of_protocol(folds: Mapping[int | None, Mapping[str, Any]]) -> dict[str, Any]:
    """Put the figures of a protocol's folds together.

    Args:
        folds: mapping from fold to its figures; the only key of a protocol without folds is None.

    Returns:
        The figures themselves where there are no folds. Otherwise `"mean"` and `"std"` over the
        folds (population standard deviation) of `RATES`, and of the `difference` to the full DSNet
        where all folds have it, and `"folds"`.

    Example:
        >>> figures = of_protocol({1: {"acer": 0.1}, 2: {"acer": 0.3}})
        >>> round(figures["mean"]["acer"], 3), round(figures["std"]["acer"], 3)
        (0.2, 0.1)
    """
    if None in folds:
        return dict(folds[None])
    each = list(folds.values())
    names = [name for name in (*RATES, "difference") if all(name in figures for figures in each)]
    combined = {
        kind: {name: _over([figures[name] for figures in each], function) for name in names}
        for kind, function in (("mean", np.mean), ("std", np.std))
    }
    return {**combined, "folds": {str(fold): figures for fold, figures in folds.items()}}


def _over(values, function):
    """A function of some numbers, or of those in equal mappings; None where one has no number."""
    if isinstance(values[0], Mapping):
        names = [name for name in values[0] if name != _INTERVALS]
        return {name: _over([value[name] for value in values], function) for name in names}
    if any(value is None or math.isnan(value) for value in values):
        return None
    return float(function(values))


def changes(system: System, full: System) -> dict[str, Any]:
    """The settings of a system that are not those of the full DSNet."""
    own, others = (dataclasses.asdict(each.config) for each in (system, full))
    return {name: value for name, value in own.items() if value != others[name]}
