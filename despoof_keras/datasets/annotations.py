"""Positions of faces and eyes that come with a data set, in the data set's own format.

All are in pixels of a frame, x to the right and y down; frames are counted from 0. Numbers are
parted by spaces or commas. A frame without a face has no line, an empty one, or zeros.
"""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from despoof_keras.datasets.eye_files import BadLine
from despoof_keras.datasets.samples import Annotation
from despoof_keras.errors import DataError, shown
from despoof_keras.utils.text import decode_text

# Where the eyes are in a face's box on average: in parts of its width, from its left and right
# sides, and below its upper side. Bob's boxes reach one eye distance to the left and right of the
# middle of the eyes and 0.7 above it: `expected_eye_positions` of bob.bio.face.
EYE_FROM_SIDE = 0.25
EYE_FROM_TOP = 0.35
_BETWEEN = re.compile(r"[\s,;\[\]]+")


class Position(NamedTuple):
    """Where a face is in a frame.

    Attributes:
        box: `(x, y, width, height)` of the face.
        eyes: `(4,)`: `(x, y)` of the eye on the image's left, then of the other; None where only
            the box is known.
    """

    box: tuple[float, float, float, float]
    eyes: np.ndarray | None = None


class Format(NamedTuple):
    """A format of a line.

    Attributes:
        fields: the numbers of a line, in words, parted by spaces.
        has_frame: whether the first of them is the frame; otherwise the lines are the frames.
        position: from the other numbers to the position.
    """

    fields: str
    has_frame: bool
    position: Callable[[Sequence[float]], Position]


def eyes_in_box(box: tuple[float, float, float, float]) -> np.ndarray:
    """Place the eyes in the box of a face, where they are on average.

    Returns:
        `(4,)`: `(x_right, y_right, x_left, y_left)`.

    Example:
        >>> eyes_in_box((100, 50, 80, 100)).tolist()
        [120.0, 78.0, 160.0, 78.0]
    """
    x, y, width, _ = box
    height = y + EYE_FROM_TOP * width
    return np.array([x + EYE_FROM_SIDE * width, height, x + (1 - EYE_FROM_SIDE) * width, height])


def _of_box(numbers):
    return Position(tuple(numbers))


def _of_corners(numbers):
    x1, y1, x2, y2 = numbers
    return Position((x1, y1, x2 - x1, y2 - y1))


def _of_corners_and_eyes(numbers):
    position = _of_corners(numbers[:4])
    first, second = sorted([tuple(numbers[4:6]), tuple(numbers[6:8])])
    if not any(first) or not any(second):
        return position
    return position._replace(eyes=np.array([*first, *second]))


# By the data set that has it.
FORMATS = {
    "replay_attack": Format("frame x y width height", True, _of_box),
    "siw": Format("x1 y1 x2 y2", False, _of_corners),
    # Which of the eyes stands first is not relied on.
    "msu_mfsd": Format("frame x1 y1 x2 y2 x y x y", True, _of_corners_and_eyes),
}


def read_annotation(
    annotation: Annotation, bad: list[BadLine] | None = None
) -> dict[int, Position]:
    """Read the positions of a face over a video.

    Args:
        annotation: the file, in UTF-8 or UTF-16, and its format.
        bad: lines that cannot be used are added here, and their frames left out; None raises.

    Returns:
        Mapping from frame to position. Frames without a face, whose box has no area, are absent.

    Raises:
        DataError: the file is missing or not text, or, without `bad`, a line is malformed or
            repeats a frame; the message names file and line.
    """
    path, kind = annotation
    try:
        text = decode_text(path.read_bytes())
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: expected a text file of face positions: {error}") from error
    # Windows' line ends that were converted once more would make every second line an empty one.
    lines = text.replace("\r\r\n", "\n").splitlines()
    positions: dict[int, Position] = {}
    seen: set[int] = set()
    for number, line in enumerate(lines):
        where, frame = f"{path}:{number + 1}", None
        if not line.strip():
            continue
        try:
            frame, position = _parsed(line, number, FORMATS[kind], where)
            if frame in seen:
                raise DataError(f"{where}: frame {frame} has two lines")
            seen.add(frame)
            if position.box[2] > 0 and position.box[3] > 0:
                positions[frame] = position
        except DataError as error:
            if bad is None:
                raise
            bad.append(BadLine(frame, str(error)))
    # Which of two lines about a frame is right is not known.
    for problem in bad or ():
        if problem.frame is not None:
            positions.pop(problem.frame, None)
    return positions


def _parsed(line, number, kind, where):
    words = _BETWEEN.sub(" ", line).split()
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        numbers = []
    if not kind.has_frame:
        numbers = [float(number), *numbers]
    frame, *others = numbers or [-1.0]
    expected = len(kind.fields.split()) - kind.has_frame
    if len(others) != expected or not np.isfinite(numbers).all() or frame < 0 or frame % 1:
        raise DataError(f"{where}: expected {kind.fields}; received {shown(line.strip(), 80)}")
    return int(frame), kind.position(others)
