"""Pictures brought to the size and place that the face networks take, as OpenCV would do it.

NumPy and SciPy do it as quickly as OpenCV, to half a grey level, which is OpenCV's own rounding.
"""

import functools
import itertools
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

# A picture is resized in bands of so many values at most, because they are converted to float32, in
# which a whole photograph takes 1.4 GB.
BAND_VALUES = 2**20
# Rows that are sampled at once, so that the arrays stay in the processor's cache.
SAMPLED_ROWS = 32


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
    small /= np.float32(127.5)
    tensor[top : top + down, left : left + across] = small - 1
    return Square(tensor, scale, np.array([left, top], np.float32))


def resize_smoothly(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resize by the mean over each pixel's area, or bilinearly where the picture is enlarged.

    Args:
        image: `(rows, columns, 3)` uint8.
        height, width: the size to make, in pixels.

    Returns:
        `(height, width, 3)` float32 in the picture's range.
    """
    columns = image.shape[1]
    is_reduced = max(height, width) < max(image.shape[:2])
    bands, sideways = _resize_matrices(image.shape[:2], (height, width), is_reduced)
    resized = np.empty((height, width * 3), np.float32)
    for new, old, weights in bands:
        lines = weights @ image[old].reshape(-1, columns * 3)
        resized[new] = (sideways @ np.ascontiguousarray(lines.T)).T
    return resized.reshape(height, width, 3)


@functools.lru_cache(maxsize=8)  # the frames of a video have one size
def _resize_matrices(old_shape, new_shape, is_reduced):
    """Make the matrices of a resize: `(new rows, old rows, matrix)` of each band, and sideways."""
    (rows, columns), (height, width) = old_shape, new_shape
    count = min(height, -(-rows * columns * 3 // BAND_VALUES))
    places, shares = _weights(rows, height, is_reduced)
    bands = []
    for start, stop in itertools.pairwise(np.linspace(0, height, count + 1).astype(int)):
        new = slice(start, stop)
        old = slice(places[new].min(), places[new].max() + 1)
        bands.append(
            (new, old, _matrix(places[new] - old.start, shares[new], old.stop - old.start))
        )
    # The three colours of a pixel lie one after the other.
    places, shares = _weights(columns, width, is_reduced)
    places = (3 * places[:, np.newaxis] + np.arange(3)[:, np.newaxis]).reshape(3 * width, -1)
    return bands, _matrix(places, shares.repeat(3, axis=0), 3 * columns)


def _matrix(places, shares, columns):
    """Make the matrix of which each row has `shares` in the columns `places`."""
    ends = np.arange(0, places.size + 1, places.shape[1])
    return csr_array((shares.ravel(), places.ravel(), ends), (len(places), columns))


def _weights(length, size, is_reduced):
    """Compute of which pixels each new one is the mean, along one side.

    Returns:
        `(places, shares)`, arrays with a row for each new pixel; shares may be 0 and sum to 1.
    """
    edges = np.arange(size + 1) * (length / size)
    low, high = edges[:-1, np.newaxis], edges[1:, np.newaxis]
    if is_reduced:
        # The mean over the new pixel's area, in which the pixels at its ends have a part.
        places = np.floor(low).astype(int) + np.arange(int(np.ceil(length / size)) + 1)
        shares = np.maximum(np.minimum(places + 1, high) - np.maximum(places, low), 0)
    else:
        centres = (low + high) / 2 - 0.5
        places = np.floor(centres).astype(int) + np.arange(2)
        shares = 1 - np.abs(places - centres)
    shares /= shares.sum(axis=1, keepdims=True)
    return np.clip(places, 0, length - 1), shares.astype(np.float32)


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
    values = image.reshape(-1)
    sampled = np.empty((side, side, 3), np.float32)
    along = np.arange(side)
    for start in range(0, side, SAMPLED_ROWS):
        rows = along[start : start + SAMPLED_ROWS, np.newaxis]
        x = np.clip(xx * along + (xy * rows + x0), 0, width - 1)
        y = np.clip(yx * along + (yy * rows + y0), 0, height - 1)
        column = np.minimum(x.astype(np.intp), width - 2)
        row = np.minimum(y.astype(np.intp), height - 2)
        right, below = (x - column).astype(np.float32), (y - row).astype(np.float32)
        places = (row * width + column) * 3
        # One colour at a time: NumPy is several times slower on many short rows of three.
        for colour in range(3):
            corners = [
                values[corner + colour :].take(places).astype(np.float32)
                for corner in (0, 3, 3 * width, 3 * width + 3)
            ]
            upper = corners[0] + (corners[1] - corners[0]) * right
            lower = corners[2] + (corners[3] - corners[2]) * right
            sampled[start : start + SAMPLED_ROWS, :, colour] = upper + (lower - upper) * below
    return sampled
