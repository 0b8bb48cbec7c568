"""Pictures brought to the size and place that the face networks take, as OpenCV would do it.

NumPy and SciPy do it as quickly as OpenCV, to half a grey level, which is OpenCV's own rounding.
"""

import functools
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

# Rows of the result that are made at once: the rows of the picture that they need are converted to
# float32, and a whole photograph in float32 takes 1.4 GB.
BAND = 16


class Square(NamedTuple):
    """A picture fitted into a square.

    Attributes:
        tensor: `(side, side, 3)` float32 in [-1, 1], -1 beside the picture.
        scale: factor from pixels of the picture to those of the square.
        offset: `(2,)`, x and y of the picture's corner in the square.
    """

    tensor: np.ndarray
    scale: float
    offset: np.ndarray


def fit_into_square(image: np.ndarray, side: int) -> Square:
    """Reduce or enlarge a picture so that it just fits into a square.

    Args:
        image: `(height, width, 3)` RGB uint8.
        side: side of the square, in pixels.
    """
    height, width = image.shape[:2]
    scale = side / max(height, width)
    across, down = max(1, round(width * scale)), max(1, round(height * scale))
    left, top = (side - across) // 2, (side - down) // 2
    tensor = np.full((side, side, 3), -1, np.float32)
    small = np.rint(resize_smoothly(image, down, across))
    tensor[top : top + down, left : left + across] = small / np.float32(127.5) - 1
    return Square(tensor, scale, np.array([left, top], np.float32))


def resize_smoothly(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resize by the mean over each pixel's area, or bilinearly where the picture is enlarged.

    Args:
        image: `(rows, columns, 3)` uint8.
        height, width: the size to make, in pixels.

    Returns:
        `(height, width, 3)` float32 in the picture's range.
    """
    rows, columns = image.shape[:2]
    is_reduced = max(height, width) < max(rows, columns)
    downwards = _weights(rows, height, is_reduced)
    across = _weights(columns, width, is_reduced)
    lines = np.empty((columns, height, 3), np.float32)
    for start in range(0, height, BAND):
        band = downwards[start : start + BAND]
        low, high = band.indices.min(), band.indices.max() + 1
        part = image[low:high].reshape(high - low, -1)
        reduced = (band[:, low:high] @ part).reshape(-1, columns, 3)
        lines[:, start : start + BAND] = reduced.transpose(1, 0, 2)
    resized = (across @ lines.reshape(columns, -1)).reshape(width, height, 3)
    return resized.transpose(1, 0, 2)


@functools.lru_cache(maxsize=8)  # the frames of a video have one size
def _weights(length, size, is_reduced):
    """Make the `(size, length)` matrix of a resize along one side; its rows sum to 1."""
    edges = np.arange(size + 1) * (length / size)
    if is_reduced:
        # Every new pixel is the mean over its area, in which the pixels at its ends have a part.
        most = int(np.ceil(length / size)) + 1
        places = np.floor(edges[:-1, np.newaxis]).astype(int) + np.arange(most)
        shares = np.minimum(places + 1, edges[1:, np.newaxis])
        shares = np.maximum(shares - np.maximum(places, edges[:-1, np.newaxis]), 0)
    else:
        centres = (edges[:-1] + edges[1:]) / 2 - 0.5
        low = np.floor(centres)
        places = low[:, np.newaxis].astype(int) + np.arange(2)
        shares = np.stack([low + 1 - centres, centres - low], axis=1)
    shares /= shares.sum(axis=1, keepdims=True)
    places = np.clip(places, 0, length - 1)
    rows = np.broadcast_to(np.arange(size)[:, np.newaxis], places.shape)
    matrix = csr_array(
        (shares.astype(np.float32).ravel(), (rows.ravel(), places.ravel())), (size, length)
    )
    matrix.eliminate_zeros()
    return matrix


def sample_square(image: np.ndarray, matrix: np.ndarray, side: int) -> np.ndarray:
    """Sample a turned square of a picture bilinearly; border pixels are repeated outside it.

    Args:
        image: `(height, width, 3)` uint8, contiguous.
        matrix: `(2, 3)`, from `(x, y, 1)` in the square to x and y in the picture, in pixels.
        side: side of the square, in its own pixels.

    Returns:
        `(side, side, 3)` float32 in the picture's range.
    """
    if min(image.shape[:2]) < 2:  # every sample needs two pixels along each side
        image = np.ascontiguousarray(np.pad(image, ((0, 1), (0, 1), (0, 0)), mode="edge"))
    height, width = image.shape[:2]
    (xx, xy, x0), (yx, yy, y0) = matrix
    along = np.arange(side)
    x = np.clip(xx * along + (xy * along + x0)[:, np.newaxis], 0, width - 1)
    y = np.clip(yx * along + (yy * along + y0)[:, np.newaxis], 0, height - 1)
    column = np.minimum(x.astype(np.intp), width - 2)
    row = np.minimum(y.astype(np.intp), height - 2)
    x, y = (x - column).astype(np.float32), (y - row).astype(np.float32)
    values, places = image.reshape(-1), (row * width + column) * 3
    sampled = np.empty((side, side, 3), np.float32)
    # One colour at a time: NumPy is several times slower on many short rows of three.
    for colour in range(3):
        corners = [
            values[start + colour :].take(places).astype(np.float32)
            for start in (0, 3, 3 * width, 3 * width + 3)
        ]
        left = corners[0] + (corners[2] - corners[0]) * y
        right = corners[1] + (corners[3] - corners[1]) * y
        sampled[..., colour] = left + (right - left) * x
    return sampled
