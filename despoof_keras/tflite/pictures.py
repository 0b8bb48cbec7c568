"""Pictures as callers pass them: RGB arrays, or image files read by Pillow or else by OpenCV."""

import importlib
import math
import os
from pathlib import Path

import numpy as np

from despoof_keras.errors import DataError

# An RGB array, or the path of an image file.
Picture = np.ndarray | str | os.PathLike


def rgb_picture(image: Picture) -> np.ndarray:
    """Check a picture, after reading it if it is a file.

    Args:
        image: `(height, width, 3)` RGB uint8 array, or the path of an image file.

    Returns:
        The `(height, width, 3)` RGB uint8 array.

    Raises:
        DataError: It is neither, it has another shape or type, or the file is no image.
        ImportError: It is a path, and neither Pillow nor OpenCV is installed.
    """
    if isinstance(image, str | os.PathLike):
        return read_with_any(image)
    if not isinstance(image, np.ndarray):
        raise DataError(
            "image: expected a NumPy array (height, width, 3) of RGB uint8, or a path; received "
            f"{type(image).__name__}"
        )
    if image.dtype != np.uint8:
        raise DataError(f"image: expected uint8, 0 to 255; received {image.dtype}{_hint(image)}")
    if image.ndim != 3 or image.shape[2] != 3:
        raise DataError(
            "image: expected (height, width, 3), one RGB picture (a list for several); "
            f"received shape {image.shape}"
        )
    if image.size == 0:
        raise DataError(f"image: expected at least one pixel; received shape {image.shape}")
    return image


def _hint(image: np.ndarray) -> str:
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


def read_with_any(path: str | os.PathLike) -> np.ndarray:
    """Read an image file with Pillow, or else with OpenCV.

    Args:
        path: Path of the file.

    Returns:
        `(height, width, 3)` RGB uint8, upright by its EXIF orientation, as from `read_image`.
        OpenCV fills the rest of a truncated JPEG with grey; Pillow refuses it.

    Raises:
        DataError: The file is missing, or no image; the message names it.
        ImportError: Neither library is installed.
    """
    reasons = []
    for library, read in (("PIL", _with_pillow), ("cv2", _with_opencv)):
        try:
            module = importlib.import_module(library)
        except ImportError as error:
            reasons.append(str(error))
        else:
            return read(module, path)
    raise ImportError(
        f"{path}: reading an image file needs Pillow or OpenCV ({'; '.join(reasons)}); "
        "'pip install pillow' installs one, or pass the picture as an RGB array"
    )


def _with_pillow(_, path):
    from despoof_keras.utils.images import read_image

    return read_image(path)


def _with_opencv(cv2, path):
    try:
        encoded = np.frombuffer(Path(path).read_bytes(), np.uint8)
        picture = cv2.imdecode(encoded, cv2.IMREAD_COLOR) if encoded.size else None
    except (OSError, cv2.error) as error:
        raise DataError(f"{path}: expected an image; {error}") from error
    if picture is None:
        raise DataError(f"{path}: expected an image; OpenCV does not know its format")
    return np.ascontiguousarray(picture[..., ::-1])
