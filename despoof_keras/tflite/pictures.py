"""Pictures as callers pass them: RGB arrays, or image files read by Pillow or else by OpenCV."""

import importlib
import sys
from typing import Any

import numpy as np

from despoof_keras.errors import DataError, shown
from despoof_keras.utils.contents import BinaryFile, Bytes, Path, read_source
from despoof_keras.utils.media import PICTURE, identify
from despoof_keras.utils.pictures.metadata import split
from despoof_keras.utils.pictures.rgb_arrays import check_rgb

# An RGB array; the path of an image file, its bytes, or a binary file object; or Pillow's image.
Picture = np.ndarray | Path | Bytes | BinaryFile | Any
_EXPECTED = "an image"
# The largest file that OpenCV gets. Phones' largest photographs have a tenth.
MOST_BYTES = 2**30
# What is in a file whose pixels are complete.
_LAST_MARKS = {"JPEG": b"\xff\xd9", "PNG": b"IEND"}


def rgb_picture(image: Picture) -> np.ndarray:
    """Check a picture, after reading it if it is a file.

    Args:
        image: `(height, width, 3)` RGB uint8 array; or an image file, as its path, its bytes, or a
            binary file object, which is read from its present position and not closed; or an image
            of Pillow. OpenCV's arrays are BGR, which cannot be told from RGB.

    Returns:
        The `(height, width, 3)` RGB uint8 array.

    Raises:
        DataError: It is none of these, it has another shape or type, or the file is no image.
        ImportError: It is no array, and neither Pillow nor OpenCV is installed.
    """
    if isinstance(image, np.ndarray):
        check_rgb(image, several=" (a list for several)")
        return image
    if not (isinstance(image, Path | Bytes) or hasattr(image, "read") or _is_pillows(image)):
        raise DataError(
            "image: expected a NumPy array (height, width, 3) of RGB uint8, or an image file as "
            f"path, bytes or binary file object; received {type(image).__name__}"
        )
    return read_with_any(image)


def _is_pillows(image):
    module = sys.modules.get("PIL.Image")
    return module is not None and isinstance(image, module.Image)


def read_with_any(image: Any) -> np.ndarray:
    """Read an image file with Pillow, or else with OpenCV.

    Args:
        image: Path of the file, its bytes, or a binary file object.

    Returns:
        `(height, width, 3)` RGB uint8, upright by its EXIF orientation, as from `read_image`.
        OpenCV knows fewer formats, and does not notice some damage that Pillow refuses.

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
            return read(module, image)
    name = shown(image) if isinstance(image, Path) else "image"
    raise ImportError(
        f"{name}: reading an image file needs Pillow or OpenCV ({'; '.join(reasons)}); "
        "'pip install pillow' installs one, or pass the picture as an RGB array"
    )


def _with_pillow(_, image):
    from despoof_keras.utils.pictures.images import read_image

    return read_image(image)


def _with_opencv(cv2, image):
    name, content = read_source(image, "image", _EXPECTED, MOST_BYTES)
    media = identify(content)
    if media.kind != PICTURE:
        raise DataError(f"{name}: expected {_EXPECTED}; {media.description}")
    try:
        pixels = split(content, media.name).pixels
        if _LAST_MARKS.get(media.name, b"") not in pixels:
            raise ValueError("the end of its pixels is missing")
        picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    except (ValueError, cv2.error) as error:
        raise DataError(f"{name}: expected a whole image, it is damaged: {error}") from error
    if picture is None:
        raise DataError(
            f"{name}: expected {_EXPECTED}; OpenCV does not know its format, {media.name}, or "
            "finds it damaged"
        )
    return np.ascontiguousarray(picture[..., ::-1])
