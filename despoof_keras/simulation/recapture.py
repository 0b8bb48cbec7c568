"""A picture is shown by a medium and photographed, or photographed as it is, by the same camera."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from despoof_keras.simulation.border import Border
from despoof_keras.simulation.cameras import EARLY_BLUR, RASTER, Camera, draw_capture
from despoof_keras.simulation.displays import Display, Panel
from despoof_keras.simulation.draws import ROOM, draw_banding, draw_phone
from despoof_keras.simulation.lighting import Lighting, draw_lighting
from despoof_keras.simulation.presentation import (
    OVERSCAN,
    Framing,
    Presentation,
    display_reflection,
    sheet_light,
)
from despoof_keras.simulation.printing import Printer, print_sheet

# What a picture's values are taken to be encoded by (ITU-R BT.1886's and sRGB's are near it).
_GAMMA = 2.2
# Bend of a sheet, standard deviation, see `sheet_light`: held flat, or in two hands.
_BEND = (0.02, 0.35)
# By how much of their distance bands move from frame to frame: 60 Hz seen 30 times a second, not
# quite in step.
_DRIFT = 0.03
# How much of the room's colour the white balance sees beside a display.
_ROOM_SEEN = (0.0, 0.5)


def show_again(
    picture: NDArray[np.uint8],
    eyes: NDArray[np.float64],
    medium: Printer | Display,
    rng: np.random.Generator,
    border: bool = False,
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Show a picture by a medium, and photograph it.

    Args:
        picture: uint8 (height, width, 3), RGB; both sides even.
        eyes: (2, 2) x and y of both eyes.
        medium: what shows it.
        rng: generator of all random draws.
        border: whether the medium may end within the frame, see `border.Border`; otherwise it fills
            the frame.

    Returns:
        The photograph, of the same size, and the eyes in it.
    """
    return next(show_clip([(picture, eyes)], 1, medium, rng, border))


def show_clip(
    presented: Iterable[tuple[NDArray[np.uint8], NDArray[np.float64]]],
    frames: int,
    medium: Printer | Display,
    rng: np.random.Generator,
    border: bool = False,
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float64]]]:
    """Show pictures one after the other by a medium that a hand holds, and film it.

    A printer prints the first picture alone. One is in memory at a time.

    Args:
        presented: pictures and eyes as for `show_again`, all of one size.
        frames: how many there are at most.
        medium, rng, border: as for `show_again`.

    Yields:
        For each picture a frame of the film, and the eyes in it.
    """
    presented = iter(presented)
    picture, eyes = next(presented)
    lighting = draw_lighting(ROOM, rng)
    light = lighting.mean_colour()
    if isinstance(medium, Display):
        # It fills the frame and shines itself, so the camera's white balance sees little else.
        light = light ** rng.uniform(*_ROOM_SEEN)
    camera, quality = _camera(light, lighting.level, rng)
    size = picture.shape[0], picture.shape[1]
    middle = 0.5 - np.array([size[1], size[0]]) / 2
    across = float(np.abs(eyes[1] - eyes[0]).max())
    framing = Framing(size, tuple(eyes.mean(axis=0)), across, frames)
    held = Presentation(framing, eyes + middle, rng)
    every = itertools.chain([(picture, eyes)], presented)
    show = _printed if isinstance(medium, Printer) else _displayed
    edge = None
    for number, (radiance, places) in enumerate(show(medium, every, held, lighting, rng)):
        if border and edge is None:
            edge = Border(medium, held, places + middle, lighting.mean_colour(), rng)
        if edge is not None:
            radiance = edge.compose(radiance, number)
        taken = camera.take(radiance, EARLY_BLUR)
        yield _compressed(taken, quality), held.eyes(places + middle, number)


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
    """The picture as a file that is shown: beyond its border too, and gamma-2 encoded."""
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
    return cv2.LUT(shown, _encoding())


def _printed(printer, presented, held, lighting, rng):
    """The light of a print of the first picture, for every frame, and the eyes on it."""
    height, width = held.size
    for number, (picture, places) in enumerate(presented):
        if number == 0:
            eyes = places
            stored = _stored(picture)
            sheet = print_sheet(printer, stored, (width * OVERSCAN, height * OVERSCAN), rng)
            gloss = rng.uniform(*printer.gloss)
            diffuse, sheen = sheet_light(lighting, gloss, held.size, rng, rng.uniform(*_BEND))
            softened = held.soften(sheet)
        radiance = held.view(softened, number)
        radiance *= diffuse
        radiance += sheen
        yield radiance, eyes


def _displayed(display, presented, held, lighting: Lighting, rng):
    """The light of a display that shows each picture in turn, and the eyes on it."""
    height, width = held.size
    panel = Panel(display, (width * OVERSCAN, height * OVERSCAN), rng)
    reflected = display_reflection(
        lighting, rng.uniform(*display.reflectance), rng.uniform(*display.glare), held.size, rng
    )
    banding = draw_banding(rng)
    for number, (picture, eyes) in enumerate(presented):
        radiance = held.view(held.soften(panel.show(_stored(picture))), number)
        if banding.depth:
            row = np.arange(len(radiance), dtype=np.float32)[:, None, None] / RASTER
            # Camera and display are not in step, so that the bands move.
            phase = row / banding.rows + banding.phase + _DRIFT * number
            radiance *= 1 - banding.depth * (0.5 + 0.5 * np.cos(2 * np.pi * phase))
        radiance += reflected
        yield radiance, eyes


def _decoding(gamma):
    return ((np.arange(256) / 255) ** gamma).astype(np.float32)


def _encoding():
    """From a picture's values to those of `print_sheet` and `Panel.show`."""
    return np.rint(255 * np.sqrt(_decoding(_GAMMA))).astype(np.uint8)


def _compressed(picture, quality):
    _, content = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.ascontiguousarray(cv2.imdecode(content, cv2.IMREAD_COLOR)[..., ::-1])
