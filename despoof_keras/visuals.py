"""Pictures of single scored faces: what the model saw, and the overlay on a camera's frame."""

import re
from pathlib import Path

import cv2
import numpy as np

from despoof_keras.preprocessing import to_network_range
from despoof_keras.report import draw_outputs

# RGB; attack, bona fide, and no decision.
COLOURS = {True: (230, 60, 60), False: (60, 200, 90), None: (240, 200, 60)}


class PanelWriter:
    """Writes one picture of panels for every scored face.

    Called as `liveness.score_stream` calls its `on_face`.

    Args:
        folder: for the pictures, named after the input, the frame and, beyond the first, the face.
    """

    def __init__(self, folder):
        self._folder = Path(folder)

    def __call__(self, crop, outputs, record):
        name = file_name(crop.path, crop.number, crop.index)
        rows = {k: v[np.newaxis] for k, v in outputs.items() if k != "score"}
        title = f"spoof score {record.spoof_score:.3f}"
        draw_outputs(self._folder / name, {title: to_network_range(crop.crop)}, rows)


def file_name(path, frame, face=0):
    """A flat file name for a face: `photos/a.jpg`, frame 3 becomes `photos_a.jpg-00003.png`."""
    flat = re.sub(r"[^\w.-]+", "_", str(path)).strip("_.")
    return f"{flat}-{frame:05d}" + (f"-face{face + 1}" if face else "") + ".png"


def draw_overlay(image, record):
    """Draws a record on its frame.

    Args:
        image: `(height, width, 3)` RGB uint8; unchanged.
        record: `records.ScoreRecord`.

    Returns:
        A copy with the face's box, the score and the decision, or the reason for none.
    """
    picture = np.ascontiguousarray(image).copy()
    colour = COLOURS[record.is_attack]
    unit = max(1, round(min(image.shape[:2]) / 240))
    x, y = 0, 0
    if record.box:
        x, y, width, height = (round(number) for number in record.box)
        cv2.rectangle(picture, (x, y), (x + width, y + height), colour, unit)
    place = (max(x, 0) + 2 * unit, max(y - 4 * unit, 14 * unit))
    for shade, thickness in (((0, 0, 0), 3 * unit), (colour, unit)):
        font = cv2.FONT_HERSHEY_SIMPLEX
        cv2.putText(picture, caption(record), place, font, 0.4 * unit, shade, thickness)
    return picture


def caption(record):
    """A record in a few words."""
    if not record.is_ok:
        return record.status
    words = {True: "attack", False: "bona fide", None: "no threshold"}
    return f"{words[record.is_attack]} {record.spoof_score:.3f}"
