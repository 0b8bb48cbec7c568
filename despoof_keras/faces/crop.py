"""Face crop and resize: the same code in training, evaluation and on the phone (NumPy only).

The released model was trained on squares placed by the eyes, resized with TensorFlow 1's
`resize_bilinear` (no half-pixel centres, no smoothing before a reduction). A reduction folds the
fine structure of a medium back into the crop by that rule; the other one averages it away. Scores
depend on the crop's scale and on the resize rule, so both are defined only here, and a model's
metadata name them.
"""

import dataclasses
import math

import numpy as np
import numpy.typing as npt

from despoof_keras.errors import DataError

# Rules by which a square is resized, see `resize`.
RELEASED_RESIZE, ANTIALIASED_RESIZE = "tf1_bilinear", "antialiased"
RESIZE_RULES = (RELEASED_RESIZE, ANTIALIASED_RESIZE)


@dataclasses.dataclass(frozen=True)
class CropRule:
    """The place of a face's square, in units of the eye distance, and how it is resized.

    Attributes:
        left, up: distance of its corner to the left of and above the subject's right eye.
        side: its side, positive.
        resize: one of `RESIZE_RULES`.
    """

    left: float
    up: float
    side: float
    resize: str = RELEASED_RESIZE

    def scaled(self, side: float) -> "CropRule":
        """Make the rule of a square with the same centre and another side.

        Example:
            >>> CropRule(0.75, 0.825, 2.5).scaled(3.5)
            CropRule(left=1.25, up=1.325, side=3.5, resize='tf1_bilinear')
        """
        growth = (side - self.side) / 2
        return CropRule(self.left + growth, self.up + growth, side, self.resize)

    def place(self) -> dict[str, float]:
        """Where the square lies, as a model's metadata have it: `{"left", "up", "side"}`."""
        return {"left": self.left, "up": self.up, "side": self.side}


# The crop of the authors' test script, in units of the eye distance l: the corner lies 0.75 l left
# of and 1.1 * 0.75 l above the subject's right eye, the side is l + 2 * 0.75 l.
RELEASED_CROP = CropRule(left=0.75, up=0.825, side=2.5)
# Ratio of a face square's side to the image's longer side. With both eyes in the image it is at
# most the rule's side; beyond this limit the eyes belong to another image, and the square could
# fill the memory.
LARGEST_SQUARE = 16
# In degrees. The square is upright and scaled by the distance along the rows, so at 45 degrees
# it is three tenths too small. Beyond that the authors' rule takes the distance down the columns on
# one side, and the ever smaller one along the rows on the other.
MOST_EYE_TILT = 45
LARGEST_POSITION = 2**31  # in pixels; no image is as large
EYES = "(x_right, y_right, x_left, y_left)"
# The authors scale 8-bit pixels by 256, not by 255.
PIXEL_SCALE = 256.0
# The networks' maps, 0/1 map and depth, are smaller than the crop by this factor, which divides
# the crop's side.
MAP_FACTOR = 8


def eye_distance(eyes: npt.ArrayLike) -> float:
    """Check the eyes of a face, and measure the distance that scales its square.

    Args:
        eyes: `(x_right, y_right, x_left, y_left)` in pixels, the subject's right eye (the one on
            the image's left) first.

    Returns:
        The distance along the image's rows, in pixels. The authors' script takes the larger of that
        along the rows and that down the columns; up to `MOST_EYE_TILT` they are the same.

    Raises:
        DataError: an eye is not finite, the eyes are equal, in the wrong order, or lean too far.
    """
    try:
        eyes = np.asarray(eyes, np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"eyes: expected four numbers {EYES}; {error}") from error
    if eyes.shape != (4,):
        raise DataError(f"eyes: expected four numbers {EYES}; received shape {eyes.shape}")
    if not (np.abs(eyes) <= LARGEST_POSITION).all():  # written so that NaN does not pass
        raise DataError(f"eyes: expected finite numbers of pixels {EYES}; received {eyes.tolist()}")
    x_right, y_right, x_left, y_left = eyes.tolist()
    across, down = x_left - x_right, y_left - y_right
    if across == down == 0:
        raise DataError(f"eyes: expected two places {EYES}; both are at ({x_right:g}, {y_right:g})")
    if abs(down) > across:
        tilt = abs(math.degrees(math.atan2(down, across)))
        swapped = tilt >= 180 - MOST_EYE_TILT
        raise DataError(
            "eyes: expected the subject's right eye (image left) first; they are in the other "
            f"order, or the face is upside down; received {eyes.tolist()}"
            if swapped
            else f"eyes: expected a line between them that leans by at most {MOST_EYE_TILT} "
            f"degrees; it leans by {tilt:.1f}; turn the picture upright; received {eyes.tolist()}"
        )
    return across


