"""The paths of a command line as a series of pictures and videos, each known by its content."""

import codecs
import dataclasses
import os
import stat
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from despoof_keras.errors import DataError, reason_without, shown
from despoof_keras.utils.contents import as_path, regular_file
from despoof_keras.utils.media import (
    MEDIA_SUFFIXES,
    OTHER,
    PICTURE,
    SOUND,
    SOUND_SUFFIXES,
    SOURCE_CODE_SUFFIXES,
    UNREADABLE,
    Media,
    identify_file,
)
from despoof_keras.utils.pictures.animations import is_animated
from despoof_keras.utils.text import decode_text
from despoof_keras.utils.video.frames import has_video

STANDARD_INPUT = "-"
# The longest path that Linux opens. A longer text is none, and is not repeated as a whole.
LONGEST_PATH = 4096
# What systems and programs leave in folders, besides hidden files; in small letters. Synology's
# @eaDir holds smaller copies of every photograph.
_CLUTTER = frozenset(
    (
        "thumbs.db",
        "ehthumbs.db",
        "desktop.ini",
        "icon\r",
        "__macosx",
        "@eadir",
        "$recycle.bin",
        "system volume information",
        "lost+found",
    )
)
_EXPECTED = "an image or video"
_NOTHING_KNOWN = "no image or video"
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_NUL = "unreadable: a path has no NUL in it (--null is for lists that are separated by NULs)"
# Pictures one after the other, without anything around them: to Pillow, a photograph.
_MOTION_JPEG = (".mjpeg", ".mjpg")
_MOTION_JPEG_PROBLEM = (
    "unreadable: found a Motion JPEG stream, which is not read: put it into a container "
    "(ffmpeg -i clip.mjpeg -c copy clip.avi)"
)


@dataclasses.dataclass(frozen=True)
class Input:
    """One picture or video to score, or a path that is neither.

    Attributes:
        path: as the user named it, or the path of a file in a folder that was named.
        is_video: whether it has several frames, which are scored like a video's.
        problem: why it cannot be read at all, or None.
        is_animation: whether it is an animated picture, and no video file.
    """

    path: str
    is_video: bool = False
    problem: str | None = None
    is_animation: bool = False


class PassedOver:
    """Files in folders that are no pictures or videos, counted by what they are instead."""

    def __init__(self):
        self._counts = Counter()
        self._suffixes = {}

    def __len__(self):
        return self._counts.total()

    def add(self, path: str, what: str):
        """Count a file."""
        what = what.removeprefix("a ").removeprefix("an ")
        self._counts[what] += 1
        suffixes, suffix = self._suffixes.setdefault(what, []), Path(path).suffix.lower()
        if suffix and suffix not in suffixes:
            suffixes.append(suffix)

    def __str__(self):
        files = "1 file was" if len(self) == 1 else f"{len(self)} files were"
        parts = (
            f"{count} {what}" + self._ending(what) for what, count in self._counts.most_common()
        )
        return shown(f"{files} passed over: {', '.join(parts)}", most=1000)

    def _ending(self, what):
        """The suffixes of a group, unless its name tells them."""
        suffixes = [suffix for suffix in sorted(self._suffixes[what]) if suffix[1:] != what.lower()]
        listed = " ".join(suffixes[:MOST_SUFFIXES]) + " ..." * (len(suffixes) > MOST_SUFFIXES)
        return f" ({listed})" if suffixes else ""


# Suffixes that are listed for a group of files.
MOST_SUFFIXES = 8


def listed_paths(stream: BinaryIO, is_null_separated: bool = False) -> Iterator[str]:
    """Read a list of paths.

    Args:
        stream: the list: a path on each line, in UTF-8 or any other bytes that file names have, or
            in UTF-16.
        is_null_separated: whether the paths end with a NUL in place of a line end, as from
            `find -print0`, so that they may hold line ends themselves.

    Yields:
        The paths that are not empty. Nothing in them is replaced: no `~`, no quotation marks.
    """
    if is_null_separated:
        yield from (os.fsdecode(path) for path in stream.read().split(b"\0") if path)
        return
    first = stream.readline()
    if (
        first.startswith(_UTF16_MARKS) or b"\0" in first
    ):  # not in UTF-8: it is read as a whole, and not as it comes
        text = decode_text(first + stream.read(), errors="replace")
        yield from (line for line in text.replace("\r\n", "\n").split("\n") if line)
        return
    while first:
        line = os.fsdecode(first.removeprefix(codecs.BOM_UTF8)).rstrip("\r\n")
        if line:
            yield line
        first = stream.readline()


