"""How often crops are drawn for training: by class, and within a class by what they show."""

from __future__ import annotations

import collections
import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from despoof_keras.datasets.crops import PreparedCrops
from despoof_keras.datasets.samples import VideoSample
from despoof_keras.datasets.shards import read_index
from despoof_keras.errors import DataError

# What a video can be told apart by, besides the data set's own columns (`VideoSample.groups`).
COLUMNS = ("pai", "instrument", "phone", "session", "subject")
Weights = Mapping[str, Mapping[str, float]]


@dataclasses.dataclass(frozen=True)
class Balance:
    """How often crops are drawn for training.

    Attributes:
        attack_share: share of attacks in every batch; the rest is bona fide.
        weights: by the name of a column, how often each of its values is drawn within a class, in
            relation to the others; a value that is not named has the weight 1. Without columns,
            crops of a class are drawn alike. One of `COLUMNS` or of the data set's own.
    """

    attack_share: float = 0.5
    weights: Weights = dataclasses.field(default_factory=dict)

    def rows(self, batch_size: int) -> tuple[int, int] | None:
        """How many crops of a batch are bona fide and how many are attacks.

        Returns:
            Both numbers; None if they would not be whole numbers from 1.
        """
        attacks = round(batch_size * self.attack_share)
        is_whole = math.isclose(attacks, batch_size * self.attack_share, abs_tol=1e-6)
        return (batch_size - attacks, attacks) if is_whole and 0 < attacks < batch_size else None


class Group(NamedTuple):
    """Crops that are drawn alike.

    Attributes:
        paths: the shards that have some of them.
        keys: the videos that they are of.
        weight: how often they are drawn in relation to other groups.
    """

    paths: tuple[Path, ...]
    keys: tuple[str, ...]
    weight: float


def groups_of(crops: PreparedCrops, paths: Sequence[Path], weights: Weights) -> list[Group]:
    """Group the crops of some shards of one class by the values of all columns with weights.

    The weight of a group is the product of those of its values; groups of weight 0 are left out.

    Raises:
        DataError: a column or a value that has a weight is not there, or nothing is left.
    """
    check_weights(crops.samples, weights)
    sample_of = {sample.key: sample for sample in crops.samples}
    shards: dict[tuple[str, ...], dict[Path, None]] = collections.defaultdict(dict)
    keys: dict[tuple[str, ...], dict[str, None]] = collections.defaultdict(dict)
    for path in paths:
        for shown in read_index(path)[0]:
            values = tuple(value_of(sample_of[shown.key], column) for column in weights)
            shards[values][path] = keys[values][shown.key] = None
    groups = []
    for values in sorted(shards):
        pairs = zip(weights.values(), values, strict=True)
        weight = math.prod(column.get(value, 1.0) for column, value in pairs)
        if weight:
            groups.append(Group(tuple(shards[values]), tuple(keys[values]), weight))
    if not groups:
        raise DataError(
            "sampling_weights: expected weights that leave crops of both classes; all crops of one "
            "have the weight 0"
        )
    return groups


def check_weights(samples: Iterable[VideoSample], weights: Weights) -> None:
    """Make sure that every column and value that has a weight is there.

    Raises:
        DataError: one is not; the message names those that are.
    """
    samples = tuple(samples)
    for column, of_values in weights.items():
        found = {value_of(sample, column) for sample in samples} - {""}
        if not found:
            others = dict.fromkeys(name for sample in samples for name, _ in sample.groups)
            raise DataError(
                f"sampling_weights: expected a column of the data, one of "
                f"{', '.join((*COLUMNS, *others))}; received {column!r}"
            )
        for value in of_values:
            if value not in found:
                raise DataError(
                    f"sampling_weights: expected values of {column} in the train split, of "
                    f"{', '.join(sorted(found))}; received {value!r}"
                )


def value_of(sample: VideoSample, column: str) -> str:
    """The value of a column, as text; empty where the video has none."""
    value = getattr(sample, column) if column in COLUMNS else dict(sample.groups).get(column)
    return "" if value is None else str(value)