def crop_box(eyes: npt.ArrayLike, rule: CropRule = RELEASED_CROP) -> tuple[int, int, int]:
    """Place the square around a face by its eyes, in whole pixels.

    Args:
        eyes: as for `eye_distance`.
        rule: where the square lies.

    Returns:
        `(x, y, side)` in pixels; the square may extend beyond the image.

    Raises:
        DataError: as for `eye_distance`, or the eyes are so close together that the square has no
            pixel.

    Reference: the authors' `facepad-test.py`, which has eyes at whole pixels and truncates where
    this function rounds.

    Example:
        >>> crop_box((100, 120, 140, 118))
        (70, 87, 100)
    """
    distance = eye_distance(eyes)
    x_right, y_right = np.asarray(eyes, np.float64)[:2].tolist()
    x, y = x_right - rule.left * distance, y_right - rule.up * distance
    side = round(rule.side * distance)
    if side < 1:
        raise DataError(
            f"eyes: expected them far enough apart for the face square to have a pixel; they are "
            f"{distance:g} pixels apart"
        )
    return round(x), round(y), side


def cut_square(image: np.ndarray, box: tuple[int, int, int], margin: int = 0) -> np.ndarray:
    """Cut a square out of an image, with border pixels replicated where it leaves the image.

    Args:
        image: `(height, width)` or `(height, width, channels)` array.
        box: `(x, y, side)` as from `crop_box`.
        margin: pixels added on all four sides.

    Returns:
        `(side + 2 margin, side + 2 margin[, channels])` array of the image's dtype.

    Raises:
        DataError: the image is empty or not an image, or the square lies entirely outside it or
            is more than `LARGEST_SQUARE` times as large.
    """
    x, y, side = box
    if image.ndim not in (2, 3) or 0 in image.shape:
        raise DataError(
            "image: expected a non-empty (height, width[, channels]) array; "
            f"received shape {image.shape}"
        )
    height, width = image.shape[:2]
    if x >= width or y >= height or x + side <= 0 or y + side <= 0:
        raise DataError(f"face square {box} lies outside the image of {width} x {height} pixels")
    if side > LARGEST_SQUARE * max(height, width):
        raise DataError(
            f"face square {box}: expected a side of at most {LARGEST_SQUARE} times the image's, "
            f"which has {width} x {height} pixels"
        )
    rows = np.clip(np.arange(y - margin, y + side + margin), 0, height - 1)
    columns = np.clip(np.arange(x - margin, x + side + margin), 0, width - 1)
    return image[rows[:, None], columns]


