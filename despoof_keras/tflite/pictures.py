"""Pictures that a caller hands in: RGB arrays, or image files read by Pillow or else by OpenCV."""

import importlib
import math
import os
from pathlib import Path

import numpy as np

from despoof_keras.errors import DataError


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


def read_with_any(path):
    """Reads an image file with Pillow, or else with OpenCV.

    Args:
        path: image file.

    Returns:
        `(height, width, 3)` RGB uint8, upright by its EXIF orientation, as `read_image`.
        OpenCV fills up a truncated JPEG with grey where Pillow refuses it.

    Raises:
        DataError: the file is missing, or no image; the message names it.
        ImportError: neither library is there.
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
        "'pip install pillow' brings one, or pass the picture as an RGB array"
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
        raise DataError(f"{path}: expected an image; OpenCV knows no such format")
    return np.ascontiguousarray(picture[..., ::-1])
