"""Eye positions beside a video, in OULU-NPU's format.

Each frame has a line `frame,x_right,y_right,x_left,y_left`, in pixels of the frame (x to the right,
y down); frames are counted from 0. The subject's right eye comes first: it is on the image's left,
so `x_right < x_left`. Frames without a face have zeros or no line.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from despoof_keras.errors import DataError
from despoof_keras.utils.files import atomic_path
from despoof_keras.utils.text import decode_text

# Half a second at 30 frames a second: for that long, a head moves about evenly.
LONGEST_GAP = 15
# Characters of a malformed line that a message shows.
_SHOWN = 80


class BadLine(NamedTuple):
    """A line of an eye file that cannot be used.

    Attributes:
        frame: the frame that it is about; None where it does not say.
        message: what is wrong, beginning with file and line.
    """

    frame: int | None
    message: str


def read_eyes(path: str | Path, bad: list[BadLine] | None = None) -> dict[int, np.ndarray]:
    """Read an eye file.

    Args:
        path: text file, see above, in UTF-8 or UTF-16.
        bad: lines that cannot be used are added here, and their frames left out; None raises.

    Returns:
        Mapping from frame to float64 array `(4,)`: `(x_right, y_right, x_left, y_left)` in pixels.
        Frames in which an eye was not found, which is then at exactly (0, 0), are absent.
        Otherwise positions are taken as they are: an eye may be outside the picture.

    Raises:
        DataError: the file is missing or not text, or, without `bad`, a line is malformed, repeats
            a frame or has the eyes in the wrong order; the message names file and line.
    """
    path = Path(path)
    eyes, seen = {}, set()
    for number, line in enumerate(_lines(path), start=1):
        if not line.strip():
            continue
        frame, where = None, f"{path}:{number}"
        try:
            frame, fields = _frame(line, where)
            if frame in seen:
                raise DataError(f"{where}: frame {frame} has two lines")
            seen.add(frame)
            positions = _positions(fields, line, where)
            if positions[:2].any() and positions[2:].any():
                _check_order(positions, where)
                eyes[frame] = positions
        except DataError as error:
            if bad is None:
                raise
            bad.append(BadLine(frame, str(error)))
    # Which of two lines about a frame is right is not known.
    for line in bad or ():
        eyes.pop(line.frame, None)
    return eyes


def write_eyes(path: str | Path, eyes: Mapping[int, np.ndarray]) -> None:
    """Write an eye file; the inverse of `read_eyes` to a thousandth of a pixel.

    Args:
        path: file to write.
        eyes: mapping from frame to `(x_right, y_right, x_left, y_left)` in pixels. Whole numbers
            are written as such, as in OULU-NPU.

    Raises:
        DataError: a position is not finite, or the eyes are in the wrong order.
    """
    lines = []
    for frame, positions in sorted(eyes.items()):
        where = f"{path}: frame {frame}"
        positions = np.asarray(positions, np.float64)
        if positions.shape != (4,) or not np.isfinite(positions).all():
            raise DataError(f"{where}: expected four finite numbers; received {positions.tolist()}")
        _check_order(positions, where)
        # "+ 0" turns -0 into 0.
        numbers = [np.format_float_positional(x + 0, trim="-") for x in positions.round(3)]
        lines.append(",".join([str(int(frame)), *numbers]) + "\n")
    with atomic_path(path) as temporary:
        temporary.write_text("".join(lines), encoding="utf-8", newline="\n")


def fill_gaps(eyes: Mapping[int, np.ndarray], longest: int = LONGEST_GAP) -> dict[int, np.ndarray]:
    """Fill short gaps between frames with straight lines; longer gaps and the ends stay open.

    Args:
        eyes: mapping from frame to `(4,)` positions, as from `read_eyes`.
        longest: most frames without positions that are filled between two that have them.

    Returns:
        Mapping like `eyes`, including the filled frames, in ascending order.
    """
    filled = {}
    known = sorted(eyes)
    for position, before in enumerate(known):
        start = np.asarray(eyes[before], np.float64)
        filled[before] = start
        after = known[min(position + 1, len(known) - 1)]
        if after - before - 1 > longest:
            continue
        step = (np.asarray(eyes[after], np.float64) - start) / max(after - before, 1)
        for frame in range(before + 1, after):
            filled[frame] = start + (frame - before) * step
    return filled


def _lines(path):
    try:
        text = decode_text(path.read_bytes())
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: expected a text file of eye positions: {error}") from error
    if text.strip() and not any(character.isdigit() for character in text):
        raise DataError(f"{path}: expected a text file of eye positions: it holds no number")
    return text.splitlines()


def _frame(line, where):
    """The line's frame and its other fields."""
    first, *fields = line.split(",")
    try:
        frame = int(first)
    except ValueError:
        raise _malformed(line, where) from None
    if frame < 0:
        raise _malformed(line, where)
    return frame, fields


def _positions(fields, line, where):
    try:
        positions = np.array([float(field) for field in fields])
    except ValueError:
        raise _malformed(line, where) from None
    if positions.shape != (4,) or not np.isfinite(positions).all():
        raise _malformed(line, where)
    return positions


def _malformed(line, where):
    return DataError(
        f"{where}: expected frame,x_right,y_right,x_left,y_left (a frame from 0 on and four "
        f"finite numbers); found {line.strip()[:_SHOWN]!r}"
    )


def _check_order(positions, where):
    x_right, _, x_left, _ = positions
    if x_left <= x_right:
        raise DataError(
            f"{where}: expected the subject's right eye, the one on the image's left, first "
            f"(x_right < x_left); found x_right {x_right:g}, x_left {x_left:g}"
        )
