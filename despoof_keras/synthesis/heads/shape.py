"""The relief of a head: a frontal height field over head coordinates.

The unit of head coordinates is the eye distance, their origin lies between the eyes; x points to
the image's right, y down and z towards the viewer. The subject's right eye is at x = -0.5.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from despoof_keras.synthesis.heads.identity import Identity

TEXELS = 88  # per eye distance: about two per camera pixel at the default frame size
X_LIMIT = 1.75  # the field covers |x| < X_LIMIT, |y| < Y_LIMIT
Y_LIMIT = 2.3
EYE_X = 0.5
SIDE_POWER = 0.55  # how the head curves towards its sides; 0.5 would be an ellipse
SKULL_POWER = 2.5  # 2 would be an ellipse; skulls are fuller
HAIR_VOLUME = 0.07  # share by which hair enlarges the head
FACE_DEPTH = 1.15  # ear plane to forehead, about 72 mm


def texture_grid() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Compute the head coordinates of all texels.

    Returns:
        x, y: float32 arrays of shape (rows, columns).
    """
    columns = np.arange(int(2 * X_LIMIT * TEXELS), dtype=np.float32) / TEXELS - X_LIMIT
    rows = np.arange(int(2 * Y_LIMIT * TEXELS), dtype=np.float32) / TEXELS - Y_LIMIT
    return np.meshgrid(columns, rows)


def bump(
    x: np.ndarray, y: np.ndarray, cx: float, cy: float, sx: float, sy: float
) -> NDArray[np.floating]:
    """Evaluate a Gaussian hill of height 1 at (cx, cy) with standard deviations sx, sy."""
    return np.exp(-0.5 * (((x - cx) / sx) ** 2 + ((y - cy) / sy) ** 2))


def pair(
    x: np.ndarray, y: np.ndarray, cx: float, cy: float, sx: float, sy: float
) -> NDArray[np.floating]:
    """Evaluate two `bump`s that mirror each other left and right."""
    return bump(np.abs(x), y, cx, cy, sx, sy)


def soft_step(distance: NDArray[np.floating], width: float = 1.5) -> NDArray[np.floating]:
    """Step from 0 to 1 where `distance` (eye distances) is 0, over `width` texels."""
    return np.clip(distance * TEXELS / width + 0.5, 0.0, 1.0)


def half_width(y: NDArray[np.floating], identity: Identity) -> NDArray[np.floating]:
    """Compute the half width of the face outline at height y (without ears and hair)."""
    above = np.sqrt(np.clip(1 - np.abs(np.minimum(y, 0) / identity.crown) ** SKULL_POWER, 0, 1))
    down = np.clip(np.maximum(y, 0) / identity.chin, 0, 1)
    below = (1 - down**identity.jaw_power) ** 0.62
    return identity.head_width * np.where(y < 0, above, below)


def head_outline(y: NDArray[np.floating], identity: Identity) -> NDArray[np.floating]:
    """Compute the half width of the silhouette: face, ears and the volume of the hair."""
    ears = 0.12 * np.exp(-(((y - 0.28) / 0.34) ** 4))
    volume = 0.0 if identity.bald else HAIR_VOLUME
    hair = 1 + volume * soft_step(-y + 0.1, width=0.5 * TEXELS)
    return hair * half_width(y / hair, identity) + ears


def relief(
    x: NDArray[np.float32], y: NDArray[np.float32], identity: Identity
) -> NDArray[np.float32]:
    """Compute the height z of the head's surface.

    Args:
        x, y: head coordinates, float32 (rows, columns).
        identity: `Identity`.

    Returns:
        float32 (rows, columns); about 0 at the silhouette, 1 to 1.6 on the face.
    """
    width = np.maximum(head_outline(y, identity), 1e-3)
    profile = np.sqrt(np.clip(1 - np.abs((y - 0.1) / 2.05) ** 4, 0, 1))
    z = FACE_DEPTH * profile * np.clip(1 - (x / width) ** 2, 0, 1) ** SIDE_POWER
    z = cv2.GaussianBlur(z.astype(np.float32), (0, 0), 4)
    z += _eyes(x, y, identity) + _nose(x, y, identity) + _mouth(x, y, identity)
    z += identity.cheek * pair(x, y, 0.72, 0.5, 0.26, 0.2)
    return cv2.GaussianBlur(z.astype(np.float32), (0, 0), 1.2)


def _eyes(x, y, identity):
    z = -0.15 * pair(x, y, EYE_X, 0.02, 0.25, 0.16)
    z += 0.10 * pair(x, y, EYE_X, 0.0, 0.16, 0.10)
    z += 0.07 * pair(x, y, 0.45, identity.brow_y + 0.02, 0.32, 0.09)
    return z - 0.025 * pair(x, y, EYE_X, 0.2, 0.17, 0.035)


def _nose(x, y, identity):
    tip, width, height = identity.nose_length, identity.nose_width, identity.nose_height
    along = np.clip((y + 0.1) / (tip + 0.1), 0, 1)
    ridge = along**1.3 * np.exp(-0.5 * (x / (0.10 + 0.06 * along)) ** 2)
    ridge = ridge * soft_step(tip + 0.06 - y, width=0.16 * TEXELS)
    z = 0.8 * height * ridge + 0.05 * bump(x, y, 0, 0, 0.1, 0.2)
    z += 0.3 * height * bump(x, y, 0, tip - 0.02, 0.12, 0.10)
    z += 0.13 * pair(x, y, width, tip + 0.03, 0.075, 0.08)
    return z - 0.06 * pair(x, y, width + 0.18, tip + 0.2, 0.07, 0.16)


def _mouth(x, y, identity):
    centre, width, lip = identity.mouth_y, identity.mouth_width, identity.lip_height
    z = 0.10 * bump(x, y, 0, centre, 0.42, 0.26)
    z += 0.06 * bump(x, y, 0, centre - 0.6 * lip, width * 0.6, lip * 0.5)
    z += 0.08 * bump(x, y, 0, centre + 0.8 * lip, width * 0.5, lip * 0.6)
    z -= 0.06 * bump(x, y, 0, centre, width * 0.75, 0.022)
    z -= 0.05 * bump(x, y, 0, centre + 0.26, 0.26, 0.06)
    return z + 0.13 * bump(x, y, 0, identity.chin - 0.24, 0.26, 0.16)
