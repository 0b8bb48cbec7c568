"""What an RGB picture is as an array, and what to say of arrays that are none (NumPy only)."""

import math

import numpy as np

from despoof_keras.errors import DataError


def check_rgb(image: np.ndarray, several: str = "") -> None:
    """Check that an array is an RGB picture; BGR cannot be told from it.

    Args:
        image: the array.
        several: what the message says of how to pass several pictures, if there is a way.

    Raises:
        DataError: it is not `(height, width, 3)` uint8 with at least one pixel.
    """
    if image.dtype != np.uint8:
        raise DataError(f"image: expected uint8, 0 to 255; received {image.dtype}{_hint(image)}")
    if image.ndim != 3 or image.shape[2] != 3:
        raise DataError(
            f"image: expected (height, width, 3), one RGB picture{several}; "
            f"received shape {image.shape}"
        )
    if image.size == 0:
        raise DataError(f"image: expected at least one pixel; received shape {image.shape}")


def _hint(image):
    """Describe floating-point pixels and suggest how to convert them; empty for other types."""
    if image.dtype.kind != "f" or image.size == 0:
        return ""
    low, high = float(image.min()), float(image.max())
    if not math.isfinite(low + high):
        return ", and some of its values are not finite"
    span = f", {low:g} to {high:g}"
    if low < 0 or high > 255:
        return span
    factor = "255 * " if high <= 1 else ""
    return f"{span}; np.rint({factor}image).astype(np.uint8) converts it"
