"""Pictures as callers pass them: RGB arrays, or image files read by Pillow or else by OpenCV."""

import importlib
import os
from pathlib import Path

import numpy as np

from despoof_keras.errors import DataError
from despoof_keras.utils.rgb_arrays import check_rgb

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
    check_rgb(image, several=" (a list for several)")
    return image


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
