"""Intervals by resampling persons: the bootstrap over subjects.

Frames, clips and sessions of one person are not independent, so whole subjects are drawn, with
replacement, and a subject that is drawn twice counts twice with everything that is known of it.
Where a source names no subjects, presentations are drawn instead; the intervals are then too narrow
if persons recur.

Figures are computed for many resamples at once, from weights: how often each unit was drawn.

Reference: B. Efron, R. Tibshirani, *An Introduction to the Bootstrap* (1993), chapters 8 (whole
units) and 13 (percentile intervals). C. Clopper, E. Pearson, Biometrika 26 (1934), for figures
without spread.
"""

import warnings
from collections.abc import Callable, Sequence

import numpy as np
from scipy import stats

from despoof_keras.errors import DataError

RESAMPLES = 2000
CONFIDENCE = 0.95
SUBJECT, PRESENTATION = "subject", "presentation"
# Shares that differ by less differ by rounding.
_ROUNDING = 1e-9
# Weights of presentations that are held at a time, some 16 MB.
_MOST_WEIGHTS = 2_000_000

# [low, high], or None where there is no interval.
Limits = list[float] | None
Statistic = Callable[[np.ndarray], np.ndarray]


def distribution(
    statistic: Statistic, units: int, width: int, resamples: int = RESAMPLES, seed: int = 0
) -> np.ndarray:
    """Compute figures on resamples of some units.

    Args:
        statistic: function of `(batch, units)` weights, whole numbers that add up to `units` in
            each row; it returns `(figures, batch)`, NaN where a figure does not exist.
        units: number of units, at least 2.
        width: largest number of values that the statistic holds for each resample; it bounds the
            memory.
        resamples: number of resamples.
        seed: of the drawing. The same seed and number of units give the same resamples.

    Returns:
        `(figures, resamples)` float64.

    Raises:
        DataError: there are fewer than two units.
    """
    if units < 2:
        raise DataError(
            f"intervals: expected scores of at least two subjects to draw from; received {units}"
        )

    def of_drawn(drawn, axis):
        return statistic(_weights(np.atleast_2d(drawn), units))

    with warnings.catch_warnings():
        # SciPy's own interval, which is not used, has no place for figures that are NaN.
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        result = stats.bootstrap(
            (np.arange(units),),
            of_drawn,
            n_resamples=resamples,
            batch=max(1, _MOST_WEIGHTS // max(width, units)),
            vectorized=True,
            axis=-1,
            method="percentile",
            # SciPy 1.15 calls it `rng`, and still understands this.
            random_state=np.random.default_rng(seed),
        )
    return result.bootstrap_distribution


def _weights(drawn, units):
    """How often each unit was drawn in each row."""
    rows = len(drawn)
    places = drawn.astype(np.int64) + units * np.arange(rows)[:, None]
    counts = np.bincount(places.ravel(), minlength=rows * units)
    return counts.reshape(rows, units).astype(np.float64)


def interval(samples: np.ndarray, point: float, units: int) -> Limits:
    """Interval of a figure between 0 and 1.

    It is that of `percentiles`. A figure that is the same in all resamples, such as a rate of 0 or
    that of a single subject, has no spread there, though others of the same kind would differ: it
    gets the interval of `exact_interval` instead.

    Args:
        samples: `(resamples,)`, NaN where a resample lacks the figure.
        point: the figure.
        units: number of independent units behind it.

    Returns:
        `[low, high]`, or None where the figure or all samples are NaN.

    Example:
        >>> [round(limit, 3) for limit in interval(np.zeros(9), 0.0, units=20)]
        [0.0, 0.168]
    """
    if has_spread(samples, point):
        return percentiles(samples, point)
    return exact_interval(point, units)


def has_spread(samples: np.ndarray, point: float) -> bool:
    """Whether resamples, `(resamples,)`, have other values than the figure itself, or none."""
    if np.isnan(point) or np.isnan(samples).all():
        return True
    return bool(np.nanmax(np.abs(samples - point)) > _ROUNDING)


def percentiles(samples: np.ndarray, point: float | None = None) -> Limits:
    """From the 2.5th to the 97.5th percentile of the resamples that have the figure.

    Args:
        samples: `(resamples,)`, NaN where a resample lacks the figure.
        point: the figure. The interval is made to contain it, which the percentiles of a maximum
            may not; None: leave it.

    Returns:
        `[low, high]`, or None where the figure or all samples are NaN.
    """
    samples = samples[~np.isnan(samples)]
    if not samples.size or (point is not None and np.isnan(point)):
        return None
    tail = (1.0 - CONFIDENCE) / 2.0
    low, high = np.quantile(samples, (tail, 1.0 - tail))
    return [
        float(low if point is None else min(low, point)),
        float(high if point is None else max(high, point)),
    ]


def exact_interval(point: float, units: int) -> list[float]:
    """The interval of Clopper and Pearson for a share of independent units.

    Args:
        point: the share.
        units: number of units. Their product need not be whole, for the limits are quantiles of
            beta distributions.

    Example:
        >>> [round(limit, 3) for limit in exact_interval(0.25, units=1)]
        [0.0, 0.991]
    """
    tail = (1.0 - CONFIDENCE) / 2.0
    errors = point * units
    low = stats.beta.ppf(tail, errors, units - errors + 1.0) if errors > _ROUNDING else 0.0
    high = (
        stats.beta.ppf(1.0 - tail, errors + 1.0, units - errors)
        if units - errors > _ROUNDING
        else 1.0
    )
    return [float(low), float(high)]


def difference_interval(
    samples: Sequence[np.ndarray], points: Sequence[float], limits: Sequence[Limits]
) -> Limits:
    """Interval of the difference of two figures, the first minus the second.

    It is that of `percentiles`. Where neither figure has spread, their difference has none either,
    which proves nothing: then it reaches as far as their own limits allow.

    Args:
        samples: of both figures on the same resamples, `(resamples,)` each.
        points: both figures.
        limits: their intervals, as from `interval`.

    Returns:
        `[low, high]`, or None where a figure or all samples are NaN.

    Example:
        >>> difference_interval([np.zeros(9)] * 2, [0.0, 0.0], [[0.0, 0.1], [0.0, 0.2]])
        [-0.2, 0.1]
    """
    first, second = limits
    if first is None or second is None:
        return None
    if any(has_spread(*figure) for figure in zip(samples, points, strict=True)):
        return percentiles(samples[0] - samples[1], points[0] - points[1])
    return [first[0] - second[1], first[1] - second[0]]
