"""Frames of a video file, one at a time.

Videos are decoded from the start and in order, because in many files of the data sets seeking lands
on other frames than those asked for. Only one frame is in memory.
"""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import av
import numpy as np

from despoof_keras.errors import DataError
from despoof_keras.utils.video.decoder import Video
from despoof_keras.utils.video.file import damaged, no_pictures, open_file, open_part, unusable
from despoof_keras.utils.video.layout import read_layout


class TruncatedVideoError(DataError):
    """A wanted frame does not decode.

    Attributes:
        decoded: number of frames that were decoded.
        is_sound: whether the video is complete, and only has fewer frames than were wanted.
    """

    def __init__(self, message: str, decoded: int, is_sound: bool = False):
        super().__init__(message)
        self.decoded = decoded
        self.is_sound = is_sound

    def __reduce__(self):  # so that a worker process can raise it
        return type(self), (str(self), self.decoded, self.is_sound)


def has_video(path: Path | str) -> bool:
    """Tell by a file's content whether it is a video.

    Args:
        path: any file.

    Returns:
        True if it has moving pictures that can be decoded. False if it is no video file at all.

    Raises:
        DataError: the file is missing, empty or may not be read; or it is a container whose
            pictures cannot be read (only sound, damaged, no decoder), with the reason.
    """
    with open_file(path) as file:
        layout = read_layout(file)
        if layout.is_picture:
            return False
        reason = unusable(layout)
        try:
            with open_part(file, layout.parts[0]) as (_, stream):
                reason = reason or no_pictures(stream, layout)
        except av.FFmpegError:
            if layout.kind is None:
                return False
            reason = reason or damaged(layout)
    if reason:
        raise DataError(f"{path}: expected a video; {reason}")
    return True


def read_frames(
    path: Path | str, indices: Iterable[int] | None = None, *, every: int = 1
) -> Iterator[tuple[int, np.ndarray]]:
    """Decode frames of a video.

    Frames that are not wanted are decoded but not converted, and nothing after the last wanted
    frame is read. Numbers count the frames that a player shows.

    Args:
        path: video file.
        indices: numbers of the wanted frames, from 0, in any order; `None` for all.
        every: distance between the frames, if no numbers are given.

    Yields:
        `(index, frame)` in ascending order: `frame` is `(height, width, 3)` RGB uint8, turned
        upright if the container says so.

    Raises:
        DataError: with the first frame, if the file is missing, empty or no video, or an index is
            negative.
        TruncatedVideoError: later, if a wanted frame does not decode or, without numbers, the
            video is incomplete.

    Example:
        >>> frames = dict(read_frames("1_1_01_1.avi", [0, 30, 60]))  # doctest: +SKIP
    """
    with Video(path) as video:
        wanted = _ascending(indices, every)
        expected = iter(wanted)
        for index, frame in video.frames(wanted):
            target = next(expected)
            if indices is not None and (index != target or video.has_lost):
                raise _truncated(video, target)
            yield index, frame
        if indices is None and video.damage:
            raise _truncated(video)
        target = next(expected, None) if indices is not None else None
        if target is not None:
            raise _truncated(video, target)


def _ascending(indices, every):
    if indices is None:
        return range(0, sys.maxsize, every)
    # A range may have billions of numbers.
    is_ascending = isinstance(indices, range) and indices.step > 0
    wanted = indices if is_ascending else sorted({int(index) for index in indices})
    if wanted and wanted[0] < 0:
        raise DataError(f"indices: expected frame numbers from 0 on; received {wanted[0]}")
    return wanted


def _truncated(video, target=None):
    is_end = target is None or target >= video.decoded
    message = (
        f"{'the video stops' if is_end else 'it is damaged'} after {video.decoded} decoded frames"
    )
    message += f", frame {target} was wanted" if target is not None else f": {video.damage}"
    is_sound = video.damage is None and video.decoded > 0
    return TruncatedVideoError(f"{video.path}: {message}", video.decoded, is_sound)


def frame_count(path: Path | str) -> int:
    """Count the frames that a video's headers announce or, if they announce none, that it holds.

    The announcement is cheap to read but may exceed what can be decoded; `read_frames` finds out.

    Args:
        path: video file.

    Returns:
        A positive number.

    Raises:
        DataError: the file is missing, empty or no video.
    """
    with Video(path) as video:
        if video.expected:
            return video.expected
        for _ in video.frames([sys.maxsize]):
            pass
        if not video.decoded:
            raise DataError(f"{path}: expected a video; no frame of it decodes")
        return video.decoded


def spread_indices(count: int, wanted: int) -> list[int]:
    """Spread frame numbers evenly over a video, at the middles of `wanted` equal parts.

    The middles avoid the ends, where a hand still moves and the container's count is unreliable.

    Args:
        count: number of frames in the video, at least 1.
        wanted: number of frames to choose, at least 1.

    Returns:
        Ascending list of `min(count, wanted)` distinct integers.

    Raises:
        DataError: a number is less than 1.

    Example:
        >>> spread_indices(150, 3), spread_indices(2, 5)
        ([25, 75, 125], [0, 1])
    """
    if count < 1 or wanted < 1:
        raise DataError(f"expected at least 1 frame of at least 1; received {wanted} of {count}")
    wanted = min(count, wanted)
    return [(2 * part + 1) * count // (2 * wanted) for part in range(wanted)]
