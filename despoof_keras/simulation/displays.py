"""Replay attacks: the subpixels of a display show a picture."""

import dataclasses

import cv2
import numpy as np
from numpy.typing import NDArray

from despoof_keras.simulation.lighting import temperature_rgb


@dataclasses.dataclass(frozen=True)
class Display:
    """A kind of display.

    Attributes:
        pitch: range of the distance between pixels, in sensor pixels.
        cells: (rows, columns, 3), which cells of one pixel emit red, green and blue.
        mixing: primaries in linear sRGB, (3, 3) with rows that sum to 1: the gamut.
        white: range of colour temperatures of the white point, kelvin.
        gamma: range of the display's gamma.
        black: range of the light that leaks through black pixels, share of white.
        reflectance: range of the share of ambient light that is reflected diffusely.
        glare: range of the strength with which lamps and windows are mirrored.
    """

    pitch: tuple[float, float]
    cells: tuple[tuple[tuple[int, int, int], ...], ...]
    mixing: tuple[tuple[float, float, float], ...]
    white: tuple[float, float]
    gamma: tuple[float, float]
    black: tuple[float, float]
    reflectance: tuple[float, float]
    glare: tuple[float, float]


_RED, _GREEN, _BLUE, _DARK = (1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 0, 0)
STRIPES = ((_RED, _GREEN, _BLUE), (_RED, _GREEN, _BLUE), (_DARK, _DARK, _DARK))
DENSE_STRIPES = ((_RED, _GREEN, _BLUE),)

DISPLAYS = {
    # desktop monitor: stripes with dark rows between, pixels a little coarser than the camera's
    4: Display(
        pitch=(1.4, 1.9),
        cells=STRIPES,
        mixing=((0.94, 0.05, 0.01), (0.04, 0.92, 0.04), (0.01, 0.05, 0.94)),
        white=(4500, 6500),
        gamma=(1.9, 2.3),
        black=(0.001, 0.012),
        reflectance=(0.005, 0.03),
        glare=(0.0, 0.06),
    ),
    # phone or laptop with a dense panel: pixels below the camera's resolution
    5: Display(
        pitch=(1.08, 1.32),
        cells=DENSE_STRIPES,
        mixing=((1.03, -0.02, -0.01), (-0.02, 1.03, -0.01), (0.0, -0.02, 1.02)),
        white=(4700, 6800),
        gamma=(1.9, 2.3),
        black=(0.0005, 0.006),
        reflectance=(0.003, 0.025),
        glare=(0.0, 0.06),
    ),
}


class Panel:
    """A display with the settings of one clip.

    Args:
        display: `Display`.
        size: (width, height) of the shown picture in sensor pixels.
        rng: `numpy.random.Generator`.
    """

    def __init__(self, display: Display, size: tuple[float, float], rng: np.random.Generator):
        pitch = rng.uniform(*display.pitch)
        self.pixels = max(8, round(size[0] / pitch)), max(8, round(size[1] / pitch))
        self.cells = np.asarray(display.cells, np.float32)
        self.cells = self.cells / self.cells.mean(axis=(0, 1))
        white = temperature_rgb(rng.uniform(*display.white))
        self.mixing = white[:, None] * np.asarray(display.mixing)
        gamma, black = rng.uniform(*display.gamma), rng.uniform(*display.black)
        # One table holds what the player (decoding gamma 2) and the panel do to a value.
        drive = np.linspace(0, 1, 256)
        self.emission = (black + (1 - black) * drive**gamma).astype(np.float32)
        rows, columns = self.cells.shape[:2]
        tiles = (self.pixels[1], self.pixels[0], 1)
        self.mask = np.tile(self.cells, tiles)
        self.raster_size = self.pixels[0] * columns, self.pixels[1] * rows

    def show(self, picture: NDArray[np.uint8]) -> np.ndarray:
        """Show a picture.

        Args:
            picture: uint8 (rows, columns, 3), gamma-encoded RGB.

        Returns:
            float32 (pixel rows * cell rows, pixel columns * cell columns, 3): the light that
            each cell emits, linear RGB, with a mean of 1 over a white pixel.
        """
        shrinks = picture.shape[1] > self.pixels[0]
        method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        shown = cv2.resize(picture, self.pixels, interpolation=method)
        light = cv2.transform(cv2.LUT(shown, self.emission), self.mixing)
        cells = cv2.resize(light, self.raster_size, interpolation=cv2.INTER_NEAREST)
        return cv2.multiply(cells, self.mask, dst=cells)
