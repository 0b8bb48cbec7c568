"""Where a medium ends: a sheet's white margin, a display's bezel, fingers, and what is behind.

All is composed as light before the lens, in the perspective of the medium.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from despoof_keras.simulation.displays import Display
from despoof_keras.simulation.presentation import OVERSCAN, Presentation
from despoof_keras.simulation.printing import Printer

# How far the shown picture reaches from the middle of the eyes, in eye distances: to the sides,
# above and below. A face is about 2 eye distances wide, and reaches 1.3 above and 1.9 below them.
TO_SIDE, ABOVE, BELOW = (1.1, 3.0), (1.2, 3.0), (1.8, 3.5)
# Width of a sheet's unprinted margin and of a display's bezel, in eye distances: 62 mm of an adult.
MARGIN, BEZEL = (0.0, 0.35), (0.05, 0.5)
# Radius of a display's corners; one of these two.
CORNERS = (0.0, 0.18)
# Reflectance of black and of light bezels, and how many are black.
BLACK, LIGHT, SHARE_BLACK = (0.02, 0.08), (0.35, 0.85), 0.75
# Share of media that a hand holds at an edge; width of a finger, and how far it reaches in, in eye
# distances; they end so far from the middle of the eyes.
SHARE_HELD, FINGER, REACH, CLEAR = 0.5, (0.26, 0.34), (0.1, 0.9), 0.9
# Reflectance of skin, linear RGB: from the darkest to the lightest.
SKIN = np.array([[0.07, 0.035, 0.02], [0.55, 0.36, 0.27]])
# How dark it is just behind the edge of a medium, which keeps light off what is behind it, and how
# far that reaches, in eye distances.
SHADE, SHADE_WIDTH = (0.3, 0.9), (0.1, 0.6)
# Objects in the room behind, and how far out of focus they are, in parts of the frame's width.
OBJECTS, DEFOCUS = (2, 9), (0.005, 0.05)


class Border:
    """What surrounds the picture that a medium shows.

    Args:
        medium: a printer's sheet, or a display.
        held: how the medium is held.
        eyes: (2, 2) of the shown face, in canvas units, see `presentation`.
        light: colour of the room's light, linear RGB (3,).
        rng: generator of all random draws.
    """

    def __init__(
        self,
        medium: Printer | Display,
        held: Presentation,
        eyes: NDArray[np.float64],
        light: NDArray[np.float64],
        rng: np.random.Generator,
    ):
        self._held, self._distance = held, float(np.abs(eyes[1] - eyes[0]).max())
        self._light = np.asarray(light, np.float32)
        height, width = held.size
        shape = round(height * OVERSCAN), round(width * OVERSCAN)
        self._row, self._column = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
        self._row -= (shape[0] - 1) / 2
        self._column -= (shape[1] - 1) / 2
        x, y = eyes.mean(axis=0)
        reach = [rng.uniform(*each) for each in (TO_SIDE, ABOVE, TO_SIDE, BELOW)]
        left, top, right, bottom = np.array(reach) * self._distance
        inner = x - left, y - top, x + right, y + bottom
        is_sheet = isinstance(medium, Printer)
        colour = np.asarray(medium.paper) if isinstance(medium, Printer) else _bezel(rng)
        around = rng.uniform(*(MARGIN if is_sheet else BEZEL)) * self._distance
        corner = 0.0 if is_sheet else CORNERS[rng.integers(2)] * self._distance
        self._picture = self._inside(inner, 0.0, 0.0)
        self._medium = self._inside(inner, around, corner)
        self._behind = _room(shape, rng) * self._light * self._shade(inner, around, rng)
        self._surround = np.asarray(colour * self._light, np.float32)
        self._fingers = self._draw_fingers(inner, around, x, rng)

    def compose(self, radiance: NDArray[np.float32], frame: int) -> np.ndarray:
        """Put what is around into the light of a picture that fills the frame.

        Args:
            radiance: float32 (RASTER * height, RASTER * width, 3), linear RGB; is changed.
            frame: number of the frame.
        """
        alphas = np.dstack([self._picture, self._medium, self._fingers[1]])
        picture, medium, hand = cv2.split(self._held.view(alphas, frame))
        radiance *= picture[..., None]
        radiance += ((medium - picture).clip(0)[..., None]) * self._surround
        # What is behind is farther away than the medium, and does not move with it.
        size = radiance.shape[1], radiance.shape[0]
        behind = cv2.resize(self._behind, size, interpolation=cv2.INTER_LINEAR)
        radiance += (1 - medium)[..., None] * behind
        skin = self._held.view(self._fingers[0], frame)
        radiance *= (1 - hand)[..., None]
        radiance += hand[..., None] * skin
        return radiance

    def _inside(self, box, around, corner):
        """How far each point is inside a box that is larger all around, from 0 to 1."""
        left, top, right, bottom = (
            side + way * around for side, way in zip(box, (-1, -1, 1, 1), strict=True)
        )
        middle = (left + right) / 2, (top + bottom) / 2
        beyond_x = np.abs(self._column - middle[0]) - (right - left) / 2 + corner
        beyond_y = np.abs(self._row - middle[1]) - (bottom - top) / 2 + corner
        outside = np.hypot(beyond_x.clip(0), beyond_y.clip(0))
        distance = outside + np.minimum(np.maximum(beyond_x, beyond_y), 0) - corner
        return np.clip(0.5 - distance, 0, 1).astype(np.float32)

    def _shade(self, box, around, rng):
        """The light that the medium leaves to what is behind it, (rows, columns, 1)."""
        width = rng.uniform(*SHADE_WIDTH) * self._distance
        covered = cv2.GaussianBlur(self._inside(box, around + width, 0.0), (0, 0), width)
        return (1 - rng.uniform(*SHADE) * covered)[..., None]

    def _draw_fingers(self, box, around, x, rng):
        """Skin as light, and where it is, for the fingers or the thumb on one side."""
        where = np.zeros(self._row.shape, np.float32)
        share = rng.random()
        skin = ((1 - share) * SKIN[0] + share * SKIN[1]).astype(np.float32)
        tone = np.full((*where.shape, 3), skin * self._light, np.float32)
        if rng.random() >= SHARE_HELD:
            return tone, where
        is_left = rng.random() < 0.5
        edge = box[0] - around if is_left else box[2] + around
        half = rng.uniform(*FINGER) * self._distance / 2
        middle = rng.uniform(box[1], box[3])
        most = abs(edge - x) - CLEAR * self._distance
        for number in range(rng.integers(1, 5)):
            reach = min(rng.uniform(*REACH) * self._distance, most)
            tip = edge + (reach if is_left else -reach)
            y = middle + 2.1 * half * number
            beyond = (self._column - tip).clip(0) if is_left else (tip - self._column).clip(0)
            across = np.hypot(beyond, self._row - y)
            where = np.maximum(where, np.clip(half + 0.5 - across, 0, 1))
            # Round, and so darker towards its sides.
            round_off = np.sqrt(np.clip(1 - (across / half) ** 2, 0.1, 1))[..., None]
            tone = np.where((across < half + 1)[..., None], skin * self._light * round_off, tone)
        return tone.astype(np.float32), where


def _bezel(rng):
    ranges = BLACK if rng.random() < SHARE_BLACK else LIGHT
    return rng.uniform(*ranges) * (1 + rng.normal(0, 0.03, 3))


def _room(shape, rng):
    """A wall and things before it, out of focus: reflectance, float32 (rows, columns, 3)."""
    rows, columns = shape
    room = np.full((rows, columns, 3), rng.uniform(0.1, 0.7) * rng.uniform(0.6, 1.0, 3), np.float32)
    for _ in range(rng.integers(*OBJECTS)):
        corner = rng.uniform(-0.1, 0.9, 2) * (columns, rows)
        size = rng.uniform(0.05, 0.5, 2) * (columns, rows)
        colour = rng.uniform(0.02, 0.8) * rng.uniform(0.4, 1.0, 3)
        ends = [tuple(map(int, place)) for place in (corner, corner + size)]
        cv2.rectangle(room, *ends, colour.tolist(), -1)
    return cv2.GaussianBlur(room, (0, 0), max(1.0, rng.uniform(*DEFOCUS) * columns))
