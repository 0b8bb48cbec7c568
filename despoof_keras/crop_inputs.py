"""What a caller hands in as a picture: an RGB array or an image file, anything else is named."""

import math
import os

import numpy as np

from despoof_keras.errors import DataError
from despoof_keras.image_readers import read_with_any


def rgb_picture(image):
    """A picture, read where it is a file, and checked.

    Args:
        image: `(height, width, 3)` RGB uint8 array, or path of an image file.

    Returns:
        The array.

    Raises:
        DataError: it is neither, it has another shape or type, or the file is no image.
        ImportError: it is a path, and neither Pillow nor OpenCV is there.
    """
    if isinstance(image, str | os.PathLike):
        return read_with_any(image)
    if not isinstance(image, np.ndarray):
        raise DataError(
            "image: expected a NumPy array (height, width, 3) of RGB uint8, or a path; received "
            f"{type(image).__name__}"
        )
    if image.dtype != np.uint8:
        raise DataError(
            f"image: expected uint8, 0 to 255; received {image.dtype}{_what_to_do(image)}"
        )
    if image.ndim != 3 or image.shape[2] != 3:
        raise DataError(
            "image: expected (height, width, 3), one RGB picture (a list for several); "
            f"received shape {image.shape}"
        )
    if image.size == 0:
        raise DataError(f"image: expected at least one pixel; received shape {image.shape}")
    return image


def _what_to_do(image):
    """What a caller with floating-point pixels probably wants to hear."""
    if image.dtype.kind != "f" or image.size == 0:
        return ""
    low, high = float(image.min()), float(image.max())
    if not math.isfinite(low + high):
        return ", and some of its values are not finite"
    found = f", {low:g} to {high:g}"
    if low < 0 or high > 255:
        return found
    factor = "255 * " if high <= 1 else ""
    return f"{found}; np.rint({factor}image).astype(np.uint8) gives what is wanted"
