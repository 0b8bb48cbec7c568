"""Splits by subject, for data that come without splits of their own.

The subjects are dealt out in the order of their names, as cards are, and so that every split gets
subjects with bona fide presentations and subjects with attacks, where there are three of them.
"""

from collections.abc import Iterable, Mapping, Sequence

from despoof_keras.datasets.samples import VideoSample

# Of five subjects, train gets three, and dev and test get one each. The order is such that three
# subjects are enough for all splits.
TURNS = ("train", "dev", "test", "train", "train")
# Where test is given and dev is not: a fifth of train's subjects, as in the five-fold
# cross-validation of bob.db.casia_fasd.
DEV_TURNS = ("dev", "train", "train", "train", "train")


def deal_subjects(
    samples: Iterable[VideoSample], turns: Sequence[str] = TURNS
) -> dict[int | str, str]:
    """Give each subject a split.

    Subjects who are seen both bona fide and attacked, subjects who are only seen bona fide, and
    those who are only seen attacked are dealt out one group after the other, each group in the
    order of the names, beginning with the first of `turns`.

    Args:
        samples: the presentations.
        turns: names of splits, one for each subject in turn.

    Returns:
        Mapping from subject to split.

    Example:
        >>> names = ("ada", "ben", "cleo", "dan")
        >>> made = [VideoSample(f"{n}.jpg", f"{n}{p}", n, None, p)
        ...         for n in names for p in ("bona_fide", "print")]
        >>> deal_subjects(made)
        {'ada': 'train', 'ben': 'dev', 'cleo': 'test', 'dan': 'train'}
    """
    labels: dict[int | str, set[int]] = {}
    for sample in samples:
        labels.setdefault(sample.subject, set()).add(sample.label)
    groups: dict[tuple[int, ...], list[int | str]] = {}
    for subject in sorted(labels, key=str):
        groups.setdefault(tuple(sorted(labels[subject])), []).append(subject)
    return {
        subject: turns[place % len(turns)]
        for group in groups.values()
        for place, subject in enumerate(group)
    }


def by_split(
    samples: Iterable[VideoSample], split_of: Mapping[int | str, str]
) -> dict[str, list[VideoSample]]:
    """Part samples by their subjects' splits, in their order."""
    parted: dict[str, list[VideoSample]] = {}
    for sample in samples:
        parted.setdefault(split_of[sample.subject], []).append(sample)
    return parted
