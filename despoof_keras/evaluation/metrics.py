"""Error rates of presentation-attack detection, and thresholds (NumPy only).

Direction: a *spoof score* is higher for attacks. A presentation is called an attack if and only if
its score s >= t. All rates are fractions of 1.

Ties and candidates: candidate thresholds lie midway between neighbouring distinct scores of both
classes together, and beyond either end (all called attacks; none called attacks). If several
candidates are equally good, the lowest threshold wins, which calls more presentations attacks.

A threshold comes from the dev set (`threshold_at_...`) and is then applied to the test set: the
rates take it as an argument and never choose it. A class without samples has no rate and raises an
error; so do NaN scores, which are failures to acquire: `split_failures` removes and counts them.
Infinite scores raise as well: they are a failure of the model, not of the camera.

Reference: ISO/IEC 30107-3 (APCER, BPCER; ACER as in its first edition and OULU-NPU's protocols).
bob.measure and bob.pad.base work on the opposite sign (bona fide is higher); candidates and tie
rule are theirs, mirrored.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from despoof_keras.errors import DataError

Scores = Sequence[float] | np.ndarray
Species = Sequence[str] | np.ndarray


def split_failures(scores: Scores) -> tuple[np.ndarray, float]:
    """Separate failures to acquire (NaN scores) from scores.

    Args:
        scores: `(n,)` spoof scores, NaN where a presentation gave none.

    Returns:
        `(acquired, rate)`: boolean mask `(n,)` of the presentations with a score, and the failure
        to acquire rate, the share of those without.

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


def bpcer(bona_fide: Scores, threshold: float) -> float:
    """Bona fide presentation classification error rate: share of bona fide with s >= t.

    Args:
        bona_fide: `(n,)` spoof scores of bona fide presentations.
        threshold: t.

    Returns:
        Fraction of 1.

    Raises:
        DataError: no scores, or scores that are not finite; the threshold is NaN.

    Example:
        >>> bpcer([0.1, 0.2, 0.6, 0.3], threshold=0.3)
        0.5
    """
    bona_fide = _scores(bona_fide, "bona fide")
    return float(np.count_nonzero(bona_fide >= _threshold(threshold)) / bona_fide.size)


def apcer_per_species(attack: Scores, species: Species, threshold: float) -> dict[str, float]:
    """Attack presentation classification error rate of each species: share with s < t.

    Args:
        attack: `(n,)` spoof scores of attack presentations.
        species: `(n,)` names; the caller chooses what they distinguish (four species, two
            instruments).
        threshold: t.

    Returns:
        Mapping from species, sorted by name, to a fraction of 1.

    Raises:
        DataError: as `bpcer`; `species` has a different length.

    Example:
        >>> apcer_per_species([0.1, 0.9, 0.8], ["print", "print", "replay"], threshold=0.5)
        {'print': 0.5, 'replay': 0.0}
    """
    groups = _by_species(attack, species)
    return {name: _share_below(scores, threshold) for name, scores in groups.items()}


def apcer(attack: Scores, species: Species, threshold: float) -> float:
    """APCER: that of the worst species. Arguments and errors as `apcer_per_species`."""
    return max(apcer_per_species(attack, species, threshold).values())


def acer(bona_fide: Scores, attack: Scores, species: Species, threshold: float) -> float:
    """Average classification error rate, `(APCER + BPCER) / 2`, APCER of the worst species."""
    return (apcer(attack, species, threshold) + bpcer(bona_fide, threshold)) / 2.0


def hter(bona_fide: Scores, attack: Scores, threshold: float) -> float:
    """Half total error rate: the mean of BPCER and of the APCER of all attacks pooled."""
    return (_share_below(_scores(attack, "attack"), threshold) + bpcer(bona_fide, threshold)) / 2.0


