"""Photographs as arrays: complete or not at all, upright, 8-bit RGB."""

import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from despoof_keras.errors import DataError

# Above the 108 megapixels of large phone photographs. An array of this size takes 360 MB, reading
# it 1.1 GB.
MOST_PIXELS = 120_000_000
# Divides 16-bit values to make 8 bits of them: 65535 becomes 255.
SIXTEEN_BIT_STEP = 257


def read_image(path: Path | str) -> np.ndarray:
    """Read an image file.

    Pillow decodes it instead of OpenCV because it knows the size before it decodes and refuses a
    truncated file, which OpenCV fills up with grey. Both give the same pixels for a JPEG.

    Args:
        path: image file of a kind that Pillow reads (JPEG, PNG, WebP, BMP, TIFF, ...).

    Returns:
        `(height, width, 3)` RGB uint8, turned upright by its EXIF orientation. Grey is repeated,
        16 bits are scaled to 8, transparency is dropped, colour profiles are not applied. An
        animation gives its first picture.

    Raises:
        DataError: the file is missing, empty, unreadable, damaged, truncated or no image, or it
            has more than `MOST_PIXELS` pixels; the message names the file.
    """
    path = Path(path)
    try:
        if path.stat().st_size == 0:
            raise DataError(f"{path}: expected an image, the file is empty")
        with warnings.catch_warnings():
            # Our own limit follows, with a message that names the file.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                _check_size(image, path)
                return _upright_rgb(image)
    except DataError:
        raise
    except UnidentifiedImageError:
        raise DataError(f"{path}: expected an image; no known format is in the file") from None
    except Image.DecompressionBombError as error:
        raise DataError(f"{path}: expected at most {_MOST}; {error}") from None
    except FileNotFoundError:
        raise DataError(f"{path}: expected an image, found no such file") from None
    except PermissionError:
        raise DataError(f"{path}: expected an image, the file may not be read") from None
    except Exception as error:  # Pillow's decoders raise almost anything for a damaged file
        raise DataError(f"{path}: expected a whole image, it is damaged: {error}") from error


_MOST = f"{MOST_PIXELS // 1_000_000} megapixels"


def _check_size(image, path):
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise DataError(f"{path}: expected at most {_MOST}; found {width} x {height} pixels")


def _upright_rgb(image):
    image.load()
    ImageOps.exif_transpose(image, in_place=True)  # a copy only where it must be turned
    if image.mode.startswith("I"):  # 16-bit grey, which Pillow's own conversion would clip
        grey = np.asarray(image).astype(np.int64)
        if grey.min() < 0 or grey.max() > 255 * SIXTEEN_BIT_STEP:
            raise ValueError("expected 8 or 16 bits a channel, its values are outside that range")
        grey = np.rint(grey / SIXTEEN_BIT_STEP).astype(np.uint8)
        return np.repeat(grey[..., np.newaxis], 3, axis=-1)
    if image.mode == "F":
        raise ValueError("expected 8 or 16 bits a channel, found floating point")
    if "transparency" in image.info:  # a palette's colours are kept this way
        image = image.convert("RGBA")
    return np.array(image if image.mode == "RGB" else image.convert("RGB"))
