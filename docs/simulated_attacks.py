"""Draws docs/simulated_attacks.png: a face, simulated prints and replays of it, and plain captures.

    python docs/simulated_attacks.py

The face is scikit-image's public-domain photograph of Eileen Collins.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from PIL import Image
from skimage import data

from despoof_keras.datasets import SimulatedAttack, SimulatedCapture
from despoof_keras.faces.crop import ANTIALIASED_RESIZE, RELEASED_CROP, crop_box, crop_face
from despoof_keras.faces.finder import FaceFinder

SIZE, SIDE, COLUMNS = 128, 4.0, 6
TARGET = Path(__file__).with_suffix(".png")


def main() -> None:
    """Draw the picture."""
    picture = data.astronaut()
    eyes = np.asarray(FaceFinder()(picture)[0].eyes)
    rule = dataclasses.replace(RELEASED_CROP.scaled(SIDE), resize=ANTIALIASED_RESIZE)
    crop = np.rint(crop_face(picture, eyes, SIZE, rule=rule)).astype(np.uint8)
    x, y, side = crop_box(eyes, rule)
    places = (eyes - [x, y, x, y]) * SIZE / side
    rows = [
        np.hstack([crop, *(made(crop, places)[0] for _ in range(COLUMNS))])
        for made in (
            SimulatedAttack("print"),
            SimulatedAttack("replay"),
            SimulatedAttack(border=True),
            SimulatedCapture(),
        )
    ]
    Image.fromarray(np.vstack(rows)).save(TARGET)


if __name__ == "__main__":
    main()
