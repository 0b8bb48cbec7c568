"""The splits of a protocol: their videos, what was left out of them, and rules that they keep."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from despoof_keras.datasets.left_out import LeftOutFile
from despoof_keras.datasets.samples import SPLITS, VideoSample
from despoof_keras.errors import DataError, shown

logger = logging.getLogger(__name__)

# Where a data set has no dev split, every fifth subject of train makes it, as in the five-fold
# cross-validation of bob.db.casia_fasd.
FOLDS = (1, 2, 3, 4, 5)


class Splits(dict[str, list[VideoSample]]):
    """The videos of `"train"`, `"dev"` and `"test"`.

    Args:
        videos: mapping from split to its videos.
        left_out: files and lines of the data set that could not be used.

    Attributes:
        left_out: as given.
    """

    def __init__(
        self, videos: Mapping[str, list[VideoSample]], left_out: Iterable[LeftOutFile] = ()
    ):
        super().__init__(videos)
        self.left_out = tuple(left_out)


def dev_subjects(subjects: Iterable[int], fold: int | None = None) -> set[int]:
    """Choose the subjects of train that make the dev split.

    Args:
        subjects: those of train.
        fold: one of `FOLDS`; None for the first.

    Returns:
        A fifth of them: of the subjects in ascending order the one at place `fold`, and every fifth
        after it.

    Example:
        >>> sorted(dev_subjects(range(1, 21))), sorted(dev_subjects(range(1, 21), 5))
        ([1, 6, 11, 16], [5, 10, 15, 20])
    """
    return set(sorted(set(subjects))[(fold or FOLDS[0]) - 1 :: len(FOLDS)])


def with_dev(
    train: Sequence[VideoSample], fold: int | None = None
) -> tuple[list[VideoSample], list[VideoSample]]:
    """Part the videos of train into train and dev, see `dev_subjects`."""
    chosen = dev_subjects((int(sample.subject) for sample in train), fold)
    logger.info(
        "subjects of train that make the dev split: %s", ", ".join(map(str, sorted(chosen)))
    )
    return (
        [sample for sample in train if sample.subject not in chosen],
        [sample for sample in train if sample.subject in chosen],
    )


def check_subjects(splits: Mapping[str, Sequence[VideoSample]]) -> None:
    """Make sure that every subject belongs to one split.

    Raises:
        DataError: videos of a subject are in two splits; the message names one of each.
    """
    first: dict[int | str, tuple[str, VideoSample]] = {}
    for split, samples in splits.items():
        for sample in samples:
            other, video = first.setdefault(sample.subject, (split, sample))
            if other != split:
                raise DataError(
                    f"{sample.path}: expected each subject in one split, or the error rates would "
                    f"not be those of unknown faces; subject {shown(sample.subject)} is in {split} "
                    f"and, by {video.path}, in {other}"
                )


def check_classes(
    splits: Mapping[str, Sequence[VideoSample]],
    source: str | Path,
    protocol: str,
    needs_attacks: bool = True,
) -> None:
    """Make sure that every split has bona fide presentations and attacks.

    Args:
        splits: the splits.
        source: what messages begin with: the folder or file.
        protocol: the protocol, and its fold, in words.
        needs_attacks: whether attacks are asked for.

    Raises:
        DataError: a split lacks one of the two.
    """
    for split in SPLITS:
        labels = [sample.label for sample in splits[split]]
        if 0 not in labels or (needs_attacks and 1 not in labels):
            wanted = "bona fide presentations" + (" and attacks" if needs_attacks else "")
            found = f"{labels.count(0)}" + (f" and {labels.count(1)}" if needs_attacks else "")
            raise DataError(
                f"{source}: expected {wanted} in the {split} split of {protocol}; found {found}"
            )
