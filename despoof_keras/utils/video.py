"""Frames of a video file, one at a time.

Videos are decoded from the start and in order, because in many files of the data sets seeking lands
on other frames than those asked for. Only one frame is in memory.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import av
import cv2
import numpy as np

from despoof_keras.errors import DataError
from despoof_keras.utils.video_file import damaged, no_pictures, open_file, open_part, unusable
from despoof_keras.utils.video_layout import read_layout

# In intact files of some recorders the container announces a frame or two more than it holds. A
# video that stops earlier is damaged. At most one frame in thirty may be missing, so a short clip
# must be complete.
MISSING_FRAMES = 2
MISSING_SHARE = 1 / 30


class TruncatedVideoError(DataError):
    """Decoding stopped before a wanted frame.

    Attributes:
        decoded: number of frames that were decoded.
    """

    def __init__(self, message: str, decoded: int):
        super().__init__(message)
        self.decoded = decoded

    def is_sound(self, announced: int) -> bool:
        """Tell whether a video that announces so many frames may still pass as complete."""
        allowed = min(MISSING_FRAMES, int(announced * MISSING_SHARE))
        return self.decoded > 0 and announced - self.decoded <= allowed

    def __reduce__(self):  # so that a worker process can raise it
        return type(self), (str(self), self.decoded)


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
                reason = reason or no_pictures(stream)
        except av.FFmpegError:
            if layout.kind is None:
                return False
            reason = reason or damaged(layout)
    if reason:
        raise DataError(f"{path}: expected a video; {reason}")
    return True


def read_frames(
    path: Path | str, indices: Iterable[int] | None = None
) -> Iterator[tuple[int, np.ndarray]]:
    """Decode frames of a video.

    Frames that are not wanted are decoded but not converted, and nothing after the last wanted
    frame is read.

    Args:
        path: video file.
        indices: numbers of the wanted frames, from 0, in any order; `None` for all frames that
            the container announces.

    Yields:
        `(index, frame)` in ascending order: `frame` is `(height, width, 3)` RGB uint8, turned
        upright if the container says so.

    Raises:
        DataError: with the first frame, if the file is missing, empty or no video, or an index is
            negative.
        TruncatedVideoError: later, if decoding stops before a wanted frame.

    Example:
        >>> frames = dict(read_frames("1_1_01_1.avi", [0, 30, 60]))  # doctest: +SKIP
    """
    capture = _open(path)
    try:
        announced = _announced(capture)
        wanted: Sequence[int] | None
        if indices is None:
            # If the container announces nothing, the video is read for as long as it decodes.
            wanted = range(announced) if announced else None
        else:
            if isinstance(indices, range) and indices.step > 0:
                # It may have billions of numbers, because a damaged file announces anything.
                wanted = indices
            else:
                wanted = sorted({int(index) for index in indices})
            if wanted and wanted[0] < 0:
                raise DataError(f"indices: expected frame numbers from 0 on; received {wanted[0]}")
        yield from _decode(capture, path, wanted)
    finally:
        capture.release()


def frame_count(path: Path | str) -> int:
    """Count the frames that a video's container announces or, if it announces none, holds.

    The announcement is cheap to read but may exceed what can be decoded; `read_frames` finds out.

    Args:
        path: video file.

    Returns:
        A positive number.

    Raises:
        DataError: the file is missing, empty or no video.
    """
    capture = _open(path)
    try:
        count = _announced(capture)
        if not count:
            while capture.grab():
                count += 1
    finally:
        capture.release()
    if not count:
        raise DataError(f"{path}: expected a video; no frame of it decodes")
    return count


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


def _open(path):
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path}: expected a video, found no such file")
    if path.stat().st_size == 0:
        raise DataError(f"{path}: expected a video, the file is empty")
    try:
        path.open("rb").close()
    except OSError as error:
        raise DataError(f"{path}: expected a video, the file may not be read") from error
    # FFmpeg is named because other backends read 1_1_01_1.avi as a series of pictures.
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    if not capture.isOpened():
        capture.release()
        raise DataError(
            f"{path}: expected a video that FFmpeg can decode ({path.stat().st_size} bytes)"
        )
    return capture


def _announced(capture):
    # Damaged or streamed files announce 0 or a negative number.
    return max(0, int(capture.get(cv2.CAP_PROP_FRAME_COUNT)))


def _decode(capture, path, wanted):
    """Yield `(index, frame)` for ascending `wanted`, or every frame that decodes for `None`."""
    decoded = 0
    remaining = iter(wanted) if wanted is not None else None
    while True:
        target = decoded if remaining is None else next(remaining, None)
        if target is None:
            return
        while decoded <= target and capture.grab():
            decoded += 1
        good, frame = capture.retrieve() if decoded > target else (False, None)
        if not good:
            if remaining is None and decoded:
                return
            raise TruncatedVideoError(
                f"{path}: the video stops after {decoded} decoded frames, "
                f"frame {target} was wanted",
                decoded,
            )
        yield target, cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
