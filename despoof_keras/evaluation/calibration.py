"""A threshold for somebody's own cameras: chosen, with what is uncertain about it.

The threshold is chosen on the same presentations whose error rates are told, as there are few: the
rates say what it does to them, and their intervals what other people of the same kind would see.

Reference: `metrics` for rates and candidate thresholds; `bootstrap` for intervals over subjects.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from despoof_keras.errors import DataError
from despoof_keras.evaluation import metrics
from despoof_keras.evaluation.bootstrap import (
    CONFIDENCE,
    RESAMPLES,
    distribution,
    exact_interval,
    interval,
    percentiles,
)
from despoof_keras.evaluation.score_table import ScoreTable

BPCER, APCER, EER = "bpcer", "apcer", "eer"
# What is aimed at where nothing is asked for and there are no attacks: BPCER20's counterpart.
USUAL_BPCER = 0.05


@dataclasses.dataclass(frozen=True)
class Aim:
    """What a threshold is to do.

    Attributes:
        name: `"bpcer"` or `"apcer"`, the error rate that is bounded, or `"eer"`.
        rate: the bound, a fraction of 1; None for `"eer"`.

    Raises:
        DataError: the bound is not between 0 and 1.
    """

    name: str
    rate: float | None = None

    def __post_init__(self) -> None:
        if self.rate is not None and not 0 <= self.rate < 1:
            raise DataError(
                f"--{self.name}: expected a rate from 0 to less than 1, such as 0.05; received "
                f"{self.rate}"
            )

    def sentence(self) -> str:
        """The aim in words, for `ModelMetadata.threshold_rule`."""
        if self.name == EER:
            return "equal error rate"
        attacks = " of the worst instrument" if self.name == APCER else ""
        return f"{self.name.upper()}{attacks} at most {self.rate:g}"


def calibrate(
    table: ScoreTable, aim: Aim, *, resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, Any]:
    """Choose a threshold and an uncertain band on presentations, and tell what they do there.

    The band reaches from the 2.5th to the 97.5th percentile of the thresholds that other draws of
    the same subjects would have given. Scores in it are decided by who happened to be recorded.

    Args:
        table: scores; presentations without one do not count.
        aim: what the threshold is to do. With bona fide presentations alone only `"bpcer"` is
            possible.
        resamples, seed: see `bootstrap.distribution`.

    Returns:
        `{"threshold", "uncertain_from", "uncertain_to", "aim", "presentations", "subjects",
        "failures_to_acquire", "bpcer", "apcer", "outside_band", "needed"}`. `bpcer` and, by
        instrument, `apcer` are `{"rate", "interval", "presentations"}`; without attacks `apcer` is
        None. `outside_band` has the shares that are decided wrongly outside the band, and those
        that are undecided, in it: `{"bona_fide_wrong", "bona_fide_undecided", "attack_wrong",
        "attack_undecided"}`, the latter two None without attacks. `needed` is `clips_needed` for
        the bound, None for `"eer"`. All rates are fractions of 1.

    Raises:
        DataError: there is no bona fide presentation with a score, or the aim needs attacks and
            there are none.
    """
    failures = int(np.count_nonzero(~table.acquired))
    table = table.select(table.acquired)
    live = table.is_bona_fide
    if not live.any():
        raise DataError("calibration: expected bona fide presentations with a face; found none")
    if live.all() and aim.name != BPCER:
        raise DataError(
            f"calibration: expected attacks for a threshold by the {aim.name.upper()}; there are "
            "bona fide presentations alone, which allow --bpcer"
        )
    scores, instruments = table.spoof_scores, np.asarray(table.instruments)
    threshold = _threshold(scores, live, instruments, aim)
    units = _units(table)
    low, high = _band(scores, live, instruments, aim, units, threshold, resamples, seed)
    figures = {
        "threshold": threshold,
        "uncertain_from": low,
        "uncertain_to": high,
        "aim": {"name": aim.name, "rate": aim.rate},
        "presentations": {"bona_fide": int(live.sum()), "attack": int((~live).sum())},
        "subjects": None if table.subjects is None else len(set(table.subjects.tolist())),
        "failures_to_acquire": failures,
        "bpcer": _rate(scores[live] >= threshold, units[live], resamples, seed),
        "apcer": None,
        "outside_band": {
            **_shares("bona_fide", scores[live] >= high, scores[live] < low),
            "attack_wrong": None,
            "attack_undecided": None,
        },
        "needed": None if aim.rate is None else clips_needed(aim.rate),
    }
    if not live.all():
        attack = scores[~live]
        figures["apcer"] = {
            name: _rate(
                scores[instruments == name] < threshold, units[instruments == name], resamples, seed
            )
            for name in sorted(set(instruments[~live].tolist()))
        }
        figures["outside_band"] |= _shares("attack", attack < low, attack >= high)
    return figures


def clips_needed(rate: float) -> int | None:
    """Independent presentations without an error that bound an error rate with 95 % confidence.

    `(1 - rate) ** n <= 0.05`: the one-sided bound of Clopper and Pearson for no error. None for a
    rate of 0, which no number shows.

    Example:
        >>> clips_needed(0.05), clips_needed(0.01)
        (59, 299)
    """
    if rate == 0:
        return None
    return math.ceil(math.log(1 - CONFIDENCE) / math.log(1 - rate))


def _threshold(scores, live, instruments, aim):
    bona_fide, attack = scores[live], scores[~live]
    if aim.name == BPCER:
        # Without attacks, the candidates lie between bona fide scores alone.
        other = attack if attack.size else bona_fide
        return metrics.threshold_at_bpcer(bona_fide, other, aim.rate)
    if aim.name == APCER:
        return metrics.threshold_at_apcer(bona_fide, attack, instruments[~live], aim.rate)
    return metrics.threshold_at_eer(bona_fide, attack)


def _units(table):
    """The number of each presentation's subject, or of itself where subjects are not known."""
    if table.subjects is None:
        return np.arange(len(table.keys))
    _, units = np.unique(table.subjects.astype(str), return_inverse=True)
    return units


def _band(scores, live, instruments, aim, units, threshold, resamples, seed):
    total = int(units.max()) + 1
    if total < 2:
        return threshold, threshold

    def thresholds(weights):
        found = []
        for row in weights.astype(int):
            drawn = np.repeat(np.arange(len(scores)), row[units])
            own_live = live[drawn]
            lacks = not own_live.any() or (own_live.all() and not live.all())
            found.append(
                np.nan if lacks else _threshold(scores[drawn], own_live, instruments[drawn], aim)
            )
        return np.array([found])

    samples = distribution(thresholds, total, len(scores), resamples, seed)[0]
    limits = percentiles(samples, threshold)
    return limits if limits is not None else (threshold, threshold)


def _rate(errors, units, resamples, seed):
    """A share with its interval over subjects."""
    _, own = np.unique(units, return_inverse=True)
    total, point = int(own.max()) + 1, float(errors.mean())

    def share(weights):
        drawn = weights[:, own]
        return ((drawn @ errors) / drawn.sum(axis=1))[None]

    limits = exact_interval(point, total)
    if total > 1:
        samples = distribution(share, total, len(errors), resamples, seed)[0]
        limits = interval(samples, point, total)
    return {"rate": point, "interval": limits, "presentations": len(errors)}


def _shares(name, is_wrong, is_right):
    return {
        f"{name}_wrong": float(is_wrong.mean()),
        f"{name}_undecided": float((~is_wrong & ~is_right).mean()),
    }
