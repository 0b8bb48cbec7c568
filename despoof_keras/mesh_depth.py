"""Depth map of a face in its crop, rasterised from the landmarks of the face mesh."""

import numpy as np
from scipy.spatial import Delaunay

from despoof_keras.face_mesh import CHIN, FOREHEAD, LEFT_SIDE, RIGHT_SIDE, eye_positions
from despoof_keras.preprocessing import RELEASED_CROP, crop_box

# Depth falls from 1 at the nearest landmark to 0 this many eye distances (about 100 mm) behind it,
# near the plane of the ears; the embedded set's exact maps have the same span.
DEPTH_SPAN = 1.6
DEPTH_LEVELS = 255


def mesh_depth(landmarks, size, jitter=0, eyes=None, rule=RELEASED_CROP):
    """Rasterises the depth of a face in the frame of its crop.

    Args:
        landmarks: `(468, 3)` in pixels of the picture, as from `face_mesh.FaceMesh`.
        size: side of the crop, in pixels.
        jitter: extra samples on every side, as in `preprocessing.resize`.
        eyes: `(4,)`, the eyes that place the crop; the mesh's own where None.
        rule: `preprocessing.CropRule`.

    Returns:
        `(size + 2 jitter, size + 2 jitter)` uint8: 255 at the nearest point of the face, which is
        near the nose's tip; 0 outside the mesh.

    Raises:
        DataError: see `preprocessing.crop_box`.
    """
    eyes = eye_positions(landmarks) if eyes is None else eyes
    x, y, side = crop_box(eyes, rule)
    across, down = np.asarray(eyes)[2:] - np.asarray(eyes)[:2]
    span = DEPTH_SPAN * np.hypot(across, down)
    depth = np.clip(1 - (landmarks[:, 2] - landmarks[:, 2].min()) / span, 0, 1)
    # The crop samples position i * side / size; see preprocessing.resize_grid.
    corners = (landmarks[:, :2] - [x, y]) * (size / side) + jitter
    raster = _rasterise(corners, depth, triangles(landmarks), size + 2 * jitter)
    return np.rint(raster * DEPTH_LEVELS).astype(np.uint8)


def triangles(landmarks):
    """Triangulates the mesh as seen from straight ahead, where no part hides another.

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
    return Delaunay(landmarks @ np.stack([across, down], axis=1)).simplices


def _rasterise(corners, values, faces, size):
    """Interpolates values over triangles at whole positions; the greatest wins where they overlap.

    Args:
        corners: `(n, 2)` x and y.
        values: `(n,)`, at least 0.
        faces: `(m, 3)` corner numbers.
        size: side of the raster.

    Returns:
        `(size, size)` float array, 0 outside all triangles.
    """
    raster = np.zeros((size, size))
    for points, heights in zip(corners[faces], values[faces], strict=True):
        low = np.maximum(np.ceil(points.min(axis=0)).astype(int), 0)
        high = np.minimum(np.floor(points.max(axis=0)).astype(int), size - 1)
        (ax, ay), (bx, by), (cx, cy) = points
        area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
        if (low > high).any() or area == 0:
            continue
        x = np.arange(low[0], high[0] + 1)
        y = np.arange(low[1], high[1] + 1)[:, np.newaxis]
        # Barycentric coordinates: shares of the three corners, all positive inside.
        a = ((bx - x) * (cy - y) - (cx - x) * (by - y)) / area
        b = ((cx - x) * (ay - y) - (ax - x) * (cy - y)) / area
        c = 1 - a - b
        inside = (a >= 0) & (b >= 0) & (c >= 0)
        height = np.where(inside, a * heights[0] + b * heights[1] + c * heights[2], 0)
        view = raster[low[1] : high[1] + 1, low[0] : high[0] + 1]
        np.maximum(view, height, out=view)
    return raster
