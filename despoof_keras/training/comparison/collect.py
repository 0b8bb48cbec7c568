"""The figures of all systems of a comparison, from the score files that their runs have left."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from despoof_keras.datasets.protocol_folds import Fold
from despoof_keras.evaluation.bootstrap import RESAMPLES
from despoof_keras.evaluation.comparison import compare
from despoof_keras.evaluation.summary import summarise
from despoof_keras.training.comparison.folds import Workplace
from despoof_keras.training.comparison.systems import FULL, System
from despoof_keras.training.protocol_figures import INTERVALS, RATES, of_protocol

logger = logging.getLogger(__name__)

# What a row tells besides, of what `summarise` gives.
COUNTS = ("counts", "subjects", "threshold", "failures_to_acquire", "failures_to_acquire_dev")


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
        intervals = summary[INTERVALS]
        figures[INTERVALS] = {name: intervals[name] for name in RATES if name in intervals}
        if full is not None:
            _, *full_tables = self._workplace.tables(full, fold)
            (compared,) = compare(
                {system.name: tuple(tables), FULL: tuple(full_tables)}, resamples=self._resamples
            )
            figures["difference"] = {
                **compared["difference"],
                INTERVALS: compared[INTERVALS],
            }
        return figures
