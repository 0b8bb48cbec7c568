"""From the scores of all conditions to error rates and flips at one threshold."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from despoof_keras.datasets.samples import BONA_FIDE, VideoSample
from despoof_keras.errors import DataError
from despoof_keras.evaluation.bootstrap import (
    CONFIDENCE,
    RESAMPLES,
    SUBJECT,
    distribution,
    interval,
)
from despoof_keras.evaluation.robustness.conditions import Condition

# Rates that have intervals.
RATES = ("bpcer", "apcer", "flips")


def rates_by_condition(
    samples: Sequence[VideoSample],
    conditions: Sequence[Condition],
    scores: np.ndarray,
    threshold: float,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, Any]:
    """Error rates of every condition at the same threshold, with intervals over subjects.

    Args:
        samples: the presentations.
        conditions: what was changed.
        scores: `(presentations, conditions + 1)` spoof scores, the unperturbed ones first; NaN for
            a failure to acquire.
        threshold: of the decisions.
        resamples, seed: of the bootstrap, see `bootstrap.distribution`.

    Returns:
        `{"baseline": {...}, "conditions": [{"family", "label", "strength", ...}, ...],
        "resampling": {...}}`. Each of the conditions has `bpcer`, `apcer` (of the worst
        instrument), `apcer_instruments`, `flips`, the share of the presentations with both scores
        whose decision is another than without the change, `bpcer_interval` and so on,
        `mean_score_bona_fide`, `mean_score_attack`, `count`, the number of presentations with a
        score, and `failures_to_acquire`. Rates are fractions of 1, and None where no presentation
        of the kind has a score; so are intervals, and where there is but one subject.

    Raises:
        DataError: without a change, a class or an attack instrument has no score.
    """
    tallies = _Tallies.of(samples, scores, threshold)
    acquired = tallies.totals[:-1, :, 0].sum(axis=1)
    if BONA_FIDE not in tallies.kinds or len(acquired) < 2 or not acquired.all():
        counts = zip(tallies.kinds, acquired.tolist(), strict=True)
        raise DataError(
            "expected scores of bona fide presentations and of each attack instrument; received "
            + (", ".join(f"{count:g} of {kind}" for kind, count in counts) or "none")
        )
    units = tallies.totals.shape[1]
    points = {name: rates[:, 0] for name, rates in tallies.rates(np.ones((1, units))).items()}
    samples_of = {}
    if units > 1:

        def stacked(weights):
            return np.concatenate(list(tallies.rates(weights).values()))

        drawn = distribution(stacked, units, tallies.totals.size, resamples, seed)
        samples_of = dict(zip(RATES, np.split(drawn, len(RATES)), strict=True))
    rows = []
    for place in range(scores.shape[1]):
        row = {name: _value(points[name][place]) for name in RATES}
        row |= {
            f"{name}_interval": interval(drawn[place], points[name][place], units)
            for name, drawn in samples_of.items()
        }
        rows.append(row | tallies.of_instruments(place) | _means(samples, scores[:, place]))
    rows[0].pop("flips_interval", None)  # it cannot flip
    return {
        "baseline": rows[0],
        "conditions": [
            {
                "family": condition.family,
                "label": condition.label,
                "strength": condition.strength,
                **row,
            }
            for condition, row in zip(conditions, rows[1:], strict=True)
        ],
        "resampling": {
            "unit": SUBJECT,
            "resamples": resamples if units > 1 else 0,
            "seed": seed,
            "confidence": CONFIDENCE,
        },
    }


@dataclasses.dataclass(frozen=True)
class _Tallies:
    """Numbers of presentations and of errors of each subject under each condition.

    Attributes:
        kinds: bona fide and the attack instruments.
        totals: `(kinds + 1, subjects, conditions)`: presentations of each kind with a score, and
            those of all kinds with both scores.
        errors: like `totals`: those that are classified wrongly, and those whose decision flips.
    """

    kinds: tuple[str, ...]
    totals: np.ndarray
    errors: np.ndarray

    @classmethod
    def of(cls, samples, scores, threshold):
        instruments = np.array([sample.instrument for sample in samples])
        subjects, unit_of = np.unique([sample.subject for sample in samples], return_inverse=True)
        is_of = np.arange(len(subjects))[:, None] == unit_of  # subjects x presentations
        has_score = ~np.isnan(scores)
        is_called_attack = scores >= threshold
        kinds = tuple(dict.fromkeys(instruments.tolist()))
        totals, errors = [], []
        for kind in kinds:
            counted = has_score & (instruments == kind)[:, None]
            is_wrong = is_called_attack if kind == BONA_FIDE else ~is_called_attack
            totals.append(is_of @ counted.astype(float))
            errors.append(is_of @ (counted & is_wrong).astype(float))
        both = has_score & has_score[:, :1]
        totals.append(is_of @ both.astype(float))
        flipped = both & (is_called_attack != is_called_attack[:, :1])
        errors.append(is_of @ flipped.astype(float))
        return cls(kinds, np.array(totals), np.array(errors))

    def rates(self, weights: np.ndarray) -> dict[str, np.ndarray]:
        """`RATES` of `(batch, subjects)` weights, each `(conditions, batch)`, NaN where none is."""
        with np.errstate(invalid="ignore"):
            rates = (weights @ self.errors) / (weights @ self.totals)
        attacks = [place for place, kind in enumerate(self.kinds) if kind != BONA_FIDE]
        # The instruments of which a resample has no presentation do not count.
        worst = np.fmax.reduce(rates[attacks])
        bona_fide = rates[self.kinds.index(BONA_FIDE)]
        return {"bpcer": bona_fide.T, "apcer": worst.T, "flips": rates[-1].T}

    def of_instruments(self, place: int) -> dict[str, Any]:
        errors, totals = self.errors[:-1, :, place].sum(1), self.totals[:-1, :, place].sum(1)
        return {
            "apcer_instruments": {
                kind: float(errors[i] / totals[i])
                for i, kind in enumerate(self.kinds)
                if kind != BONA_FIDE and totals[i]
            }
        }


def _means(samples, scores):
    is_bona_fide = np.array([sample.pai == BONA_FIDE for sample in samples])
    has_score = ~np.isnan(scores)
    return {
        "mean_score_bona_fide": _mean(scores[has_score & is_bona_fide]),
        "mean_score_attack": _mean(scores[has_score & ~is_bona_fide]),
        "count": int(has_score.sum()),
        "failures_to_acquire": int((~has_score).sum()),
    }


def _mean(scores):
    return float(np.mean(scores)) if scores.size else None


def _value(rate):
    return None if np.isnan(rate) else float(rate)
