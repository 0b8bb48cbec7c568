"""Error rates of weighted presentations, for many weightings at once.

With all weights 1 they are those of `metrics`; with the weights of a resample they are those of its
presentations. Rates at given thresholds are quotients of sums over units, so that two matrix
products give them for all resamples; AUC and EER need the order of the scores as well.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from despoof_keras.evaluation import metrics
from despoof_keras.evaluation.bootstrap import PRESENTATION, SUBJECT
from despoof_keras.evaluation.score_table import ScoreTable

# Where a rate stands in the summary: the keys that lead to it. Those of rates that only others are
# made of begin with an underscore.
Path = tuple[str, ...]
# Decimals to which differences of weighted rates are told apart: ties must not be decided by
# rounding.
_DECIMALS = 12


@dataclasses.dataclass(frozen=True)
class Units:
    """What is drawn: the subjects of a table, or its presentations where it names none.

    Attributes:
        codes: `(n,)` int, the unit of each presentation.
        count: number of units.
        name: `"subject"` or `"presentation"`.
    """

    codes: np.ndarray
    count: int
    name: str

    @classmethod
    def of(cls, table: ScoreTable) -> Units:
        """The units of a table."""
        if table.subjects is None:
            return cls(np.arange(len(table.keys)), len(table.keys), PRESENTATION)
        names, codes = np.unique(table.subjects, return_inverse=True)
        return cls(codes, len(names), SUBJECT)

    def select(self, mask: np.ndarray) -> Units:
        """The same units, of the presentations in a boolean mask `(n,)`."""
        return dataclasses.replace(self, codes=self.codes[mask])

    def behind(self, mask: np.ndarray) -> int:
        """Number of units that presentations of a boolean mask `(n,)` belong to."""
        return len(np.unique(self.codes[mask]))


class Shares:
    """Shares of presentations that are wrongly decided, by name, under weights of units.

    Args:
        units: what the weights are of.
    """

    def __init__(self, units: Units):
        self._units = units
        self._wrong: dict[Path, np.ndarray] = {}
        self._all: dict[Path, np.ndarray] = {}

    def add(self, name: Path, mask: np.ndarray, is_wrong: np.ndarray) -> None:
        """Add the share of `is_wrong` among `mask`, boolean arrays `(n,)`, under a name."""
        self._wrong[name] = self._by_unit(mask & is_wrong)
        self._all[name] = self._by_unit(mask)

    def units_behind(self, name: Path) -> int:
        """Number of units that have presentations of a share."""
        return int(np.count_nonzero(self._all[name]))

    def __call__(self, weights: np.ndarray) -> dict[Path, np.ndarray]:
        """The shares under `(batch, units)` weights, `(batch,)` each, NaN where there are none."""
        wrong = weights @ np.stack(list(self._wrong.values()), axis=1)
        total = weights @ np.stack(list(self._all.values()), axis=1)
        with np.errstate(invalid="ignore"):
            return dict(zip(self._wrong, (wrong / total).T, strict=True))

    def _by_unit(self, mask):
        return np.bincount(self._units.codes[mask], minlength=self._units.count).astype(float)


def weighted_aucs(
    table: ScoreTable, units: Units, weights: np.ndarray, masks: Mapping[Path, np.ndarray]
) -> dict[Path, np.ndarray]:
    """Area under the ROC curve of groups of attacks against all bona fide presentations.

    Args:
        table: scores, none of them NaN.
        units: of the table.
        weights: `(batch, units)`.
        masks: mapping from a name to a boolean mask `(n,)` of attacks.

    Returns:
        Mapping from name to `(batch,)`, NaN where a class has no weight. Ties count half.
    """
    scores, codes = table.spoof_scores, units.codes
    attack = ~table.is_bona_fide
    cumulative, ordered = _cumulative(scores, codes, weights, table.is_bona_fide)
    below = cumulative[:, np.searchsorted(ordered, scores[attack], "left")]
    not_above = cumulative[:, np.searchsorted(ordered, scores[attack], "right")]
    own = weights[:, codes[attack]]
    wins = own * (below + not_above) / 2.0
    members = np.stack([mask[attack] for mask in masks.values()], axis=1).astype(float)
    with np.errstate(invalid="ignore"):
        values = (wins @ members) / (own @ members) / cumulative[:, -1:]
    return dict(zip(masks, values.T, strict=True))


def weighted_eer(table: ScoreTable, units: Units, weights: np.ndarray) -> np.ndarray:
    """Equal error rate of weighted presentations, by the rule of `metrics.eer`.

    Args:
        table: scores, none of them NaN.
        units: of the table.
        weights: `(batch, units)`.

    Returns:
        `(batch,)`, NaN where a class has no weight.
    """
    scores, bona_fide = table.spoof_scores, table.is_bona_fide
    thresholds, *_ = metrics.det_curve(scores[bona_fide], scores[~bona_fide])
    below = {}
    for is_bona_fide in (True, False):
        mask = bona_fide == is_bona_fide
        cumulative, ordered = _cumulative(scores, units.codes, weights, mask)
        with np.errstate(invalid="ignore"):
            shares = cumulative / cumulative[:, -1:]
        # Without the first candidate, which calls everything an attack, as in `metrics.eer`.
        below[is_bona_fide] = shares[:, np.searchsorted(ordered, thresholds[1:])]
    misses, alarms = below[False], 1.0 - below[True]
    best = np.argmin(np.round(np.abs(misses - alarms), _DECIMALS), axis=1)
    rows = np.arange(len(weights))
    return (misses[rows, best] + alarms[rows, best]) / 2.0


def _cumulative(scores, codes, weights, mask):
    """Weight below each place of the sorted scores of a mask, `(batch, m + 1)`, and these."""
    order = np.argsort(scores[mask], kind="stable")
    sums = np.cumsum(weights[:, codes[mask][order]], axis=1)
    return np.concatenate([np.zeros((len(weights), 1)), sums], axis=1), scores[mask][order]
