"""The videos of a data set's folder, however a copy of it was unpacked.

A copy may have folders that were unpacked into a folder of their own name (`train/train/`), names
in capitals (`.MOV`), the whole set in folders of its own (`downloads/database/train/`), and what
computers leave behind (`._clip.mov`, `__MACOSX/`, `@eaDir/`), which is passed over.
"""

import dataclasses
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from despoof_keras.datasets.left_out import Problems
from despoof_keras.errors import DataError, summarize

# Endings of the sets' own videos, and of copies in another container.
VIDEO_ENDINGS = frozenset({".avi", ".m4v", ".mkv", ".mov", ".mp4", ".webm"})
# Of the files with the positions of faces.
FACE_ENDING = ".face"
_LEFTOVERS = ("@", "__MACOSX")
# Names that a message lists.
_MOST_SHOWN = 5


class Named(Protocol):
    """What a video's name says."""

    @property
    def key(self) -> str:
        """The video's name, unique within its data set."""


Name = TypeVar("Name", bound=Named)


@dataclasses.dataclass(frozen=True)
class Listed(Generic[Name]):
    """A video of a data set.

    Attributes:
        path: the file.
        name: what its name says.
        face_path: file with the positions of its face; None where there is none.
    """

    path: Path
    name: Name
    face_path: Path | None


def list_videos(
    root: Path,
    parse: Callable[[str], Name | None],
    layout: str,
    problems: Problems,
) -> list[Listed[Name]]:
    """List the videos of a data set.

    Args:
        root: the data set's folder.
        parse: function of a video's `place`, which returns what its name says, or None for a video
            that is no part of what is read. It raises `DataError` for another name.
        layout: the data set and its folders, for a message.
        problems: videos that cannot be used are added here: those with a name that the data set
            does not have, a second of the same name, and what is no file.

    Returns:
        The videos, sorted by key.

    Raises:
        DataError: there is no such folder, or no video of the data set in it; or as `problems`
            says.
    """
    listed: dict[str, Listed[Name]] = {}
    faces: dict[str, Path] = {}
    bad: list[tuple[Path, str]] = []
    for path in walk(root):
        ending = path.suffix.lower()
        if ending not in VIDEO_ENDINGS and ending != FACE_ENDING:
            continue
        try:
            name = parse(place(root, path))
        except DataError as error:
            if ending != FACE_ENDING:
                bad.append((path, str(error)))
            continue
        if name is None:
            continue
        if ending == FACE_ENDING:
            faces.setdefault(name.key, path)
        elif name.key in listed:
            other = listed[name.key].path
            bad.append((path, f"expected no other video of the name; {other} has it"))
        elif not path.is_file():
            bad.append((path, "expected a video; it is a folder or a link without a target"))
        else:
            listed[name.key] = Listed(path, name, None)
    if not listed:
        raise DataError(f"{root}: expected {layout}; found {_contents(root)}")
    for path, reason in bad:
        problems.add(path, reason)
    return [
        dataclasses.replace(video, face_path=faces.get(key))
        for key, video in sorted(listed.items())
    ]


def walk(root: Path) -> Iterator[Path]:
    """Walk a folder and its folders, links included, in the order of the names.

    Yields:
        The files, and the folders that have the ending of a video, in which nothing is looked for.

    Raises:
        DataError: there is no such folder, or one of its folders may not be read.
    """
    if not root.is_dir():
        raise DataError(f"{root}: expected the folder of a data set; {_no_folder(root)}")
    for folder, folders, files in os.walk(root, followlinks=True, onerror=_refuse):
        videos = {name for name in folders if Path(name).suffix.lower() in VIDEO_ENDINGS}
        folders[:] = sorted(
            name
            for name in folders
            if name not in videos
            and not _is_leftover(name)
            and not _leads_back(root, Path(folder, name))
        )
        for name in sorted({*files, *videos}):
            if not _is_leftover(name):
                yield Path(folder, name)


def place(root: Path, path: Path) -> str:
    """Where a file lies below the root, as a data set's rules have it.

    Returns:
        The path in lower case, without its ending, and without a folder that has the name of the
        folder in which it lies; parted by `/`.

    Example:
        >>> place(Path("data"), Path("data/Train/Train/live/001/001-1-1-1-1.MOV"))
        'train/live/001/001-1-1-1-1'
    """
    *folders, name = (part.lower() for part in path.relative_to(root).with_suffix("").parts)
    own = [
        folder for folder, outer in zip(folders, ["", *folders], strict=False) if folder != outer
    ]
    return "/".join([*own, name])


def note_missing(
    clips: Mapping[str, Iterable[str]], complete: Iterable[str], problems: Problems
) -> None:
    """Note which of the videos that every subject has are missing.

    Args:
        clips: mapping from each subject to the videos that there are.
        complete: the videos that every subject of the data set has.
        problems: what is missing is noted here.
    """
    complete = list(complete)
    for subject, own in clips.items():
        missing = sorted(set(complete) - set(own))
        if missing:
            shown = ", ".join(missing[:_MOST_SHOWN])
            more = f" and {len(missing) - _MOST_SHOWN} more" if len(missing) > _MOST_SHOWN else ""
            problems.note(subject, f"lacks {len(missing)} of {len(complete)} videos: {shown}{more}")


def _contents(folder):
    """The first names in a folder, for a message."""
    names = sorted(path.name for path in folder.iterdir())
    more = f" and {len(names) - _MOST_SHOWN} more" if len(names) > _MOST_SHOWN else ""
    return (", ".join(names[:_MOST_SHOWN]) + more) or "nothing"


def _no_folder(root):
    return "it is a file" if root.exists() else "there is no such folder"


def _is_leftover(name):
    return name.startswith((".", *_LEFTOVERS))


def _leads_back(root, path):
    """Whether a link leads to a folder that it lies in, so that a walk would go round for ever."""
    if not path.is_symlink():
        return False
    target = Path(os.path.realpath(path))
    above = [path.parent, *path.parent.parents]
    real = [Path(os.path.realpath(own)) for own in above[: above.index(root) + 1]]
    return any(target in (own, *own.parents) for own in real)


def _refuse(error):
    raise DataError(f"{error.filename}: expected a folder to be read: {summarize(error)}")
