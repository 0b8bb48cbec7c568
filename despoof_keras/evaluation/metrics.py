"""Error rates of presentation-attack detection, and thresholds (NumPy only).

Direction: a *spoof score* is higher for attacks. A presentation is classified as an attack if and
only if its score s >= t. All rates are fractions of 1.

Candidates and ties: candidate thresholds lie midway between neighbouring distinct scores of both
classes together, and beyond either end (everything an attack; nothing an attack). Of several
equally good candidates the lowest threshold is chosen, which classifies more presentations as
attacks.

A threshold comes from the dev set (`threshold_at_...`) and is then applied to the test set: the
rates take it as an argument and never choose it themselves. A class without samples has no rate
and raises an error. So do NaN scores, which mark failures to acquire: `split_failures` removes and
counts them. Infinite scores raise an error as well, because they are the model's fault and not the
camera's.

Reference: ISO/IEC 30107-3 (APCER, BPCER; ACER as in its first edition and OULU-NPU's protocols).
Candidates and tie rule are those of bob.measure and bob.pad.base, mirrored, because their scores
have the opposite sign (higher for bona fide).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from despoof_keras.errors import DataError


def split_failures(scores: ArrayLike) -> tuple[NDArray[np.bool_], float]:
    """Separate failures to acquire (NaN scores) from scores.

    Args:
        scores: `(n,)` spoof scores, NaN for presentations without a score.

    Returns:
        `(acquired, rate)`: boolean mask `(n,)` of the presentations with a score, and the
        failure-to-acquire rate, the share of presentations without one.

    Raises:
        DataError: there are no scores.

    Example:
        >>> acquired, rate = split_failures([0.25, float("nan"), 0.75, 1.0])
        >>> acquired.tolist(), rate
        ([True, False, True, True], 0.25)
    """
    scores = np.asarray(scores, np.float64)
    if scores.ndim != 1 or not scores.size:
        raise DataError(
            f"scores: expected at least one, in one dimension; received shape {scores.shape}"
        )
    acquired = ~np.isnan(scores)
    return acquired, float(1.0 - acquired.sum() / scores.size)


def bpcer(bona_fide: ArrayLike, threshold: float) -> float:
    """Compute the bona fide presentation classification error rate: bona fide with s >= t.

    Args:
        bona_fide: `(n,)` spoof scores of bona fide presentations.
        threshold: t.

    Returns:
        Fraction of 1.

    Raises:
        DataError: there are no scores, a score is not finite, or the threshold is NaN.

    Example:
        >>> bpcer([0.1, 0.2, 0.6, 0.3], threshold=0.3)
        0.5
    """
    bona_fide = _scores(bona_fide, "bona fide")
    return float(np.count_nonzero(bona_fide >= _threshold(threshold)) / bona_fide.size)


def apcer_per_species(attack: ArrayLike, species: ArrayLike, threshold: float) -> dict[str, float]:
    """Compute each species' attack presentation classification error rate: attacks with s < t.

    Args:
        attack: `(n,)` spoof scores of attack presentations.
        species: `(n,)` names; the caller chooses what they distinguish (four species, two
            instruments).
        threshold: t.

    Returns:
        Mapping from species, sorted by name, to a fraction of 1.

    Raises:
        DataError: as in `bpcer`; or `species` has another length.

    Example:
        >>> apcer_per_species([0.1, 0.9, 0.8], ["print", "print", "replay"], threshold=0.5)
        {'print': 0.5, 'replay': 0.0}
    """
    groups = _by_species(attack, species)
    return {name: _share_below(scores, threshold) for name, scores in groups.items()}


def apcer(attack: ArrayLike, species: ArrayLike, threshold: float) -> float:
    """Compute the APCER of the worst species; arguments and errors as in `apcer_per_species`."""
    return max(apcer_per_species(attack, species, threshold).values())


def acer(bona_fide: ArrayLike, attack: ArrayLike, species: ArrayLike, threshold: float) -> float:
    """Compute the average classification error rate: BPCER and the worst APCER, averaged."""
    return (apcer(attack, species, threshold) + bpcer(bona_fide, threshold)) / 2.0


def hter(bona_fide: ArrayLike, attack: ArrayLike, threshold: float) -> float:
    """Compute the half total error rate: the mean of BPCER and the APCER of all attacks pooled."""
    return (_share_below(_scores(attack, "attack"), threshold) + bpcer(bona_fide, threshold)) / 2.0


def det_curve(
    bona_fide: ArrayLike, attack: ArrayLike, species: ArrayLike | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Compute the error rates at every candidate threshold, for plots and to choose thresholds.

    Args:
        bona_fide: `(n,)` spoof scores of bona fide presentations.
        attack: `(m,)` spoof scores of attack presentations.
        species: `(m,)` names, for the APCER of the worst species; `None` pools all attacks.

    Returns:
        `(thresholds, apcer, bpcer)`, float64 arrays of the same length. Thresholds ascend, APCER
        rises from 0 to 1 and BPCER falls from 1 to 0.

    Raises:
        DataError: as in `apcer_per_species`.
    """
    bona_fide, attack = _scores(bona_fide, "bona fide"), _scores(attack, "attack")
    groups = [attack] if species is None else list(_by_species(attack, species).values())
    values = np.unique(np.concatenate([bona_fide, attack]))
    low, high = values[:-1], values[1:]
    middle = low / 2.0 + high / 2.0
    # Adjacent floating-point numbers have no middle: it rounds to one of them.
    middle = np.where(middle > low, middle, high)
    thresholds = np.concatenate([values[:1], middle, [np.nextafter(values[-1], np.inf)]])
    misses = [np.searchsorted(np.sort(group), thresholds) / group.size for group in groups]
    below = np.searchsorted(np.sort(bona_fide), thresholds)
    return thresholds, np.max(misses, axis=0), (bona_fide.size - below) / bona_fide.size