def resize_grid(
    length: int, size: int, jitter: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compute where the released resize samples a row or column.

    Args:
        length: pixels before.
        size: pixels after.
        jitter: extra samples on both sides; their indices leave `[0, length)`.

    Returns:
        `(low, high, weight)`, arrays of `size + 2 jitter`: the neighbours of each sample and the
        weight of the upper neighbour.

    Reference: TensorFlow 1's `resize_bilinear(align_corners=False)`: source position
    `index * length / size` in float32, the upper neighbour clamped at the edge.
    """
    scale = np.float32(length) / np.float32(size)
    position = np.arange(-jitter, size + jitter, dtype=np.float32) * scale
    low = np.floor(position).astype(np.int64)
    high = low + 1
    if not jitter:
        high = np.minimum(high, length - 1)
    return low, high, (position - low).astype(np.float32)


def resize(
    image: np.ndarray, size: int, jitter: int = 0, border: int = 0, rule: str = RELEASED_RESIZE
) -> np.ndarray:
    """Resize to a square, bilinearly, in the input's range.

    By `"tf1_bilinear"` on the released model's exact grid, without smoothing. By `"antialiased"`
    each sample is the mean of what it covers, weighted by a triangle twice as wide as the distance
    of the samples, which lie in the middles of their shares of the image: the same as
    `tf.image.resize(antialias=True)` and Pillow's `BILINEAR`. An enlargement is plain bilinear.

    Args:
        image: `(height, width[, channels])` array.
        size: side after the resize, in pixels.
        jitter: extra samples on every side, on the same grid (for shifts of a crop in training);
            `image` must have the pixels for them in its border.
        border: pixels of `image` on every side that lie outside the part to resize.
        rule: one of `RESIZE_RULES`.

    Returns:
        `(size + 2 jitter, size + 2 jitter[, channels])` float32 array. With `jitter` its centre
        differs from the plain resize only where the plain one clamps: in the last row and column,
        and in the last few if it enlarges more than twice.
    """
    extra = (1,) * (image.ndim - 2)
    image = image.astype(np.float32)
    if rule == ANTIALIASED_RESIZE:
        rows = _averaged(image, size, jitter, border)
        return _averaged(rows.swapaxes(0, 1), size, jitter, border).swapaxes(0, 1)
    low, high, weight = resize_grid(image.shape[0] - 2 * border, size, jitter)
    upper, lower = image[low + border], image[high + border]
    rows = upper + (lower - upper) * weight.reshape((-1, 1, *extra))
    low, high, weight = resize_grid(image.shape[1] - 2 * border, size, jitter)
    left, right = rows[:, low + border], rows[:, high + border]
    return left + (right - left) * weight.reshape((1, -1, *extra))


def _averaged(image, size, jitter, border):
    """Resize the rows by the rule `"antialiased"`."""
    length = image.shape[0]
    scale = (length - 2 * border) / size
    reach = max(scale, 1.0)
    centre = (np.arange(-jitter, size + jitter) + 0.5) * scale - 0.5 + border
    first = np.ceil(centre - reach).astype(np.int64)
    total = np.zeros((len(centre), *image.shape[1:]), np.float32)
    weights = np.zeros(len(centre), np.float32)
    for step in range(math.ceil(2 * reach) + 1):
        place = first + step
        weight = np.maximum(1 - np.abs(place - centre) / reach, 0).astype(np.float32)
        weight[(place < 0) | (place >= length)] = 0
        weights += weight
        rows = image[np.clip(place, 0, length - 1)]
        total += rows * weight.reshape((-1, *(1,) * (image.ndim - 1)))
    return total / weights.reshape((-1, *(1,) * (image.ndim - 1)))


def crop_face(
    image: np.ndarray,
    eyes: npt.ArrayLike,
    size: int,
    jitter: int = 0,
    rule: CropRule = RELEASED_CROP,
) -> np.ndarray:
    """Cut the network's face crop out of a whole frame.

    Args:
        image: `(height, width, 3)` RGB uint8 frame (or any other array, e.g. a depth map).
        eyes: `(x_right, y_right, x_left, y_left)` in pixels.
        size: side of the crop, in pixels.
        jitter: extra samples on every side, see `resize`.
        rule: where the crop lies and how it is resized; a model's own is `metadata.crop_rule`.

    Returns:
        `(size + 2 jitter, size + 2 jitter[, channels])` float32 array in the image's range.

    Raises:
        DataError: as for `crop_box` and `cut_square`.
    """
    box = crop_box(eyes, rule)
    # An averaged sample at the edge reaches beyond the square, for which the image is there.
    beyond = jitter + (rule.resize == ANTIALIASED_RESIZE)
    border = math.ceil(beyond * box[2] / size) + 1 if beyond else 0
    return resize(cut_square(image, box, border), size, jitter, border, rule.resize)


def to_network_range(image: npt.ArrayLike) -> np.ndarray:
    """Scale 8-bit pixel values to the networks' input range, `[0, 255 / 256]`, in float32."""
    return np.asarray(image, np.float32) / np.float32(PIXEL_SCALE)
