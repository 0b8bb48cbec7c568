"""What an embedded set is made of: its clips, where they lie, and what else is written."""

import dataclasses
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from despoof_keras.datasets.annotations import EYE_FROM_SIDE, EYE_FROM_TOP
from despoof_keras.synthesis.clips import Shot

# Of a face's box: height in widths.
_BOX_HEIGHT = 1.25


@dataclasses.dataclass(frozen=True)
class PlannedClip:
    """A clip that is to be written; places are paths below the set's root.

    Attributes:
        video: place of the video; its ending says which container.
        positions: place of the file that says where the face is.
        shot: what the clip shows.
        depth: place of its depth maps; None without any.
    """

    video: str
    positions: str
    shot: Shot
    depth: str | None = None


@dataclasses.dataclass(frozen=True)
class Layout:
    """A layout of an embedded set.

    Attributes:
        title: name of the data set whose layout it is.
        version: raised whenever the same parameters produce different files.
        plan: function of the numbers of subjects and the seed: all clips, those of one subject and
            day side by side.
        position_line: function of a frame's number and its eyes, `(4,)`: the frame's line in the
            file of positions.
        splits: those with subjects of their own, by the names of the layout's folders.
        most_subjects: of each of `splits`.
        subjects: of each of them, where nothing else is wanted.
        size: (height, width) of the videos in pixels, where nothing else is wanted.
        owned: files and folders that a set of this layout has in its root.
        finish: function of the root and the clips that writes what else there is.
    """

    title: str
    version: int
    plan: Callable[[Sequence[int], int], list[PlannedClip]]
    position_line: Callable[[int, NDArray[np.int_]], str]
    splits: tuple[str, ...]
    most_subjects: tuple[int, ...]
    subjects: tuple[int, ...]
    size: tuple[int, int]
    owned: tuple[str, ...]
    finish: Callable[[Path, list[PlannedClip]], None] = lambda root, clips: None


def eye_line(frame: int, eyes: NDArray[np.int_]) -> str:
    """A line of OULU-NPU's eye files: the frame and both eyes."""
    return f"{frame},{','.join(map(str, eyes))}"


def box_line(frame: int, eyes: NDArray[np.int_]) -> str:
    """A line of Replay-Attack's `.face` files: the frame and the box of the face.

    The box lies about the eyes as those of the data set do on average, see `eye_search`.
    """
    right, left = eyes[:2], eyes[2:]
    width = np.hypot(*(left - right)) / (1 - 2 * EYE_FROM_SIDE)
    middle = (right + left) / 2
    corner = middle[0] - width / 2, middle[1] - EYE_FROM_TOP * width
    return " ".join(
        str(round(float(value))) for value in (frame, *corner, width, _BOX_HEIGHT * width)
    )


def change_ending(place: str, ending: str) -> str:
    """A place with another ending, such as `".face"`."""
    return os.path.splitext(place)[0] + ending
