"""Printers, displays, cameras and rooms that do not exist: drawn from wide ranges.

The presets elsewhere are a handful of devices, of which a network learns the very pitch. Here each
draw is another one; the ranges reach from structure that a face camera just sees to structure that
it cannot resolve, which is where real media lie at arm's length.
"""

import dataclasses

import numpy as np

from despoof_keras.simulation import PRINT
from despoof_keras.simulation.cameras import Phone
from despoof_keras.simulation.displays import DENSE_STRIPES, STRIPES, Display
from despoof_keras.simulation.lighting import SessionLight
from despoof_keras.simulation.printing import PRINTERS, Printer

# Distance of dots or pixels in pixels of the crop's camera: from below its resolution to clearly
# visible. Three samples are a display at half the distance at which a face fills the frame.
PITCH = (0.8, 3.0)
_RED, _GREEN, _BLUE, _DARK = (1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 0, 0)
# Arrangements of subpixels: stripes upright, lying and in the other order; with dark rows or
# columns between; PenTile, whose green is twice as dense.
CELLS = (
    STRIPES,
    DENSE_STRIPES,
    ((_BLUE, _GREEN, _RED),),
    ((_RED,), (_GREEN,), (_BLUE,)),
    ((_RED, _GREEN, _BLUE, _DARK),),
    ((_RED, _GREEN), (_BLUE, _GREEN)),
)
BAYER = ("RGGB", "GRBG", "BGGR", "GBRG")
# A room: light from anywhere in front, of any colour that lamps and the sky have.
ROOM = SessionLight((-80, 80), (-10, 65), (2700, 8500), (2800, 7000), (0.35, 0.85), (0.35, 1.5))


def draw_printer(rng: np.random.Generator) -> Printer:
    """Draw a printer with its inks and paper, from an office's on plain paper to a photo lab's."""
    first, second = (np.array(printer.inks) for printer in PRINTERS.values())
    share = rng.uniform(-0.25, 1.25, (4, 1))
    inks = np.clip((1 - share) * first + share * second + rng.normal(0, 0.03, (4, 3)), 0.01, 0.98)
    paper = np.clip(rng.uniform(0.72, 0.94) + rng.normal(0, 0.02, 3), 0.6, 0.97)
    return Printer(
        pitch=log_uniform(rng, *PITCH),
        inks=tuple(map(tuple, inks)),
        paper=tuple(paper),
        gain=(-0.12, 0.22),
        spread=rng.uniform(0.12, 0.4),
        black=rng.uniform(0.3, 0.9),
        texture=rng.uniform(0.0, 0.03),
        gloss=(0.0, rng.uniform(0.0, 0.25)),
        turn=rng.uniform(0.0, 90.0),
    )


def draw_display(rng: np.random.Generator) -> Display:
    """Draw a display: its subpixels, gamut, white point, gamma, and what it reflects."""
    pitch = log_uniform(rng, *PITCH)
    # How far the primaries are mixed: below 0 more saturated than sRGB, as wide gamuts are.
    mix = rng.uniform(-0.04, 0.12)
    black = rng.uniform(0.0, 0.02) * (rng.random() < 0.7)  # the rest emits its own light: OLED
    return Display(
        pitch=(pitch, pitch * 1.001),
        cells=CELLS[rng.integers(len(CELLS))],
        mixing=tuple(map(tuple, (1 - mix) * np.eye(3) + mix / 3)),
        white=(4800, 9500),
        gamma=(1.7, 2.6),
        black=(black, black + 1e-6),
        reflectance=(0.0, 0.05),
        glare=(0.0, rng.uniform(0.0, 0.15)),
    )


def draw_medium(kind: str, rng: np.random.Generator) -> Printer | Display:
    """Draw a printer for a print, a display for a replay."""
    return draw_printer(rng) if kind == PRINT else draw_display(rng)


def draw_phone(rng: np.random.Generator) -> Phone:
    """Draw a camera, from a telephone's of ten years ago to a good one."""
    return Phone(
        lens=rng.uniform(0.35, 1.0),
        crosstalk=rng.uniform(0.02, 0.16),
        bayer=BAYER[rng.integers(len(BAYER))],
        full_well=log_uniform(rng, 3000, 15000),
        read_noise=rng.uniform(3, 12),
        contrast=rng.uniform(0.05, 0.45),
        gamma=rng.uniform(2.0, 2.4),
        saturation=rng.uniform(0.8, 1.25),
        vignette=rng.uniform(0.0, 0.3),
        denoise=rng.uniform(0.2, 1.0),
        sharpen=rng.uniform(0.2, 0.9),
        jpeg=(50, 98),
        frame_bytes=0,  # is for clips
    )


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw a number whose logarithm is uniform."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


@dataclasses.dataclass(frozen=True)
class Banding:
    """Dark bands across a display that a rolling shutter makes of its refresh.

    Attributes:
        depth: how much darker the darkest row is, a share.
        rows: distance of the bands in rows.
        phase: of the first, from 0 to 1.
    """

    depth: float
    rows: float
    phase: float


def draw_banding(rng: np.random.Generator) -> Banding:
    """Draw banding: in three of five displays none is visible."""
    depth = rng.uniform(0.03, 0.3) if rng.random() < 0.4 else 0.0
    return Banding(depth, log_uniform(rng, 20, 400), rng.random())
