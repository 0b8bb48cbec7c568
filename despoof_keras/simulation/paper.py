"""What people do to a printed photograph: bend it, and cut its eyes out to look through."""

import cv2
import numpy as np
from numpy.typing import NDArray

# Half axes of a hole, in eye distances: the eye with its lids.
HOLE = (0.36, 0.19)
# The face behind the sheet lies in its shadow.
SHADE_BEHIND = 0.75


def bend_sheet(sheet: NDArray[np.float32], bend: float) -> NDArray[np.float32]:
    """Bend a sheet about its vertical axis, as seen from the front.

    Args:
        sheet: float32 (rows, columns, 3).
        bend: see `_flat_place`; 0 leaves the sheet flat.

    Returns:
        The sheet as it appears, of the same shape.
    """
    rows, columns = sheet.shape[:2]
    across = _flat_place(np.linspace(-1, 1, columns), bend)
    places = np.tile(((across + 1) / 2 * (columns - 1)).astype(np.float32), (rows, 1))
    down = np.repeat(np.arange(rows, dtype=np.float32)[:, None], columns, axis=1)
    return cv2.remap(sheet, places, down, cv2.INTER_LINEAR).astype(np.float32, copy=False)


def bend_points(points: NDArray[np.float64], bend: float, half_width: float) -> NDArray[np.float64]:
    """Tell where points of a flat sheet appear when it is bent.

    Args:
        points: (n, 2), x and y from the sheet's middle.
        bend: as for `bend_sheet`.
        half_width: of the sheet, in the points' unit.

    Returns:
        (n, 2), in the same unit.
    """
    grid = np.linspace(-1, 1, 513)
    across = np.interp(points[:, 0] / half_width, _flat_place(grid, bend), grid) * half_width
    return np.column_stack([across, points[:, 1]])


def eye_holes(eyes: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Draw the holes where a photograph's eyes were.

    Args:
        eyes: (2, 2), x and y of both eyes in samples.
        shape: (rows, columns) of the raster.

    Returns:
        float32 (rows, columns, 1): 1 in the holes, 0 on the sheet.
    """
    mask = np.zeros(shape, np.float32)
    across = eyes[1] - eyes[0]
    distance = float(np.hypot(*across))
    axes = tuple(max(1, round(distance * part)) for part in HOLE)
    turn = float(np.degrees(np.arctan2(across[1], across[0])))
    for x, y in eyes:
        cv2.ellipse(mask, (round(x), round(y)), axes, turn, 0, 360, 1.0, -1)
    return cv2.GaussianBlur(mask, (0, 0), 1.0)[..., None].astype(np.float32, copy=False)


def _flat_place(across, bend):
    """Where on the flat sheet lies what is seen at `across`, both from -1 to 1.

    A bend above 0 brings the middle nearer, so that it looks wider; below 0, it looks narrower.
    """
    return across + bend * (across**3 - across)
