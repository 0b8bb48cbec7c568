"""The figures of a protocol: those of its one run, or those of its folds put together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

# Of what `summary.summarise` gives, the figures that protocols are told by.
RATES = ("acer", "apcer", "bpcer", "hter", "auc", "eer_dev", "bpcer_at_apcer", "achieved_apcer")
INTERVALS = "intervals"


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
        names = [name for name in values[0] if name != INTERVALS]
        return {name: _over([value[name] for value in values], function) for name in names}
    if any(value is None or math.isnan(value) for value in values):
        return None
    return float(function(values))
