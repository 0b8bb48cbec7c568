"""The rates of a system on test at given thresholds, under any weights of the subjects."""

from __future__ import annotations

import numpy as np

from despoof_keras.evaluation.bootstrap import Limits, interval
from despoof_keras.evaluation.score_table import ScoreTable
from despoof_keras.evaluation.thresholds import Thresholds
from despoof_keras.evaluation.weighted_rates import Path, Shares, Units, weighted_aucs


class SystemRates:
    """Rates of a table at thresholds, and its AUCs, as a function of weights of its units.

    Args:
        test: scores; presentations without one do not count.
        thresholds: to apply.
        units: of the table; default: its own.

    Attributes:
        units: of the presentations that have a score.
    """

    def __init__(self, test: ScoreTable, thresholds: Thresholds, units: Units | None = None):
        self.units = (units or Units.of(test)).select(test.acquired)
        self._test = test = test.select(test.acquired)
        self._shares = Shares(self.units)
        # Rates that are the largest of others, and the mean of two others.
        self._worst: dict[Path, list[Path]] = {}
        self._means: dict[Path, tuple[Path, Path]] = {}
        self._attacks: dict[Path, np.ndarray] = {("auc",): ~test.is_bona_fide}
        self._members = {
            kind: {str(name): column == name for name in np.unique(column[~test.is_bona_fide])}
            for kind, column in (("species", test.pais), ("instruments", test.instruments))
        }
        self._add_rates(thresholds.eer)
        for bound, threshold in thresholds.at_apcer.items():
            self._add_bona_fide(("bpcer_at_apcer", bound), threshold)
            self._add_worst(("achieved_apcer", bound), "instruments", threshold)
        self._add_own(thresholds)
        for column, values in test.groups.items():
            for value in np.unique(values[values != ""]):
                where = values == value
                path = ("groups", column, str(value))
                self._add_bona_fide((*path, "bpcer"), thresholds.eer, where)
                self._add_worst((*path, "apcer"), "instruments", thresholds.eer, where)

    def _add_rates(self, threshold):
        self._add_bona_fide(("bpcer",), threshold)
        self._add_attacks(("_apcer_pooled",), ~self._test.is_bona_fide, threshold)
        self._add_worst(("apcer",), "instruments", threshold)
        self._add_worst(("_apcer_species",), "species", threshold)
        self._means[("acer",)] = ("apcer",), ("bpcer",)
        self._means[("hter",)] = ("_apcer_pooled",), ("bpcer",)
        self._means[("acer_species",)] = ("_apcer_species",), ("bpcer",)

    def _add_own(self, thresholds):
        for kind, members in self._members.items():
            for name, mask in members.items():
                path = (kind, name)
                self._add_attacks((*path, "apcer"), mask, thresholds.eer)
                self._attacks[(*path, "auc")] = mask
                for bound, threshold in thresholds.own.get(name, {}).items():
                    self._add_bona_fide((*path, "bpcer_at_apcer", bound), threshold)
                    self._add_attacks((*path, "achieved_apcer", bound), mask, threshold)

    def _add_bona_fide(self, path, threshold, where=True):
        mask = self._test.is_bona_fide & where
        self._shares.add(path, mask, self._test.spoof_scores >= threshold)

    def _add_attacks(self, path, mask, threshold):
        self._shares.add(path, mask, self._test.spoof_scores < threshold)

    def _add_worst(self, path, kind, threshold, where=True):
        self._worst[path] = []
        for name, mask in self._members[kind].items():
            part = ("_of", *path, name)
            self._add_attacks(part, mask & where, threshold)
            self._worst[path].append(part)

    def __call__(self, weights: np.ndarray) -> dict[Path, np.ndarray]:
        """The rates under `(batch, units)` weights, `(batch,)` each, NaN where one is missing.

        The largest of several rates is that of those which exist.
        """
        values = self._shares(weights)
        for path, parts in self._worst.items():
            values[path] = np.fmax.reduce([values[part] for part in parts])
        for path, (first, second) in self._means.items():
            values[path] = (values[first] + values[second]) / 2.0
        return values | weighted_aucs(self._test, self.units, weights, self._attacks)

    def points(self) -> dict[Path, float]:
        """The rates of the table as it is."""
        ones = np.ones((1, self.units.count))
        return {path: float(values[0]) for path, values in self(ones).items()}

    def intervals(
        self, points: dict[Path, float], samples: dict[Path, np.ndarray]
    ) -> dict[Path, Limits]:
        """Intervals of the rates, see `bootstrap.interval`.

        Args:
            points: as from `points`.
            samples: the same rates on resamples, `(resamples,)` each.
        """
        return {
            path: interval(samples[path], point, self._units_behind(path))
            for path, point in points.items()
        }

    def _units_behind(self, path):
        """The number of independent units behind a rate: of the smallest part of it."""
        if path in self._worst:
            units = [self._shares.units_behind(part) for part in self._worst[path]]
            # A group may lack an instrument.
            return min(filter(None, units), default=0)
        if path in self._means:
            return min(self._units_behind(part) for part in self._means[path])
        if path in self._attacks:
            masks = (self._test.is_bona_fide, self._attacks[path])
            return min(self.units.behind(mask) for mask in masks)
        return self._shares.units_behind(path)
