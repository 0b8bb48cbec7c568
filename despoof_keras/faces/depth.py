"""Depth targets for DepthNet: a face's depth in its crop, uint8, 255 at the nearest point.

There are three sources. The embedded set has exact maps of whole frames (`exact_depth`). Elsewhere
the depth is that of the face's landmarks (`mesh_depth`) or, if no landmarks are found, of a generic
face placed by the eyes (`generic_face_depth`).
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from despoof_keras.errors import DataError
from despoof_keras.faces.crop import (
    ANTIALIASED_RESIZE,
    RELEASED_CROP,
    CropRule,
    crop_box,
    crop_face,
    eye_distance,
)
from despoof_keras.faces.mesh import CHIN, FOREHEAD, LEFT_SIDE, RIGHT_SIDE, eye_positions
from despoof_keras.utils.files import read_arrays

DEPTH_LEVELS = 255
# Depth falls from 1 at the nearest landmark to 0 this many eye distances (about 100 mm) behind it,
# near the plane of the ears; the embedded set's exact maps have the same span.
DEPTH_SPAN = 1.6

# The generic face, in units of the eye distance, origin midway between the eyes, y downwards:
# adult proportions (breadth of the face 2.2, forehead to chin 3.0 times the eye distance).
FACE_CENTRE_Y = 0.45
FACE_HALF_WIDTH = 1.12
FACE_HALF_HEIGHT = 1.55
NOSE_TIP_Y = 0.68
NOSE_HALF_WIDTH = 0.22
NOSE_HALF_HEIGHT = 0.42
# Share of the depth range by which the nose stands out from the face's ellipsoid.
NOSE_HEIGHT = 0.22


def read_depth_maps(path: Path | str) -> np.ndarray:
    """Read the exact depth of a clip of the embedded set.

    Args:
        path: `.npz` file with `depth`, `(frames, height, width)` uint8, 255 nearest.

    Returns:
        The array.

    Raises:
        DataError: the file is unreadable or holds something else.
    """
    depth = read_arrays(path, ["depth"])["depth"]
    if depth.ndim != 3 or depth.dtype != np.uint8:
        raise DataError(
            f"{path}: expected 'depth' as (frames, height, width) uint8; "
            f"found {depth.shape} {depth.dtype}"
        )
    return depth


def exact_depth(
    depth: np.ndarray,
    eyes: npt.ArrayLike,
    size: int,
    jitter: int = 0,
    rule: CropRule = RELEASED_CROP,
) -> np.ndarray:
    """Cut a face's depth out of an exact map.

    Args:
        depth: `(height, width)` uint8 depth of the whole frame.
        eyes: `(x_right, y_right, x_left, y_left)` in pixels of the frame.
        size: side of the crop, in pixels.
        jitter: extra samples on every side, as for `crop.resize`.
        rule: where the crop lies.

    Returns:
        `(size + 2 jitter, size + 2 jitter)` uint8.
    """
    return np.rint(crop_face(depth, eyes, size, jitter, rule)).astype(np.uint8)


def generic_face_depth(
    eyes: npt.ArrayLike, size: int, jitter: int = 0, rule: CropRule = RELEASED_CROP
) -> np.ndarray:
    """Draw the depth of a generic face whose eyes are where the crop's eyes are.

    Args:
        eyes, size, jitter, rule: as for `exact_depth`.

    Returns:
        `(size + 2 jitter, size + 2 jitter)` uint8: greatest at the nose; 0 for the background.

    Raises:
        DataError: as for `crop.eye_distance`.
    """
    x_right, y_right, x_left, y_left = np.asarray(eyes, np.float64)
    # Crop coordinates in eye distances, origin at the subject's right eye.
    distance = eye_distance(eyes)
    grid = np.arange(-jitter, size + jitter) * (rule.side / size)
    if rule.resize == ANTIALIASED_RESIZE:  # samples are in the middles of their shares
        grid += (rule.side / size - 1 / distance) / 2
    x, y = np.meshgrid(grid - rule.left, grid - rule.up)
    across, down = (x_left - x_right) / distance, (y_left - y_right) / distance
    length = np.hypot(across, down)
    x, y = x - across / 2, y - down / 2
    # The head's own axes: along the line of the eyes, and down from it.
    along = (x * across + y * down) / length**2
    below = (y * across - x * down) / length**2
    face = 1 - (along / FACE_HALF_WIDTH) ** 2 - ((below - FACE_CENTRE_Y) / FACE_HALF_HEIGHT) ** 2
    nose = np.exp(
        -((along / NOSE_HALF_WIDTH) ** 2) - ((below - NOSE_TIP_Y) / NOSE_HALF_HEIGHT) ** 2
    )
    depth = np.where(
        face > 0, np.sqrt(np.maximum(face, 0)) * (1 - NOSE_HEIGHT) + NOSE_HEIGHT * nose, 0
    )
    return np.rint(np.clip(depth, 0, 1) * DEPTH_LEVELS).astype(np.uint8)


def mesh_depth(
    landmarks: np.ndarray,
    size: int,
    jitter: int = 0,
    eyes: npt.ArrayLike | None = None,
    rule: CropRule = RELEASED_CROP,
) -> np.ndarray:
    """Draw the depth of a face's landmarks.

    Args:
        landmarks: `(468, 3)` in pixels of the frame, as from `FaceMesh`.
        eyes: the eyes that place the crop; the mesh's own if None.
        size, jitter, rule: as for `exact_depth`.

    Returns:
        `(size + 2 jitter, size + 2 jitter)` uint8: 255 at the nearest point of the face, which is
        near the nose's tip; 0 outside the mesh.

    Raises:
        DataError: as for `crop.crop_box`.
    """
    eyes = eye_positions(landmarks) if eyes is None else eyes
    x, y, side = crop_box(eyes, rule)
    across, down = np.asarray(eyes)[2:] - np.asarray(eyes)[:2]
    span = DEPTH_SPAN * np.hypot(across, down)
    depth = np.clip(1 - (landmarks[:, 2] - landmarks[:, 2].min()) / span, 0, 1)
    # The crop samples position i * side / size, see `crop.resize_grid`; or the middles of shares.
    middle = 0.5 * (size / side - 1) if rule.resize == ANTIALIASED_RESIZE else 0.0
    corners = (landmarks[:, :2] - [x, y]) * (size / side) + middle + jitter
    raster = _rasterise(corners, depth, triangles(landmarks), size + 2 * jitter)
    return np.rint(raster * DEPTH_LEVELS).astype(np.uint8)


def triangles(landmarks: np.ndarray) -> np.ndarray:
    """Triangulate the mesh as seen from straight ahead, where no part hides another.

    Args:
        landmarks: `(468, 3)`.

    Returns:
        `(triangles, 3)` landmark numbers.
    """
    across = landmarks[LEFT_SIDE] - landmarks[RIGHT_SIDE]
    across = across / np.linalg.norm(across)
    down = landmarks[CHIN] - landmarks[FOREHEAD]
    down = down - (down @ across) * across
    down = down / np.linalg.norm(down)
    # Imported only here: it costs a worker that needs no mesh 25 MB.
    from scipy.spatial import Delaunay

    return Delaunay(landmarks @ np.stack([across, down], axis=1)).simplices


def _rasterise(corners, values, indices, size):
    """Interpolate values over triangles; the greatest value is kept where they overlap.

    Args:
        corners: `(n, 2)` x and y.
        values: `(n,)`, at least 0.
        indices: `(m, 3)` numbers of the triangles' corners.
        size: side of the raster, whose pixels are at whole positions.

    Returns:
        `(size, size)` float array, 0 outside all triangles.
    """
    raster = np.zeros((size, size))
    for points, heights in zip(corners[indices], values[indices], strict=True):
        low = np.maximum(np.ceil(points.min(axis=0)).astype(int), 0)
        high = np.minimum(np.floor(points.max(axis=0)).astype(int), size - 1)
        (ax, ay), (bx, by), (cx, cy) = points
        area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
        if (low > high).any() or area == 0:
            continue
        x = np.arange(low[0], high[0] + 1)
        y = np.arange(low[1], high[1] + 1)[:, np.newaxis]
        # Barycentric coordinates: the shares of the three corners, none negative inside.
        a = ((bx - x) * (cy - y) - (cx - x) * (by - y)) / area
        b = ((cx - x) * (ay - y) - (ax - x) * (cy - y)) / area
        c = 1 - a - b
        inside = (a >= 0) & (b >= 0) & (c >= 0)
        height = np.where(inside, a * heights[0] + b * heights[1] + c * heights[2], 0)
        view = raster[low[1] : high[1] + 1, low[0] : high[0] + 1]
        np.maximum(view, height, out=view)
    return raster
