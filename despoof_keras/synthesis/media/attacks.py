"""An attack before the camera: a printed photograph, or a display that shows one or a video."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from despoof_keras.simulation.cameras import RASTER
from despoof_keras.simulation.displays import Display, Panel
from despoof_keras.simulation.lighting import Lighting
from despoof_keras.simulation.paper import SHADE_BEHIND, bend_points, bend_sheet, eye_holes
from despoof_keras.simulation.presentation import (
    OVERSCAN,
    Presentation,
    display_reflection,
    sheet_light,
)
from despoof_keras.simulation.printing import Printer, print_sheet
from despoof_keras.synthesis.media.source import Source
from despoof_keras.synthesis.scene.subject import Scene

# Of a sheet that is held flat: how much the light shows that it is not quite.
FLAT = 0.12


@dataclasses.dataclass(frozen=True)
class Attack:
    """What is held before a camera, and how.

    Attributes:
        medium: the printer or the display.
        is_still: whether a display shows a photograph rather than a video.
        hand: how much the hand moves that holds the medium; 0 for a stand.
        bend: range of the bend of a sheet, to either side, see `paper.bend_sheet`.
        is_cut: whether the eyes of a sheet are cut out and someone looks through the holes.
    """

    medium: Printer | Display
    is_still: bool = False
    hand: float = 1.0
    bend: tuple[float, float] | None = None
    is_cut: bool = False


class Seen(NamedTuple):
    """What the camera sees at a moment.

    Attributes:
        radiance: float32 (RASTER * height, RASTER * width, 3), linear RGB.
        eyes: (2, 2) in sensor pixels.
    """

    radiance: np.ndarray
    eyes: NDArray[np.float64]


def show_attack(
    attack: Attack,
    source: Source,
    lighting: Lighting,
    held: Presentation,
    behind: Scene | None,
    rng: np.random.Generator,
) -> Iterator[Seen]:
    """Show an attack, frame after frame.

    Args:
        attack: what is shown.
        source: the recording that it shows.
        lighting: of the room in which it is shown.
        held: how the medium is held.
        behind: of a sheet whose eyes are cut out, the person behind it.
        rng: generator of all random draws, which come before the first frame.
    """
    if isinstance(attack.medium, Printer):
        return _printed(attack, attack.medium, source, lighting, held, behind, rng)
    return _displayed(attack, attack.medium, source, lighting, held, rng)


def _printed(attack, printer, source, lighting, held, behind, rng):
    height, width = held.size
    picture, eyes = source.first
    sheet = print_sheet(printer, picture, (width * OVERSCAN, height * OVERSCAN), rng)
    gloss, bend = rng.uniform(*printer.gloss), FLAT
    if attack.bend:
        bend = rng.uniform(*attack.bend) * rng.choice([-1, 1])
        sheet, eyes = bend_sheet(sheet, bend), bend_points(eyes, bend, width * OVERSCAN / 2)
    diffuse, sheen = sheet_light(lighting, gloss, held.size, rng, abs(bend))
    softened = held.soften(sheet)
    for frame in range(held.frames):
        radiance = held.view(softened, frame)
        radiance *= diffuse
        radiance += sheen
        place = held.eyes(eyes, frame)
        if behind is not None:
            holes = eye_holes(RASTER * place + (RASTER - 1) / 2, radiance.shape[:2])
            radiance += holes * (SHADE_BEHIND * behind.render(frame)[0] - radiance)
        yield Seen(radiance, place)


def _displayed(attack, display, source, lighting, held, rng):
    height, width = held.size
    panel = Panel(display, (width * OVERSCAN, height * OVERSCAN), rng)
    glow = display_reflection(
        lighting, rng.uniform(*display.reflectance), rng.uniform(*display.glare), held.size, rng
    )
    for frame in range(held.frames):
        moves = frame and not attack.is_still
        picture, eyes = source.picture(frame) if moves else source.first
        radiance = held.view(held.soften(panel.show(picture)), frame)
        radiance += glow
        yield Seen(radiance, held.eyes(eyes, frame))
