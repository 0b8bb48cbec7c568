"""Pictures of scored faces: what the model made of them, and the overlay on a camera's frame."""

import hashlib
import re
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from despoof_keras.errors import DataError
from despoof_keras.faces.crop import to_network_range
from despoof_keras.inference.records import ScoreRecord
from despoof_keras.inference.stream import FaceCrop
from despoof_keras.utils.libraries import explaining

# RGB; attack, bona fide, and no decision.
COLOURS = {True: (230, 60, 60), False: (60, 200, 90), None: (240, 200, 60)}
DECISIONS = {True: "attack", False: "bona fide", None: "no threshold"}
# The overlay is drawn in units of a 240th of the picture's shorter side, at least a pixel.
UNITS_PER_SIDE = 240
FONT_SIZE = 13
# Characters kept of an input's name; file systems allow 255 bytes.
MOST_NAME = 60


class PanelWriter:
    """Writes a picture of panels for every scored face, as the `on_face` of `score_stream`.

    The noise is amplified in each picture on its own; the panel's title says how much.

    Args:
        folder: where to write the pictures, named after the input, the frame and, beyond the
            first, the face.

    Raises:
        DataError: the folder cannot be written to.
        ImportError: Matplotlib is missing.
    """

    def __init__(self, folder: Path | str):
        with explaining():  # only who wants pictures waits for Matplotlib
            from despoof_keras.evaluation.figures import draw_outputs

        self._folder, self._draw = writable_folder(folder), draw_outputs

    def __call__(self, crop: FaceCrop, outputs: dict[str, np.ndarray], record: ScoreRecord):
        name = file_name(crop.path, crop.number, crop.index)
        rows = {k: v[np.newaxis] for k, v in outputs.items() if k != "score"}
        title = f"spoof score {record.spoof_score:.3f}"
        self._draw(self._folder / name, {title: to_network_range(crop.crop)}, rows)


def writable_folder(folder: Path | str) -> Path:
    """Make a folder, and make sure before any work that files can be written into it.

    Raises:
        DataError: files cannot be written into it.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise DataError(f"{folder}: expected a folder to write into; {error.strerror}") from error
    return folder


def file_name(path: Path | str, frame: int, face: int = 0) -> str:
    """Make a flat file name for a face.

    For `photos/a.jpg` and frame 3 it is `a.jpg-1f2e3d4c-00003.png`. The digits in the middle come
    from the whole path, so that files of the same name in two folders differ.
    """
    path = str(path)
    digest = hashlib.sha256(path.encode(errors="surrogateescape")).hexdigest()[:8]
    stem = re.sub(r"[^\w.-]+", "_", Path(path).name)[:MOST_NAME].strip("_.")
    return f"{stem}-{digest}-{frame:05d}" + (f"-face{face + 1}" if face else "") + ".png"


def draw_overlay(image: np.ndarray, record: ScoreRecord) -> np.ndarray:
    """Draw a record on its frame.

    Args:
        image: `(height, width, 3)` RGB uint8; unchanged.
        record: of a face in it.

    Returns:
        A copy with the face's box, the score and the decision, or the reason why there is none.
    """
    picture = Image.fromarray(np.ascontiguousarray(image))
    draw = ImageDraw.Draw(picture)
    colour = COLOURS[record.is_attack]
    unit = max(1, round(min(image.shape[:2]) / UNITS_PER_SIDE))
    x, y = 0, 0
    if record.box:
        x, y, width, height = (round(number) for number in record.box)
        draw.rectangle((x, y, x + max(width, 0), y + max(height, 0)), outline=colour, width=unit)
    # Above the box, and within the picture: a capital of this font is 9 units high.
    place = (max(x, 0) + 2 * unit, max(y - 4 * unit, 14 * unit))
    draw.text(
        place,
        caption(record),
        fill=colour,
        font=ImageFont.load_default(FONT_SIZE * unit),
        anchor="ls",  # the place is the left end of the base line
        stroke_width=unit,
        stroke_fill=(0, 0, 0),
    )
    return np.array(picture)


def caption(record: ScoreRecord) -> str:
    """Put a record into a few words."""
    if not record.is_ok:
        return record.status
    return f"{DECISIONS[record.is_attack]} {record.spoof_score:.3f}"
