"""A picture is shown by a medium and photographed, or photographed as it is, by the same camera."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from despoof_keras.simulation.cameras import EARLY_BLUR, RASTER, Camera, draw_capture
from despoof_keras.simulation.displays import Display, Panel
from despoof_keras.simulation.draws import ROOM, draw_banding, draw_phone
from despoof_keras.simulation.framing import Framing
from despoof_keras.simulation.lighting import Lighting, draw_lighting
from despoof_keras.simulation.presentation import (
    OVERSCAN,
    Presentation,
    display_reflection,
    sheet_light,
)
from despoof_keras.simulation.printing import Printer, print_sheet

# What a picture's values are taken to be encoded by (ITU-R BT.1886's and sRGB's are near it).
_GAMMA = 2.2
# Bend of a sheet, standard deviation, see `sheet_light`: held flat, or in two hands.
_BEND = (0.02, 0.35)
# How much of the room's colour the white balance sees beside a display.
_ROOM_SEEN = (0.0, 0.5)


def show_again(
    picture: NDArray[np.uint8],
    eyes: NDArray[np.float64],
    medium: Printer | Display,
    rng: np.random.Generator,
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Show a picture by a medium that fills the frame, and photograph it.

    Args:
        picture: uint8 (height, width, 3), RGB; both sides even.
        eyes: (2, 2) x and y of both eyes.
        medium: what shows it.
        rng: generator of all random draws.

    Returns:
        The photograph, of the same size, and the eyes in it.
    """
    size = picture.shape[0], picture.shape[1]
    lighting = draw_lighting(ROOM, rng)
    light = lighting.mean_colour()
    if isinstance(medium, Display):
        # It fills the frame and shines itself, so the camera's white balance sees little else.
        light = light ** rng.uniform(*_ROOM_SEEN)
    camera, quality = _camera(light, lighting.level, rng)
    stored, middle = _stored(picture)
    source = eyes + middle
    across = float(np.abs(eyes[1] - eyes[0]).max())
    held = Presentation(Framing(size, tuple(eyes.mean(axis=0)), across, 1), source, rng)
    if isinstance(medium, Printer):
        radiance = _printed(medium, stored, held, lighting, rng)
    else:
        radiance = _displayed(medium, stored, held, lighting, rng)
    taken = camera.take(radiance, EARLY_BLUR)
    return _compressed(taken, quality), held.eyes(source, 0)


def photograph(picture: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Photograph what a picture shows, without a medium, by a camera as of `show_again`.

    Args:
        picture: uint8 (height, width, 3), RGB; both sides even.
        rng: generator of all random draws.
    """
    camera, quality = _camera(np.ones(3), rng.uniform(*ROOM.level), rng)
    size = picture.shape[1] * RASTER, picture.shape[0] * RASTER
    linear = cv2.LUT(picture, _decoding(_GAMMA))
    radiance = cv2.resize(linear, size, interpolation=cv2.INTER_LINEAR)
    return _compressed(camera.take(radiance), quality)


def _camera(light, level, rng):
    capture = draw_capture(draw_phone(rng), rng)
    return Camera(capture, light, level, rng), capture.jpeg


def _stored(picture):
    """The picture as a file that is shown: beyond its border too, and gamma-2 encoded.

    Returns it with the offset from a place in the picture to one on the medium, in canvas units.
    """
    height, width = picture.shape[:2]
    margins = [round((OVERSCAN - 1) / 2 * side) + 1 for side in (height, width)]
    larger = cv2.copyMakeBorder(
        picture, margins[0], margins[0], margins[1], margins[1], cv2.BORDER_REFLECT_101
    )
    # The medium is `OVERSCAN` times the frame, to the fraction of a pixel.
    size = round(width * OVERSCAN), round(height * OVERSCAN)
    left, top = (larger.shape[1] - size[0]) / 2, (larger.shape[0] - size[1]) / 2
    centre = (size[0] / 2 - 0.5 + left, size[1] / 2 - 0.5 + top)
    shown = cv2.getRectSubPix(larger, size, centre)
    return cv2.LUT(shown, _encoding()), 0.5 - np.array([width, height]) / 2


def _printed(printer, stored, held, lighting, rng):
    height, width = held.size
    sheet = print_sheet(printer, stored, (width * OVERSCAN, height * OVERSCAN), rng)
    diffuse, sheen = sheet_light(
        lighting, rng.uniform(*printer.gloss), held.size, rng, rng.uniform(*_BEND)
    )
    radiance = held.view(held.soften(sheet), 0)
    radiance *= diffuse
    radiance += sheen
    return radiance


def _displayed(display, stored, held, lighting: Lighting, rng):
    height, width = held.size
    panel = Panel(display, (width * OVERSCAN, height * OVERSCAN), rng)
    reflected = display_reflection(
        lighting, rng.uniform(*display.reflectance), rng.uniform(*display.glare), held.size, rng
    )
    banding = draw_banding(rng)
    radiance = held.view(held.soften(panel.show(stored)), 0)
    if banding.depth:
        row = np.arange(len(radiance), dtype=np.float32)[:, None, None] / RASTER
        wave = 0.5 + 0.5 * np.cos(2 * np.pi * (row / banding.rows + banding.phase))
        radiance *= 1 - banding.depth * wave
    radiance += reflected
    return radiance


def _decoding(gamma):
    return ((np.arange(256) / 255) ** gamma).astype(np.float32)


def _encoding():
    """From a picture's values to those of `print_sheet` and `Panel.show`."""
    return np.rint(255 * np.sqrt(_decoding(_GAMMA))).astype(np.uint8)


def _compressed(picture, quality):
    _, content = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.ascontiguousarray(cv2.imdecode(content, cv2.IMREAD_COLOR)[..., ::-1])
