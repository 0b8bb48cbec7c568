"""The same file twice: what a model was trained on must not come again where it is tried."""

import concurrent.futures
from collections.abc import Mapping, Sequence

from despoof_keras.datasets.fingerprint import content_stamp
from despoof_keras.datasets.samples import VideoSample
from despoof_keras.errors import DataError

# Files read at the same time, because network drives answer slowly.
_AT_ONCE = 8


def repeated_files(
    splits: Mapping[str, Sequence[VideoSample]],
) -> list[tuple[tuple[str, VideoSample], tuple[str, VideoSample]]]:
    """Find files with the same content, under any names, see `fingerprint.content_stamp`.

    Args:
        splits: mapping from split to its presentations.

    Returns:
        For each file whose content was there before, the first `(split, sample)` with this content,
        and its own. Missing files are not compared.
    """
    listed = [(split, sample) for split, samples in splits.items() for sample in samples]
    with concurrent.futures.ThreadPoolExecutor(_AT_ONCE) as pool:
        stamps = list(pool.map(lambda own: content_stamp(own[1].path), listed))
    first: dict[str, tuple[str, VideoSample]] = {}
    return [
        (first[stamp], own)
        for stamp, own in zip(stamps, listed, strict=True)
        if stamp is not None and first.setdefault(stamp, own) is not own
    ]


def check_files(splits: Mapping[str, Sequence[VideoSample]]) -> None:
    """Make sure that no content is in two splits, or shows two things.

    Args:
        splits: mapping from split to its presentations.

    Raises:
        DataError: a file is in two splits, or is said to be of two species or subjects; the
            message names both copies.
    """
    for (other, first), (split, sample) in repeated_files(splits):
        if other != split:
            raise DataError(
                f"{sample.path}: expected each file in one split, or the error rates would not be "
                f"those of unknown presentations; it is in {split} and, as {first.path}, in {other}"
            )
        for what, own, before in (
            ("species", sample.pai, first.pai),
            ("subject", sample.subject, first.subject),
        ):
            if own != before:
                raise DataError(
                    f"{sample.path}: expected one {what} of each file; it is {own} here and, as "
                    f"{first.path}, {before}"
                )
