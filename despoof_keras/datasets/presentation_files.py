"""Whether a file can be a presentation: a picture or a video, by its content and never its name.

A file is judged by its first bytes; whether all of it decodes is seen when its faces are cut out.
"""

import enum
from pathlib import Path

from despoof_keras.utils.media import (
    CONTAINER,
    MEDIA_SUFFIXES,
    OTHER,
    PICTURE,
    SOURCE_CODE_SUFFIXES,
    UNKNOWN,
    UNREADABLE,
    Media,
    identify_file,
)


class FileKind(enum.Enum):
    """What a file of a data set is."""

    PICTURE = "picture"
    VIDEO = "video"
    # Promises a picture or video by its name and is none, or is one that is not read.
    UNUSABLE = "unusable"
    # Text, lists, what other programs leave.
    OTHER = "other"


def kind_of_file(path: Path) -> tuple[FileKind, str]:
    """Tell what a file is.

    Args:
        path: anything that a folder or a list names.

    Returns:
        The kind, and, for `UNUSABLE` and `OTHER`, what was expected and what was found.
    """
    try:
        if not path.is_file():
            found = "it is a folder" if path.is_dir() else "found no such file"
            return FileKind.UNUSABLE, f"expected a picture or video; {found}"
        media = identify_file(path)
    except OSError as error:
        return FileKind.UNUSABLE, f"expected a file that may be read; {error.strerror}"
    if media.kind == PICTURE:
        return FileKind.PICTURE, ""
    if media.kind == CONTAINER or _may_be_a_stream(path, media):
        return FileKind.VIDEO, ""
    kind = FileKind.UNUSABLE if _promises(path, media) else FileKind.OTHER
    return kind, f"expected a picture or video; {media.description}"


def _may_be_a_stream(path, media):
    """Whether FFmpeg may know a file that `identify_file` does not, such as bare H.264."""
    return media.kind == UNKNOWN and not media.is_text and _has_media_name(path)


def _promises(path: Path, media: Media) -> bool:
    if media.kind == UNREADABLE:
        return True
    is_source_code = media.is_text and path.suffix.lower() in SOURCE_CODE_SUFFIXES
    return _has_media_name(path) and media.kind in (OTHER, UNKNOWN) and not is_source_code


def _has_media_name(path):
    return path.suffix.lower() in MEDIA_SUFFIXES
