"""Print attacks: a picture is separated into four inks and printed as dots on paper."""

import dataclasses
import functools

import cv2
import numpy as np
from numpy.typing import NDArray

DOTS = 4  # printer addresses per sensor pixel and axis: fine enough that a dot has a shape
_LEVEL_BINS = 4096
SCREEN_ANGLES = (15.0, 75.0, 0.0, 45.0)  # degrees for C, M, Y, K: the usual offset of screens


@dataclasses.dataclass(frozen=True)
class Printer:
    """A printer with its inks and its paper.

    Attributes:
        pitch: distance between the dots' centres in sensor pixels.
        inks: transmittance of cyan, magenta, yellow, black ink for linear RGB, (4, 3).
        paper: reflectance of the paper, linear RGB (3,).
        gain: range of the extra coverage by which dots come out too large, at half coverage.
        spread: blur by which ink spreads in the paper, standard deviation in sensor pixels.
        black: largest coverage with black ink.
        texture: contrast of the paper's fibres.
        gloss: range of the strength of the sheen.
        turn: degrees by which all screens are turned from `SCREEN_ANGLES`; None for a printer whose
            screens are computed once, with the same number of dots of every size.
    """

    pitch: float
    inks: tuple[tuple[float, float, float], ...]
    paper: tuple[float, float, float]
    gain: tuple[float, float]
    spread: float
    black: float
    texture: float
    gloss: tuple[float, float]
    turn: float | None = None


PRINTERS = {
    # office laser printer on plain paper: coarse screen, impure toner, matt
    2: Printer(
        pitch=1.6,
        inks=((0.07, 0.34, 0.58), (0.62, 0.07, 0.22), (0.86, 0.72, 0.09), (0.045, 0.045, 0.045)),
        paper=(0.82, 0.83, 0.86),
        gain=(-0.05, 0.18),
        spread=0.20,
        black=0.8,
        texture=0.020,
        gloss=(0.0, 0.05),
    ),
    # photo printer on glossy paper: a screen finer than the camera's pixels
    3: Printer(
        pitch=1.1,
        inks=((0.04, 0.38, 0.66), (0.70, 0.05, 0.30), (0.90, 0.80, 0.05), (0.022, 0.022, 0.024)),
        paper=(0.88, 0.88, 0.88),
        gain=(-0.10, 0.10),
        spread=0.20,
        black=0.5,
        texture=0.006,
        gloss=(0.0, 0.14),
    ),
}


def print_sheet(
    printer: Printer,
    picture: NDArray[np.uint8],
    scale: tuple[float, float],
    rng: np.random.Generator,
) -> np.ndarray:
    """Print a picture.

    Args:
        printer: `Printer`.
        picture: uint8 (rows, columns, 3), gamma-2 encoded RGB (linear = (value / 255) ** 2).
        scale: size of the sheet in sensor pixels, (width, height).
        rng: generator of all random draws.

    Returns:
        float32 (2 height, 2 width, 3): the sheet's reflectance, linear RGB, two samples per
        sensor pixel.
    """
    device = int(scale[0]) * DOTS, int(scale[1]) * DOTS
    coverage = cv2.resize(_separate(picture, printer, rng), device)
    dots = np.zeros(coverage.shape[:2], np.uint8)
    for ink, wanted in enumerate(cv2.split(coverage)):
        threshold = _threshold(printer, ink, coverage.shape[:2], rng)
        dots |= (wanted > threshold).view(np.uint8) << ink
    sheet = np.take(_primaries(printer), dots, axis=0)
    size = int(scale[0]) * 2, int(scale[1]) * 2
    sheet = cv2.GaussianBlur(sheet, (0, 0), DOTS * printer.spread)
    sheet = cv2.resize(sheet, size, interpolation=cv2.INTER_AREA)
    fibres = cv2.GaussianBlur(rng.standard_normal(size[::-1], np.float32), (0, 0), 1.5)
    sheet *= (1 + printer.texture * fibres / fibres.std())[..., None]
    return sheet


