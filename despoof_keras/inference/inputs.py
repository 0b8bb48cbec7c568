"""The paths of a command line as a series of images and videos."""

import dataclasses
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from despoof_keras.errors import DataError

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
VIDEO_SUFFIXES = (".avi", ".mp4", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".3gp")
STANDARD_INPUT = "-"


@dataclasses.dataclass(frozen=True)
class Input:
    """One image or video to score, or a path that is neither.

    Attributes:
        path: as the user named it, or the path of a file in a folder that was named.
        is_video: whether to read it as a video.
        problem: why it cannot be read at all, or None.
    """

    path: str
    is_video: bool = False
    problem: str | None = None


def expand(paths: Iterable[str], lines: Iterable[str]) -> Iterator[Input]:
    """Turn the paths that a user named into single files.

    Args:
        paths: files, folders, or `-` for a list of such paths. Folders are searched with all their
            subfolders, by the endings of the file names, in the order of the names.
        lines: the list that `-` stands for, a path on each line.

    Yields:
        `Input`. What cannot be opened at all (an empty folder, a missing path, a device) becomes an
        input with a problem, so that the rest is scored.
    """
    for path in paths:
        if path == STANDARD_INPUT:
            yield from expand(_listed(lines), ())
            continue
        try:
            if Path(path).is_dir():
                yield from _files_in(path)
            else:
                yield _input(path)
        except (OSError, ValueError) as error:  # a name too long or with NUL, a locked folder
            yield Input(str(path), problem=f"unreadable: {_reason(error)}")


def _listed(lines):
    return (path for path in (line.rstrip("\r\n") for line in lines) if path not in ("", "-"))


def _files_in(folder):
    errors, files = [], []
    for place, _, names in os.walk(folder, onerror=errors.append):
        files += [Path(place, name) for name in names if _is_media_name(name)]
    for error in errors:
        yield Input(str(error.filename), problem=f"unreadable folder: {_reason(error)}")
    if not files and not errors:
        yield Input(str(folder), problem="no images or videos in this folder")
    for path in sorted(files):
        yield _input(path)


def _input(path):
    path = Path(path)
    if "\0" in str(path):
        raise ValueError("a path has no NUL in it")
    if path.exists() and not path.is_file():
        return Input(str(path), problem="unreadable: expected a regular file")
    return Input(str(path), _is_video(path))


def _reason(error):
    return getattr(error, "strerror", None) or str(error)


def _is_media_name(name):
    known = Path(name).suffix.lower() in IMAGE_SUFFIXES + VIDEO_SUFFIXES
    return known and not name.startswith(".")


def _is_video(path):
    """Go by the name's ending; if it is unknown, whatever Pillow does not know is a video."""
    suffix = path.suffix.lower()
    if suffix in IMAGE_SUFFIXES + VIDEO_SUFFIXES:
        return suffix in VIDEO_SUFFIXES
    try:
        with Image.open(path):
            return False
    except UnidentifiedImageError:
        return True
    except (OSError, Image.DecompressionBombError):  # reading it will say what is wrong
        return False


def video_frames_to_score(count: int, every: int, most: int | None) -> range:
    """Choose the frames of a video that are scored.

    Args:
        count: frames in the video.
        every: distance between them.
        most: limits their number, counted from the start; None for all.

    Returns:
        Their numbers, from 0.

    Raises:
        DataError: a number is less than 1.
    """
    if every < 1 or (most is not None and most < 1):
        raise DataError(f"expected every and most to be at least 1; received {every} and {most}")
    wanted = range(0, count, every)
    return wanted if most is None else wanted[:most]