def expand(
    paths: Iterable[str], listed: Iterable[str], passed_over: PassedOver | None = None
) -> Iterator[Input]:
    """Turn the paths that a user named into single files.

    Args:
        paths: files, folders, or `-` for a list of such paths. Folders are searched with all their
            sub-folders, also those behind links, each once, in the order of the names. Hidden files
            and what systems leave in folders are not looked at.
        listed: the list that `-` stands for, as from `listed_paths`.
        passed_over: gets the files in folders that are no pictures or videos.

    Yields:
        `Input`. What cannot be read (an empty folder, a missing path, a device, a RAW photograph)
        becomes an input with a problem, so that the rest is scored. A file that was named is
        always yielded; one in a folder if its content or its name is that of a picture or video.
    """
    passed_over = PassedOver() if passed_over is None else passed_over
    for path in paths:
        if path == STANDARD_INPUT:
            yield from expand((line for line in listed if line != "-"), (), passed_over)
            continue
        path = as_path(path)
        if os.path.isdir(path):
            yield from _files_in(path, passed_over)
        else:
            yield _named(path)


def _named(path):
    if "\0" in path:  # no argument of a program has one
        return Input(path, problem=_NUL)
    try:
        regular_file(path, _EXPECTED)
        content = _look_at(path)
    except DataError as error:
        known = path if len(path) <= LONGEST_PATH else shown(path)
        return Input(known, problem=f"unreadable: {reason_without(path, error)}")
    except OSError as error:
        return Input(path, problem=f"unreadable: {_reason(error)}")
    return content if isinstance(content, Input) else _neither(path, content)


def _neither(path, media):
    return Input(path, problem=f"unreadable: expected {_EXPECTED}; {media.description}")


def _look_at(path) -> Input | Media:
    """Return a file to be scored, or one with a problem, or what a file is instead."""
    media, suffix = identify_file(path), Path(path).suffix.lower()
    if media.name == "JPEG" and suffix in _MOTION_JPEG:
        return Input(path, problem=_MOTION_JPEG_PROBLEM)
    if media.kind == PICTURE:
        animated = is_animated(path, media.name)
        return Input(path, is_video=animated, is_animation=animated)
    if media.kind == UNREADABLE:
        return _neither(path, media)
    if media.kind == OTHER or media.is_text:
        return media
    try:
        return Input(path, is_video=True) if has_video(path) else media
    except DataError as error:
        if suffix in SOUND_SUFFIXES:
            return SOUND
        return Input(path, problem=f"unreadable: {reason_without(path, error)}")


def _files_in(folder, passed_over):
    errors, is_empty = [], True
    files = sorted(_walk(folder, errors), key=lambda path: Path(path).parts)
    for error in errors:
        yield Input(str(error.filename), problem=f"unreadable folder: {_reason(error)}")
    for path in files:
        item = _in_folder(path, passed_over)
        if item is not None:
            is_empty = False
            yield item
    if is_empty and not errors:
        yield Input(folder, problem="no images or videos in this folder")


def _in_folder(path, passed_over):
    """Return a file of a folder as an input, or None after it was passed over."""
    suffix = Path(path).suffix.lower()
    try:
        mode = os.stat(path).st_mode
        if not stat.S_ISREG(mode):
            passed_over.add(path, "a pipe, socket or device")
            return None
        content = _look_at(path)
    except OSError as error:
        if suffix in MEDIA_SUFFIXES:
            return _named(path)
        passed_over.add(path, _reason(error).lower())
        return None
    if isinstance(content, Input):
        return content
    promises = suffix in MEDIA_SUFFIXES and not (content.is_text and suffix in SOURCE_CODE_SUFFIXES)
    if promises:
        return _neither(path, content)
    passed_over.add(path, content.name if content.kind == OTHER else _NOTHING_KNOWN)
    return None


def _walk(folder, errors):
    """Yield the files below a folder, of each real folder once: real ones first, then links."""
    seen, folders, links = set(), [folder], []
    while folders or links:
        place = folders.pop() if folders else links.pop(0)
        try:
            status = os.stat(place)
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(place) as entries:
                shown_entries = [entry for entry in entries if not _is_clutter(entry.name)]
        except OSError as error:
            errors.append(error)
            continue
        for entry in sorted(shown_entries, key=lambda entry: entry.name):
            if not entry.is_dir():
                yield entry.path
            elif entry.is_symlink():
                links.append(entry.path)
            else:
                folders.append(entry.path)


def _is_clutter(name):
    return name.startswith(".") or name.lower() in _CLUTTER


def _reason(error):
    return getattr(error, "strerror", None) or str(error)


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