def _separate(picture, printer, rng):
    """Separate a picture into its coverage with C, M, Y and K: uint8 (rows, columns, 4)."""
    gain = rng.uniform(*printer.gain)
    value = np.arange(256) / 255.0
    tone = 1 - value**2  # coverage that reflects linear light in proportion
    tone = np.clip(tone + gain * 4 * tone * (1 - tone) * 0.5, 0, 1)
    cmy = cv2.LUT(picture, (tone * 255).astype(np.uint8))
    common = cmy.min(axis=2).astype(np.float32) / 255
    black = printer.black * common**3  # black replaces the grey share, mostly in the shadows
    rest = (cmy.astype(np.float32) / 255 - black[..., None]) / (1 - black[..., None])
    return (np.dstack([rest, black]) * 255).astype(np.uint8)


def _primaries(printer):
    """Compute the paper's reflectance under each of the 16 overprints, float32 (16, 3)."""
    table = np.empty((16, 3))
    for overprint in range(16):
        table[overprint] = printer.paper
        for ink in range(4):
            if overprint >> ink & 1:
                table[overprint] *= printer.inks[ink]
    return table.astype(np.float32)


def _threshold(printer, ink, shape, rng):
    """Cut a screen's thresholds, uint8 of `shape`, out of a larger screen at random."""
    if printer.turn is not None:
        waves = _turned_waves(printer.pitch, SCREEN_ANGLES[ink] + printer.turn, shape, rng)
        return np.take(_levels(), ((waves + 2) * (_LEVEL_BINS / 4)).astype(np.uint16))
    margin = 64
    screen = _screen(printer.pitch, ink, (shape[0] + margin, shape[1] + margin))
    row, column = rng.integers(0, margin, 2)
    return screen[row : row + shape[0], column : column + shape[1]]


@functools.lru_cache(maxsize=8)
def _screen(pitch, ink, shape):
    """Compute the thresholds of one ink's halftone screen, uint8 of `shape`."""
    return _equalise(_waves(pitch, SCREEN_ANGLES[ink], shape))


def _turned_waves(pitch, degrees, shape, rng):
    """As `_waves`, from a random place on, as products of rows and columns: ten times as fast.

    Rounded otherwise, so that the embedded sets, whose bytes are to stay, keep to `_waves`.
    """
    rows, columns = (np.arange(n) * (2 * np.pi / (pitch * DOTS)) for n in shape)
    angle = np.radians(degrees)
    # cos(x + y) is the real part of exp(ix) exp(iy); the two waves run at right angles.
    waves = ((np.sin(angle), np.cos(angle)), (np.cos(angle), -np.sin(angle)))
    down, across = [], []
    for (by_row, by_column), phase in zip(waves, rng.random(2), strict=True):
        row, column = by_row * rows + 2 * np.pi * phase, by_column * columns
        down += [np.cos(row), -np.sin(row)]
        across += [np.cos(column), np.sin(column)]
    return np.array(down, np.float32).T @ np.array(across, np.float32)


def _waves(pitch, degrees, shape):
    """A screen of dots, float32 of `shape` from -2 to 2, the highest in their middles."""
    angle = np.radians(degrees)
    row, column = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32) * (
        2 * np.pi / (pitch * DOTS)
    )
    along = np.cos(angle) * column + np.sin(angle) * row
    across = np.cos(angle) * row - np.sin(angle) * column
    return np.cos(along) + np.cos(across)


@functools.lru_cache(maxsize=1)
def _levels():
    """The threshold of every value of `_waves`, in bins: that of `_equalise` on endless dots."""
    wave = np.cos(np.linspace(0, 2 * np.pi, 1024, endpoint=False))
    edges = np.quantile(np.add.outer(wave, wave), np.linspace(0, 1, 256)[1:-1])
    return np.searchsorted(edges, np.linspace(-2, 2, _LEVEL_BINS + 1)).astype(np.uint8)


def _equalise(values):
    """Map values to uniformly distributed thresholds from 0 to 254, which keeps the coverage."""
    # NumPy takes quantiles of sorted values four times as fast, sorting included.
    edges = np.quantile(np.sort(values, axis=None), np.linspace(0, 1, 256)[1:-1])
    return np.searchsorted(edges, values).astype(np.uint8)
