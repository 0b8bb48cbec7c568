"""Photographs read with whichever library is there, where neither is a requirement."""

import importlib
from pathlib import Path

import numpy as np

from despoof_keras.errors import DataError


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
