"""Differences of error rates between groups of presentations: phones, sessions, skin tones."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from despoof_keras.evaluation.bootstrap import Limits, difference_interval
from despoof_keras.evaluation.score_table import ScoreTable

RATES = ("bpcer", "apcer")


def add_group_sizes(groups: dict[str, Any], test: ScoreTable) -> None:
    """Add to each group of a summary how many bona fide and attack presentations it has.

    Args:
        groups: mapping from column to `{"values": {value: figures}}`; it is changed.
        test: scores of all presentations that have one.
    """
    for column, group in groups.items():
        for value, figures in group["values"].items():
            where = test.groups[column] == value
            figures["bona_fide"] = int(np.count_nonzero(where & test.is_bona_fide))
            figures["attack"] = int(np.count_nonzero(where & ~test.is_bona_fide))


def largest_differences(
    column: str,
    points: Mapping[tuple[str, ...], float],
    samples: Mapping[tuple[str, ...], np.ndarray],
    limits: Mapping[tuple[str, ...], Limits],
) -> dict[str, Any]:
    """The largest difference between two groups of a column, for each rate.

    The two groups are those that differ most in the data as they are, and the interval is of the
    difference between these two: the largest difference in each resample would be biased upwards.
    It contains 0 where the resamples do not tell the two apart, but since the two were picked
    because they differ, an interval that excludes 0 by little is no proof.

    Args:
        column: such as `"phone"`.
        points: rates by path, with `("groups", column, value, rate)` among the paths.
        samples: the same on resamples, `(resamples,)` each.
        limits: their intervals.

    Returns:
        Mapping from rate to `{"difference", "between": [highest, lowest], "interval"}`, or None
        where fewer than two groups have the rate.
    """
    largest: dict[str, Any] = {}
    for rate in RATES:
        known = {
            path: point
            for path, point in points.items()
            if path[:2] == ("groups", column) and path[-1] == rate and not np.isnan(point)
        }
        if len(known) < 2:
            largest[rate] = None
            continue
        highest, lowest = max(known, key=known.__getitem__), min(known, key=known.__getitem__)
        if highest == lowest:  # all are equal
            lowest = next(path for path in known if path != highest)
        largest[rate] = {
            "difference": known[highest] - known[lowest],
            "between": [highest[2], lowest[2]],
            "interval": difference_interval(
                [samples[highest], samples[lowest]],
                [known[highest], known[lowest]],
                [limits[highest], limits[lowest]],
            ),
        }
    return largest
