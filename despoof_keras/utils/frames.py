"""Frames of whatever shows a face: a video, an animated picture, or a picture, which is one frame.

A file is known by its content, never by its name.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from despoof_keras.errors import DataError
from despoof_keras.utils.contents import regular_file
from despoof_keras.utils.media import PICTURE, identify_file
from despoof_keras.utils.pictures.animations import Animation, is_animated
from despoof_keras.utils.pictures.images import read_image
from despoof_keras.utils.video.frames import TruncatedVideoError, read_frames

STILL, ANIMATION, VIDEO = "picture", "animation", "video"
_EXPECTED = "a picture or video"


def medium_of(path: Path | str) -> str:
    """Tell whether a file is a `STILL`, an `ANIMATION`, or else possibly a `VIDEO`.

    Raises:
        DataError: there is no such file, or it may not be read.
    """
    try:
        media = identify_file(regular_file(path, _EXPECTED))
        if media.kind != PICTURE:
            return VIDEO
        return ANIMATION if is_animated(path, media.name) else STILL
    except OSError as error:
        raise DataError(f"{path}: expected {_EXPECTED}; {error.strerror}") from error


def read_media_frames(
    path: Path | str, indices: Iterable[int] | None = None, *, every: int = 1
) -> Iterator[tuple[int, np.ndarray]]:
    """Decode frames of a video, or of a picture, which has frame 0 alone unless it is animated.

    Args:
        path: the file.
        indices: numbers of the wanted frames, from 0, in any order; None for all.
        every: distance between the frames, if no numbers are given.

    Yields:
        `(index, frame)` in ascending order: `frame` is `(height, width, 3)` RGB uint8, upright.

    Raises:
        DataError: with the first frame: as for `read_frames` or `read_image`.
        TruncatedVideoError: later: as for `read_frames`.
    """
    medium = medium_of(path)
    if medium == VIDEO:
        yield from read_frames(path, indices, every=every)
        return
    wanted = None if indices is None else sorted({int(index) for index in indices})
    frames = _still_frame if medium == STILL else _animation_frames
    yield from frames(path, wanted, every)


def _still_frame(path, wanted, every):
    if wanted is None or wanted[:1] == [0]:
        yield 0, read_image(path)
    if wanted and wanted[-1]:
        raise _lacks(path, 1, wanted[-1])


def _animation_frames(path, wanted, every):
    with Animation(path) as animation:
        numbers = list(range(0, animation.expected, every)) if wanted is None else wanted
        rest = iter(numbers)
        for number, frame in animation.frames(numbers):
            next(rest)
            yield number, frame
        missing = next(rest, None)
        if missing is not None:
            raise _lacks(path, animation.decoded, missing, animation.damage)


def _lacks(path, decoded, wanted, damage=None):
    """A picture that is sound may have fewer frames than were wanted, as a video may."""
    count = "1 frame" if decoded == 1 else f"{decoded} frames"
    return TruncatedVideoError(
        f"{path}: the picture stops after {count}, frame {wanted} was wanted",
        decoded,
        is_sound=damage is None,
    )