def eer(bona_fide: ArrayLike, attack: ArrayLike) -> tuple[float, float]:
    """Compute the equal error rate, all attacks pooled.

    The threshold is the lowest of the candidates with the least |APCER - BPCER|.

    Args:
        bona_fide, attack: spoof scores, `(n,)` and `(m,)`.

    Returns:
        `(rate, threshold)`; the rate is the HTER at the threshold, because the two error rates
        need not meet exactly.

    Raises:
        DataError: as in `hter`.

    Reference: bob.measure's `eer_threshold`. Its candidates are the midpoints and "nothing an
    attack", without "everything an attack", which would matter only if all scores were equal.

    Example:
        >>> eer([0.0, 1.0, 2.0, 6.0], [4.0, 5.0, 7.0, 8.0])
        (0.25, 4.5)
    """
    thresholds, misses, alarms = det_curve(bona_fide, attack)
    # Ties are decided on whole numbers, because 1/2 - 1/3 and 2/3 - 1/2 differ in floating point.
    pairs = np.size(bona_fide) * np.size(attack)
    gaps = np.rint(np.abs(misses - alarms) * pairs)[1:]
    best = 1 + int(np.argmin(gaps))
    return float((misses[best] + alarms[best]) / 2.0), float(thresholds[best])


def threshold_at_eer(bona_fide: ArrayLike, attack: ArrayLike) -> float:
    """Return the threshold of `eer`."""
    return eer(bona_fide, attack)[1]


def threshold_at_bpcer(bona_fide: ArrayLike, attack: ArrayLike, max_bpcer: float) -> float:
    """Return the threshold with the least APCER among those with BPCER <= `max_bpcer`.

    Args:
        bona_fide, attack: spoof scores, `(n,)` and `(m,)`.
        max_bpcer: bound, a fraction of 1, for example 0.01. It can always be met.

    Returns:
        The lowest candidate threshold that meets the bound.

    Raises:
        DataError: as in `det_curve`; or the bound is not in [0, 1].

    Example:
        >>> threshold_at_bpcer([0.0, 1.0, 2.0, 6.0], [4.0, 5.0, 7.0, 8.0], max_bpcer=0.25)
        3.0
    """
    thresholds, _, alarms = det_curve(bona_fide, attack)
    return float(thresholds[alarms <= _bound(max_bpcer, "max_bpcer")][0])


