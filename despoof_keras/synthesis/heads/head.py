"""A head ready for rendering: relief, surface normals and colours on one texture grid."""

import dataclasses

import cv2
import numpy as np
from numpy.typing import NDArray

from despoof_keras.synthesis.heads.identity import Identity
from despoof_keras.synthesis.heads.shape import (
    EYE_X,
    TEXELS,
    X_LIMIT,
    Y_LIMIT,
    head_outline,
    relief,
    soft_step,
    texture_grid,
)
from despoof_keras.synthesis.heads.texture import paint, smooth_noise

OCCLUSION_SIGMA = 0.22  # eye distances: how far folds and sockets shade their surroundings
OCCLUSION_STRENGTH = 1.8
MICRO_RELIEF = 0.0022  # in eye distances (0.14 mm): skin texture that breaks up highlights


@dataclasses.dataclass(frozen=True)
class Head:
    """A subject's head on one day. All arrays cover the grid of `shape.texture_grid`.

    Attributes:
        identity: the subject's `Identity`.
        height: float32 (rows, columns), z in eye distances.
        normals: float32 (rows, columns, 3), unit vectors.
        surface: float32 (rows, columns, 4): alpha, face (skin that has depth), gloss,
            ambient occlusion; all in [0, 1].
        alpha: float32 (rows, columns), the first channel of `surface`, contiguous.
        open: float32 (rows, columns, 3), linear RGB reflectance with open eyes.
        closed: the same with closed eyes.
        eyes: float32 (rows, columns), 1 between the lids.
        eye_points: float64 (2, 3), surface points of the subject's right and left eye.
        nose_tip: largest z.
    """

    identity: Identity
    height: NDArray[np.float32]
    normals: NDArray[np.float32]
    surface: NDArray[np.float32]
    alpha: NDArray[np.float32]
    open: NDArray[np.float32]
    closed: NDArray[np.float32]
    eyes: NDArray[np.float32]
    eye_points: NDArray[np.float64]
    nose_tip: float


def build_head(identity: Identity, rng: np.random.Generator, make_up: float) -> Head:
    """Build the head of a subject on one day.

    Args:
        identity: `Identity`.
        rng: generator of everything that changes from day to day.
        make_up: 0 to 1.

    Returns:
        `Head`.
    """
    x, y = texture_grid()
    height = relief(x, y, identity)
    layers = paint(x, y, identity, rng, make_up)
    hidden = cv2.GaussianBlur(height, (0, 0), OCCLUSION_SIGMA * TEXELS) - height
    occlusion = np.clip(1 - OCCLUSION_STRENGTH * hidden, 0.25, 1.1)
    edge = 0.02 * smooth_noise(rng, x.shape, (3, 9)) * layers["hair"]
    outline = head_outline(y, identity)
    alpha = soft_step(outline - np.abs(x) + edge, width=3) * (outline > 0.05)
    alpha = alpha * soft_step(identity.chin - y, width=3)
    face = (1 - layers["hair"]) * soft_step(identity.head_width * 1.02 - np.abs(x), width=6) * alpha
    row, column = _texel(0.0, -EYE_X), _texel(0.0, EYE_X)
    eye_points = np.array([[-EYE_X, 0.0, height[row]], [EYE_X, 0.0, height[column]]])
    return Head(
        identity=identity,
        height=height,
        normals=_normals(height + MICRO_RELIEF * smooth_noise(rng, x.shape, (1.5, 1.5))),
        surface=np.dstack([alpha, face, layers["gloss"], occlusion]).astype(np.float32),
        alpha=alpha.astype(np.float32),
        open=layers["open"],
        closed=layers["closed"],
        eyes=layers["eyes"],
        eye_points=eye_points,
        nose_tip=float(height[:, x.shape[1] // 2].max()),
    )


def _normals(height):
    slope_x = cv2.Sobel(height, cv2.CV_32F, 1, 0, scale=TEXELS / 8)
    slope_y = cv2.Sobel(height, cv2.CV_32F, 0, 1, scale=TEXELS / 8)
    normals = np.dstack([-slope_x, -slope_y, np.ones_like(height)])
    return normals / np.linalg.norm(normals, axis=2, keepdims=True)


def _texel(y, x):
    return round((y + Y_LIMIT) * TEXELS), round((x + X_LIMIT) * TEXELS)
