"""Face crop and resize: the same code in training, evaluation and on the phone (NumPy only).

The released model was trained on squares placed by the eyes, resized with TensorFlow 1's
`resize_bilinear` (no half-pixel centres, no smoothing before a reduction). Crop scale and resize
rule decide scores, so both stand here, once, and travel with a model as metadata.
"""

import dataclasses

import numpy as np

from despoof_keras.errors import DataError


@dataclasses.dataclass(frozen=True)
class CropRule:
    """Where a face's square lies, in units of the eye distance.

    Attributes:
        left, up: how far its corner lies left of and above the subject's right eye.
        side: its side, positive.
    """

    left: float
    up: float
    side: float

    def scaled(self, side):
        """The rule of a square with the same centre and another side.

        Example:
            >>> CropRule(0.75, 0.825, 2.5).scaled(3.5)
            CropRule(left=1.25, up=1.325, side=3.5)
        """
        growth = (side - self.side) / 2
        return CropRule(self.left + growth, self.up + growth, side)


# The crop of the authors' test script, in units of the eye distance l: the corner lies 0.75 l left
# of and 1.1 * 0.75 l above the subject's right eye, the side is l + 2 * 0.75 l.
RELEASED_CROP = CropRule(left=0.75, up=0.825, side=2.5)
# Of a face square's side to the image's longer one. With both eyes in the image it is at most the
# rule's side; beyond this the eyes are not of this image, and the square could fill the memory.
LARGEST_SQUARE = 16
# The authors scale 8-bit pixels by 256, not by 255.
PIXEL_SCALE = 256.0
# The networks' maps, 0/1 map and depth, are smaller than the crop by this factor, which divides
# the crop's side.
MAP_FACTOR = 8


def crop_box(eyes, rule=RELEASED_CROP):
    """Square around a face, from its eyes, rounded to whole pixels.

    Args:
        eyes: `(x_right, y_right, x_left, y_left)` in pixels, the subject's right eye (the one on
            the image's left) first.
        rule: `CropRule`.

    Returns:
        `(x, y, side)`, integers in pixels; the square may leave the image.

    Raises:
        DataError: an eye is not finite, the eyes stand in the wrong order or coincide, or so nearly
            that no pixel is left.

    Reference: the authors' `facepad-test.py`, which has whole-pixel eyes and cuts, not rounds.

    Example:
        >>> crop_box((100, 120, 140, 118))
        (70, 87, 100)
    """
    eyes = np.asarray(eyes, np.float64)
    if eyes.shape != (4,) or not np.isfinite(eyes).all():
        raise DataError(
            "eyes: expected four finite numbers (x_right, y_right, x_left, y_left); "
            f"received {eyes}"
        )
    x_right, y_right, x_left, y_left = eyes.tolist()
    across, down = x_left - x_right, y_left - y_right
    distance = max(across, down)
    # A head lying on its side has its eyes one below the other; beyond that they are swapped.
    if distance <= 0 or down < -across:
        raise DataError(
            "eyes: expected the subject's right eye (image left) first, apart from the left one; "
            f"received {eyes.tolist()}"
        )
    x, y = x_right - rule.left * distance, y_right - rule.up * distance
    side = round(rule.side * distance)
    if side < 1:
        raise DataError(
            f"eyes: expected them so far apart that the face square has a pixel; they are "
            f"{distance:g} pixels apart"
        )
    return round(x), round(y), side


def cut_square(image, box, margin=0):
    """Cuts a square out of an image; where it leaves the image, border pixels are replicated.

    Args:
        image: `(height, width)` or `(height, width, channels)` array.
        box: `(x, y, side)` as from `crop_box`.
        margin: pixels added on all four sides.

    Returns:
        `(side + 2 margin, side + 2 margin[, channels])` array of the image's dtype.

    Raises:
        DataError: the image is empty or not an image, or the square lies wholly outside it or is
            more than `LARGEST_SQUARE` times as large.
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


def resize_grid(length, size, jitter=0):
    """Where the released resize samples: index below, index above and weight of the one above.

    Args:
        length: pixels before.
        size: pixels after.
        jitter: the grid goes on for this many samples on both sides; the indices there leave
            `[0, length)`.

    Returns:
        `(low, high, weight)`, arrays of `size + 2 jitter`.

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


def resize(image, size, jitter=0, border=0):
    """Bilinear resize to a square with the released model's exact grid, in the input's range.

    Args:
        image: `(height, width[, channels])` array.
        size: side after the resize, in pixels.
        jitter: extra samples on every side, on the same grid (for shifts of a crop in training);
            `image` must carry the pixels for it as its border.
        border: pixels of `image` on every side that lie outside the part to resize.

    Returns:
        `(size + 2 jitter, size + 2 jitter[, channels])` float32 array. With `jitter` its centre
        differs from the plain resize only where that one clamps: in the last row and column, and
        in the last few of an enlargement beyond twice the size.
    """
    extra = (1,) * (image.ndim - 2)
    image = image.astype(np.float32)
    low, high, weight = resize_grid(image.shape[0] - 2 * border, size, jitter)
    upper, lower = image[low + border], image[high + border]
    rows = upper + (lower - upper) * weight.reshape((-1, 1, *extra))
    low, high, weight = resize_grid(image.shape[1] - 2 * border, size, jitter)
    left, right = rows[:, low + border], rows[:, high + border]
    return left + (right - left) * weight.reshape((1, -1, *extra))


def crop_face(image, eyes, size, jitter=0, rule=RELEASED_CROP):
    """The network's face crop from a whole frame.

    Args:
        image: `(height, width, 3)` RGB uint8 frame (or any other array, e.g. a depth map).
        eyes: `(x_right, y_right, x_left, y_left)` in pixels.
        size: side of the crop, in pixels.
        jitter: extra samples on every side, see `resize`.
        rule: `CropRule`, a model's own is `metadata.crop_rule`.

    Returns:
        `(size + 2 jitter, size + 2 jitter[, channels])` float32 array in the image's range.

    Raises:
        DataError: see `crop_box` and `cut_square`.
    """
    box = crop_box(eyes, rule)
    border = int(np.ceil(jitter * box[2] / size)) + 1 if jitter else 0
    return resize(cut_square(image, box, border), size, jitter, border)


def to_network_range(image):
    """8-bit pixel values to the networks' input range, `[0, 255 / 256]`, float32."""
    return np.asarray(image, np.float32) / np.float32(PIXEL_SCALE)