def det_curve(
    bona_fide: Scores, attack: Scores, species: Species | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Error rates at every candidate threshold, for plots and for choosing thresholds.

    Args:
        bona_fide: `(n,)` spoof scores of bona fide presentations.
        attack: `(m,)` spoof scores of attack presentations.
        species: `(m,)` names, for the APCER of the worst species; `None` pools all attacks.

    Returns:
        `(thresholds, apcer, bpcer)`, float64 arrays of the same length, thresholds ascending: APCER
        goes from 0 up to 1, BPCER from 1 down to 0.

    Raises:
        DataError: as `apcer_per_species`.
    """
    bona_fide, attack = _scores(bona_fide, "bona fide"), _scores(attack, "attack")
    groups = [attack] if species is None else list(_by_species(attack, species).values())
    values = np.unique(np.concatenate([bona_fide, attack]))
    low, high = values[:-1], values[1:]
    middle = low / 2.0 + high / 2.0
    # Neighbours in floating point have no middle: it rounds to one of them.
    middle = np.where(middle > low, middle, high)
    thresholds = np.concatenate([values[:1], middle, [np.nextafter(values[-1], np.inf)]])
    misses = [np.searchsorted(np.sort(group), thresholds) / group.size for group in groups]
    below = np.searchsorted(np.sort(bona_fide), thresholds)
    return thresholds, np.max(misses, axis=0), (bona_fide.size - below) / bona_fide.size


def eer(bona_fide: Scores, attack: Scores) -> tuple[float, float]:
    """Equal error rate, all attacks pooled.

    It is taken at the candidate with the least |APCER - BPCER|; of several, the lowest threshold.

    Args:
        bona_fide, attack: spoof scores, `(n,)` and `(m,)`.

    Returns:
        `(rate, threshold)`; the rate is the HTER at the threshold, for the two error rates need
        not meet exactly.

    Raises:
        DataError: as `hter`.

    Reference: bob.measure's `eer_threshold`. Its candidates are the midpoints and "none called
    attacks", without "all called attacks", which could only matter if all scores were equal.

    Example:
        >>> eer([0.0, 1.0, 2.0, 6.0], [4.0, 5.0, 7.0, 8.0])
        (0.25, 4.5)
    """
    thresholds, misses, alarms = det_curve(bona_fide, attack)
    # Ties are decided on whole numbers, because 1/2 - 1/3 and 2/3 - 1/2 differ in floating point.
    pairs = len(bona_fide) * len(attack)
    gaps = np.rint(np.abs(misses - alarms) * pairs)[1:]
    best = 1 + int(np.argmin(gaps))
    return float((misses[best] + alarms[best]) / 2.0), float(thresholds[best])


def threshold_at_eer(bona_fide: Scores, attack: Scores) -> float:
    """Threshold of `eer`."""
    return eer(bona_fide, attack)[1]


def threshold_at_bpcer(bona_fide: Scores, attack: Scores, max_bpcer: float) -> float:
    """Threshold with the least APCER among those with BPCER <= `max_bpcer`.

    Args:
        bona_fide, attack: spoof scores, `(n,)` and `(m,)`.
        max_bpcer: bound, a fraction of 1, e.g. 0.01. It can always be met.

    Returns:
        The lowest candidate threshold that meets the bound.

    Raises:
        DataError: as `det_curve`; the bound is not in [0, 1].

    Example:
        >>> threshold_at_bpcer([0.0, 1.0, 2.0, 6.0], [4.0, 5.0, 7.0, 8.0], max_bpcer=0.25)
        3.0
    """
    thresholds, _, alarms = det_curve(bona_fide, attack)
    return float(thresholds[alarms <= _bound(max_bpcer, "max_bpcer")][0])


def threshold_at_apcer(
    bona_fide: Scores, attack: Scores, species: Species | None, max_apcer: float
) -> float:
    """Threshold with the least BPCER among those with APCER <= `max_apcer`.

    The BPCER there is BPCER10 for a bound of 0.10, BPCER20 for 0.05, BPCER100 for 0.01.

    Args:
        bona_fide, attack: spoof scores, `(n,)` and `(m,)`.
        species: `(m,)` names: the bound holds for the worst species; `None` pools all attacks.
        max_apcer: bound, a fraction of 1. It can always be met.

    Returns:
        The lowest of the candidates that have this least BPCER.

    Raises:
        DataError: as `det_curve`; the bound is not in [0, 1].

    Example:
        >>> threshold_at_apcer([0.0, 1.0, 2.0, 6.0], [4.0, 5.0, 7.0, 8.0], None, max_apcer=0.25)
        3.0
    """
    thresholds, misses, alarms = det_curve(bona_fide, attack, species)
    allowed = misses <= _bound(max_apcer, "max_apcer")
    best = np.min(alarms[allowed])
    return float(thresholds[allowed & (alarms == best)][0])


def auc(bona_fide: Scores, attack: Scores) -> float:
    """Area under the ROC curve: chance that an attack scores above a bona fide presentation.

    Ties count half, so that a constant score has 0.5.

    Args:
        bona_fide, attack: spoof scores, `(n,)` and `(m,)`.

    Returns:
        Fraction of 1.

    Raises:
        DataError: as `bpcer`.

    Example:
        >>> auc([1.0, 2.0], [2.0, 3.0])
        0.875
    """
    bona_fide, attack = np.sort(_scores(bona_fide, "bona fide")), _scores(attack, "attack")
    below = np.searchsorted(bona_fide, attack, side="left").sum()
    not_above = np.searchsorted(bona_fide, attack, side="right").sum()
    return float((below + not_above) / 2.0 / (bona_fide.size * attack.size))


def summarise_folds(folds: Iterable[Any]) -> dict[str, Any]:
    """Mean and population standard deviation (ddof 0) over folds, each with its own threshold.

    Args:
        folds: sequence of numbers, or of (nested) mappings of numbers with the same keys.

    Returns:
        `{"mean", "std", "folds"}`, where `folds` is their number, or a mapping of such mappings.

    Raises:
        DataError: there are no folds, or their keys differ.

    Example:
        >>> summarise_folds([{"bpcer": 0.1}, {"bpcer": 0.3}])["bpcer"]["mean"]
        0.2
    """
    folds = list(folds)
    if not folds:
        raise DataError("folds: expected at least one, received none")
    if isinstance(folds[0], dict):
        keys = list(folds[0])
        for fold in folds:
            if set(fold) != set(keys):
                raise DataError(f"folds: expected the same keys, received {keys} and {list(fold)}")
        return {key: summarise_folds([fold[key] for fold in folds]) for key in keys}
    return {"mean": float(np.mean(folds)), "std": float(np.std(folds)), "folds": len(folds)}


def _scores(scores: Scores, what: str) -> np.ndarray:
    scores = np.asarray(scores, np.float64)
    if scores.ndim != 1 or not scores.size:
        raise DataError(f"expected at least one {what} score; received shape {scores.shape}")
    if not np.isfinite(scores).all():
        raise DataError(
            f"expected finite {what} scores; received {np.count_nonzero(np.isnan(scores))} NaN "
            "(take them out with split_failures) and "
            f"{np.count_nonzero(np.isinf(scores))} infinite"
        )
    return scores


def _by_species(attack: Scores, species: Species) -> dict[str, np.ndarray]:
    attack, species = _scores(attack, "attack"), np.asarray(species)
    if species.shape != attack.shape:
        raise DataError(f"species: expected {attack.size} names; received shape {species.shape}")
    return {str(name): attack[species == name] for name in np.unique(species)}


def _share_below(scores: np.ndarray, threshold: float) -> float:
    return float(np.count_nonzero(scores < _threshold(threshold)) / scores.size)


def _threshold(threshold):
    if np.isnan(threshold):
        raise DataError("threshold: expected a number; received NaN")
    return threshold


def _bound(bound, name):
    if not 0.0 <= bound <= 1.0:
        raise DataError(f"{name}: expected a fraction in [0, 1]; received {bound}")
    return bound