def threshold_at_apcer(
    bona_fide: ArrayLike, attack: ArrayLike, species: ArrayLike | None, max_apcer: float
) -> float:
    """Return the threshold with the least BPCER among those with APCER <= `max_apcer`.

    The BPCER at this threshold is BPCER10 for a bound of 0.10, BPCER20 for 0.05 and BPCER100 for
    0.01.

    Args:
        bona_fide, attack: spoof scores, `(n,)` and `(m,)`.
        species: `(m,)` names; the bound applies to the worst species. `None` pools all attacks.
        max_apcer: bound, a fraction of 1. It can always be met.

    Returns:
        The lowest of the candidate thresholds with this BPCER.

    Raises:
        DataError: as in `det_curve`; or the bound is not in [0, 1].

    Example:
        >>> threshold_at_apcer([0.0, 1.0, 2.0, 6.0], [4.0, 5.0, 7.0, 8.0], None, max_apcer=0.25)
        3.0
    """
    thresholds, misses, alarms = det_curve(bona_fide, attack, species)
    allowed = misses <= _bound(max_apcer, "max_apcer")
    best = np.min(alarms[allowed])
    return float(thresholds[allowed & (alarms == best)][0])


def auc(bona_fide: ArrayLike, attack: ArrayLike) -> float:
    """Compute the area under the ROC curve: how often an attack scores above a bona fide.

    Ties count half, so a constant score gives 0.5.

    Args:
        bona_fide, attack: spoof scores, `(n,)` and `(m,)`.

    Returns:
        Fraction of 1.

    Raises:
        DataError: as in `bpcer`.

    Example:
        >>> auc([1.0, 2.0], [2.0, 3.0])
        0.875
    """
    bona_fide, attack = np.sort(_scores(bona_fide, "bona fide")), _scores(attack, "attack")
    below = np.searchsorted(bona_fide, attack, side="left").sum()
    not_above = np.searchsorted(bona_fide, attack, side="right").sum()
    return float((below + not_above) / 2.0 / (bona_fide.size * attack.size))


def summarise_folds(folds: Iterable[float | Mapping[str, Any]]) -> dict[str, Any]:
    """Compute mean and population standard deviation (ddof 0) over folds.

    Args:
        folds: numbers, or (nested) mappings of numbers with the same keys. Each fold has its own
            threshold.

    Returns:
        `{"mean", "std", "folds"}`, where `folds` is their number; for mappings, a mapping with
        the same keys to such results.

    Raises:
        DataError: there are no folds, or their keys differ.

    Example:
        >>> summarise_folds([{"bpcer": 0.1}, {"bpcer": 0.3}])["bpcer"]["mean"]
        0.2
    """
    results: list[Any] = list(folds)
    if not results:
        raise DataError("folds: expected at least one; received none")
    if isinstance(results[0], dict):
        keys = list(results[0])
        for fold in results:
            if set(fold) != set(keys):
                raise DataError(f"folds: expected the same keys; received {keys} and {list(fold)}")
        return {key: summarise_folds([fold[key] for fold in results]) for key in keys}
    return {"mean": float(np.mean(results)), "std": float(np.std(results)), "folds": len(results)}


def _scores(scores: ArrayLike, what: str) -> NDArray[np.float64]:
    scores = np.asarray(scores, np.float64)
    if scores.ndim != 1 or not scores.size:
        raise DataError(f"expected at least one {what} score; received shape {scores.shape}")
    if not np.isfinite(scores).all():
        raise DataError(
            f"expected finite {what} scores; received {np.count_nonzero(np.isnan(scores))} NaN "
            "(remove them with split_failures) and "
            f"{np.count_nonzero(np.isinf(scores))} infinite"
        )
    return scores


def _by_species(attack: ArrayLike, species: ArrayLike) -> dict[str, NDArray[np.float64]]:
    attack, species = _scores(attack, "attack"), np.asarray(species)
    if species.shape != attack.shape:
        raise DataError(f"species: expected {attack.size} names; received shape {species.shape}")
    return {str(name): attack[species == name] for name in np.unique(species)}


def _share_below(scores, threshold):
    return float(np.count_nonzero(scores < _threshold(threshold)) / scores.size)


def _threshold(threshold):
    if np.isnan(threshold):
        raise DataError("threshold: expected a number; received NaN")
    return threshold


def _bound(bound, name):
    if not 0.0 <= bound <= 1.0:
        raise DataError(f"{name}: expected a fraction in [0, 1]; received {bound}")
    return bound
