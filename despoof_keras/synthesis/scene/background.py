"""The background of a face: a room out of focus, shoulders and neck."""

import cv2
import numpy as np
from numpy.typing import NDArray

from despoof_keras.simulation.lighting import EVENING, WINDOW, Lighting
from despoof_keras.synthesis.heads.identity import Identity
from despoof_keras.synthesis.heads.shape import bump, soft_step

COARSE = 4  # a room out of focus is drawn at a quarter of the raster and enlarged
WALLS = np.array(
    [
        [0.55, 0.52, 0.46],
        [0.40, 0.43, 0.46],
        [0.30, 0.36, 0.30],
        [0.45, 0.32, 0.26],
        [0.62, 0.60, 0.58],
        [0.22, 0.22, 0.25],
    ]
)


def draw_background(
    lighting: Lighting,
    identity: Identity,
    placement: tuple[float, float, float],
    shape: tuple[int, int],
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Draw the room and the subject's shoulders as linear radiance.

    Args:
        lighting: `Lighting`, whose room it is.
        identity: `Identity`, whose skin and hair are drawn.
        placement: (eye centre x, eye centre y, eye distance) in raster samples.
        shape: (rows, columns) of the raster.
        rng: `numpy.random.Generator`.

    Returns:
        float32 (rows, columns, 3).
    """
    room = _room(lighting, shape, rng)
    _draw_shoulders(room, lighting, identity, placement, rng)
    return room


def _room(lighting, shape, rng):
    rows, columns = (max(8, extent // COARSE) for extent in shape)
    wall = WALLS[rng.integers(len(WALLS))] * rng.uniform(0.5, 1.2, 3).mean()
    gradient = np.linspace(rng.uniform(0.6, 1.2), rng.uniform(0.6, 1.2), columns)[None, :, None]
    room = wall * gradient * np.linspace(rng.uniform(0.8, 1.3), 0.8, rows)[:, None, None]
    room = room.astype(np.float32)
    for _ in range(rng.integers(3, 14)):
        height, width = rng.uniform(0.05, 0.5) * rows, rng.uniform(0.04, 0.35) * columns
        top, left = rng.uniform(-0.1, 0.9) * rows, rng.uniform(-0.1, 0.95) * columns
        colour = rng.uniform(0.02, 0.7) * rng.uniform(0.4, 1.0, 3)
        corners = (int(left), int(top)), (int(left + width), int(top + height))
        cv2.rectangle(room, *corners, colour.tolist(), -1)
    if lighting.room == WINDOW and rng.random() < 0.6:  # a piece of the window
        left = int(rng.choice([0.0, 0.75]) * columns)
        room[:, left : left + columns // 4] += rng.uniform(0.8, 2.0)
    if lighting.room == EVENING:
        room *= rng.uniform(0.35, 0.9)
        for _ in range(rng.integers(0, 4)):
            centre = int(rng.uniform(0, columns)), int(rng.uniform(0, 0.7 * rows))
            cv2.circle(
                room, centre, int(rng.uniform(0.02, 0.08) * columns) + 1, (2.2, 1.5, 0.8), -1
            )
    blur = rng.uniform(0.5, 5.0) * columns / 120
    room = cv2.GaussianBlur(room, (0, 0), blur)
    room = cv2.resize(room, shape[::-1], interpolation=cv2.INTER_CUBIC)
    return np.maximum(room * lighting.mean_colour().astype(np.float32), 0.002).astype(np.float32)


def _draw_shoulders(room, lighting, identity, placement, rng):
    centre_x, centre_y, scale = placement
    top = max(0, int(centre_y - 2.2 * scale))
    rows, columns = np.mgrid[top : room.shape[0], 0 : room.shape[1]].astype(np.float32)
    x, y = (columns - centre_x) / scale, (rows - centre_y) / scale
    view = room[top:]
    side = np.sign(lighting.key.direction[0]) * 0.25
    light = (lighting.mean_colour() * 0.8).astype(np.float32)
    if identity.long_hair:
        strands = 1 + 0.35 * np.sin(26 * x + 3 * np.sin(2 * y)) * np.cos(9 * x)
        width = 1.32 + 0.12 * np.sin(2.3 * y)
        crown = soft_step(y + np.sqrt(np.clip(1.85**2 - 1.9 * x**2, 0, None)), 20)
        mask = (
            soft_step(width - np.abs(x), 9)
            * crown
            * soft_step(identity.long_hair + 0.5 - y + 0.06 * np.sin(19 * x), 12)
        )
        _lay(view, mask, np.asarray(identity.hair) * light, 0.7 * strands)
    neck = soft_step(0.68 + 0.25 * np.clip(y - 2.1, 0, 1) - np.abs(x), 9) * soft_step(y - 0.8, 9)
    shade = (0.55 + side * x) * (1 - 0.55 * bump(0, y, 0, identity.chin, 1, 0.35))
    _lay(view, neck, np.asarray(identity.skin) * light, np.clip(shade, 0.1, 1))
    cloth = rng.uniform(0.02, 0.6) * rng.uniform(0.4, 1.0, 3)
    shoulder = identity.chin + 0.55 + 0.16 * x**2 + 0.35 * np.exp(-((x / 0.55) ** 2))
    folds = 1 + 0.12 * np.sin(3.1 * x + 2.2 * y + rng.uniform(0, 6)) + side * x * 0.4
    _lay(view, soft_step(y - shoulder, 6), cloth * light, np.clip(folds, 0.2, 2))


def _lay(view, mask, colour, shade):
    """Lay `colour * shade` over a view, in place, where the mask is 1."""
    mask = mask.astype(np.float32)
    for channel, value in enumerate(colour):  # plane by plane: NumPy is fast on long rows
        plane = np.ascontiguousarray(view[..., channel])
        plane += mask * ((value * shade).astype(np.float32) - plane)
        view[..., channel] = plane
