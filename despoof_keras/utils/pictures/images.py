"""Photographs as arrays: complete or not at all, upright, 8-bit RGB."""

import contextlib
import io
import os
import warnings
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from PIL import Image, UnidentifiedImageError, features

from despoof_keras.errors import DataError, summarize
from despoof_keras.utils.contents import Source, read_source
from despoof_keras.utils.media import PICTURE, RAW, RAW_SUFFIXES, identify
from despoof_keras.utils.pictures.metadata import (
    ORIENTATION,
    UPRIGHT,
    coded_colours,
    has_own_orientation,
    heif_exif,
    is_raw_photograph,
    orientation,
    split,
)

# Above the 108 megapixels of large phone photographs. An array of this size takes 360 MB, reading
# it 1.1 GB beside the file itself.
MOST_PIXELS = 120_000_000
# Four channels of 16 bits for each of them, not compressed.
MOST_BYTES = 8 * MOST_PIXELS

EXPECTED = "an image"
# PQ and HLG, by their numbers in ITU-T H.273.
HDR_TRANSFERS = (16, 18)
_MOST = f"{MOST_PIXELS // 1_000_000} megapixels"
# What to do with the stored rows and columns for each orientation of EXIF's table.
_UPRIGHT_VIEWS = {
    2: lambda stored: stored[:, ::-1],
    3: lambda stored: stored[::-1, ::-1],
    4: lambda stored: stored[::-1],
    5: lambda stored: stored.swapaxes(0, 1),
    6: lambda stored: np.rot90(stored, -1),
    7: lambda stored: stored[::-1, ::-1].swapaxes(0, 1),
    8: lambda stored: np.rot90(stored),
}
# Tags of TIFF: bits of a sample, colours, meaning of the bits.
_BITS, _PHOTOMETRIC, _SAMPLE_FORMAT = 258, 262, 339
_WHITE_IS_ZERO, _UNSIGNED = 0, 1


def read_image(image: Source | Image.Image) -> np.ndarray:
    """Read an image.

    Its content decides what it is, never its name. Pillow decodes it instead of OpenCV because it
    knows the size before it decodes and refuses a truncated file, which OpenCV fills up with grey.
    Both give the same pixels for a JPEG.

    Args:
        image: path of a file, its bytes, a binary file object (read from its present position, not
            closed), or an image of Pillow. Formats: JPEG (with MPO), PNG, WebP, GIF, BMP, TIFF,
            HEIC and HEIF (with pillow-heif), AVIF (with a Pillow that reads it), JPEG 2000, PPM,
            ICO, TGA, DDS, QOI, PCX and SGI.

    Returns:
        `(height, width, 3)` RGB uint8, turned upright by its EXIF or XMP orientation, or HEIF's and
        AVIF's own. Grey is repeated, 16 bits are scaled to 8, transparency is dropped, colour
        profiles are not applied; HDR pictures (PQ, HLG) are tone-mapped like video. Of several
        pictures in a file the first is read, of a HEIF file the primary one. Metadata beside the
        pixels may be damaged.

    Raises:
        DataError: the file is missing, empty, unreadable, damaged, truncated or no image, or it
            has more than `MOST_PIXELS` pixels; the message names the file.
    """
    if isinstance(image, Image.Image):
        with naming_damage("image"):
            check_size(image, "image")
            return rgb_array(OpenPicture(image.copy(), orientation(_exif_of(image), b"")))
    name, content = read_source(image, "image", EXPECTED, MOST_BYTES)
    opened = open_picture(content, name)
    with naming_damage(name):
        return rgb_array(opened)


class OpenPicture(NamedTuple):
    """A decoded picture, and what is to be done with its pixels.

    Attributes:
        image: Pillow's image.
        orientation: 1 to 8, by which it has yet to be turned.
        hdr: numbers of its primaries and transfer function, if it is an HDR picture.
    """

    image: Image.Image
    orientation: int
    hdr: tuple[int, int] | None = None


def open_picture(content: bytes, name: str) -> OpenPicture:
    """Open a picture file with Pillow, and decode its first picture.

    Args:
        content: bytes of the file.
        name: of the file, for messages.

    Raises:
        DataError: as for `read_image`.
    """
    if not content:
        raise DataError(f"{name}: expected {EXPECTED}, the file is empty")
    media = identify(content)
    if media.kind != PICTURE:
        raise DataError(f"{name}: expected {EXPECTED}; {media.description}")
    # A RAW photograph looks like a TIFF file of its thumbnail, in some cameras' files entirely so.
    has_raw_name = os.path.splitext(name)[1].lower() in RAW_SUFFIXES
    if media.name == "TIFF" and (has_raw_name or is_raw_photograph(content)):
        raise DataError(f"{name}: expected {EXPECTED}; {RAW.description}")
    with naming_damage(name):
        beside = split(content, media.name)
        try:
            image = _decoded(content, media.name, name)
        except (DataError, Image.DecompressionBombError):
            raise
        except Exception:  # Pillow's plugins raise almost anything for damaged metadata
            if beside.pixels == content:
                raise
            image = _decoded(beside.pixels, media.name, name)
        if media.name == "HEIF":
            turn = _heif_orientation(image, content)
        else:
            turn = _orientation(image, media.name, beside)
        return OpenPicture(image, turn, _hdr(image, media.name, content))


@contextlib.contextmanager
def naming_damage(name: str) -> Iterator[None]:
    """Turn whatever the block's decoder raises into a `DataError` that names the file."""
    try:
        with warnings.catch_warnings():
            # Our own limit has a message that names the file; damage to metadata does not matter.
            warnings.simplefilter("ignore")
            yield
    except DataError:
        raise
    except Image.DecompressionBombError as error:
        raise DataError(f"{name}: expected at most {_MOST}; {error}") from None
    except Exception as error:  # Pillow's decoders raise almost anything for a damaged file
        reason = summarize(error)
        raise DataError(f"{name}: expected a whole image, it is damaged: {reason}") from error


def check_size(image: Image.Image, name: str) -> None:
    """Make sure that an image has at most `MOST_PIXELS` pixels, before it is decoded.

    Raises:
        DataError: it has more.
    """
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise DataError(f"{name}: expected at most {_MOST}; found {width} x {height} pixels")


def _decoded(content, format_name, name):
    image = _open(io.BytesIO(content), format_name, name)
    check_size(image, name)
    image.load()
    return image


def _open(file, format_name, name):
    if format_name == "HEIF":
        try:
            from pillow_heif import HeifImageFile
        except ImportError as error:
            raise DataError(
                f"{name}: HEIC needs pillow-heif: pip install 'despoof-keras[heif]' ({error})"
            ) from None
        return HeifImageFile(file)
    try:
        return Image.open(file, formats=[format_name])
    except UnidentifiedImageError:
        if format_name == "AVIF" and not features.check("avif"):
            raise DataError(
                f"{name}: AVIF needs Pillow 11.3 or newer, built with its decoder: "
                "pip install --upgrade pillow"
            ) from None
        raise ValueError(f"{format_name} was expected and cannot be decoded") from None


def _heif_orientation(image, content):
    """Tell how a HEIF picture is to be turned, whose decoder has obeyed its own orientation.

    Apple's telephones write both that and the same as EXIF. The standard has EXIF ignored, but
    programs that convert a JPEG write EXIF alone, and Apple's viewers obey it then.
    """
    if has_own_orientation(content):
        return UPRIGHT
    block = heif_exif(content)
    return orientation(block, b"") if block else image.info.get("original_orientation") or UPRIGHT


def _orientation(image, format_name, beside):
    """Tell the orientation that an image with its pixels decoded has yet to be given."""
    if format_name == "TIFF":  # newer Pillows have turned it
        return image.getexif().get(ORIENTATION, UPRIGHT)
    return orientation(beside.exif or _exif_of(image), beside.xmp)


def _hdr(image, format_name, content):
    """Return the numbers (ITU-T H.273) of an HDR picture's primaries and transfer function."""
    if format_name == "HEIF":
        profile = image.info.get("nclx_profile") or {}
        coded = profile.get("color_primaries"), profile.get("transfer_characteristics")
    else:
        coded = coded_colours(content, format_name)
    return coded if coded[1] in HDR_TRANSFERS else None


def _exif_of(image):
    """Return the EXIF that Pillow has found; in older PNGs it is a text of hexadecimal digits."""
    raw = image.info.get("Raw profile type exif") or image.info.get("Raw profile type APP1")
    if image.info.get("exif") or not isinstance(raw, str):
        return image.info.get("exif") or b""
    try:
        return bytes.fromhex("".join(raw.split("\n")[3:]))
    except ValueError:
        return b""


def rgb_array(picture: OpenPicture) -> np.ndarray:
    """Convert a decoded picture to `(height, width, 3)` RGB uint8, upright and tone-mapped.

    Raises:
        ValueError: its values are no colours of 8 or 16 bits.
    """
    pixels = _rgb_values(picture.image)
    if picture.hdr:
        from despoof_keras.utils.video.colours import TRANSFERS, tone_mapped

        primaries, transfer = picture.hdr
        pixels = tone_mapped(pixels.astype(np.uint16) * 257, TRANSFERS[transfer], primaries)
    upright = _UPRIGHT_VIEWS.get(picture.orientation, lambda stored: stored)(pixels)
    return np.ascontiguousarray(upright)


def _rgb_values(image):
    tags = getattr(image, "tag_v2", {})  # of TIFF
    if tags.get(_SAMPLE_FORMAT, (_UNSIGNED,))[0] != _UNSIGNED or image.mode == "F":
        raise ValueError("expected 8 or 16 bits a channel, found signed or floating-point numbers")
    if image.mode.startswith("I"):  # 16-bit grey, which Pillow's own conversion would clip
        return _scaled_grey(image, tags)
    if image.mode == "LAB":
        raise ValueError("expected grey, RGB or CMYK colours, found CIELAB")
    if "transparency" in image.info:  # a palette's colours are kept this way
        image = image.convert("RGBA")
    return np.array(image if image.mode == "RGB" else image.convert("RGB"))


def _scaled_grey(image, tags):
    bits = tags.get(_BITS, (16,))[0]
    if bits > 16:
        raise ValueError(f"expected 8 or 16 bits a channel, found {bits}")
    most = 2**bits - 1
    grey = np.asarray(image).astype(np.int64)
    if grey.min() < 0 or grey.max() > most:
        raise ValueError("expected 8 or 16 bits a channel, its values are outside that range")
    if tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO:
        grey = most - grey
    grey = np.rint(grey * (255 / most)).astype(np.uint8)
    return np.repeat(grey[..., np.newaxis], 3, axis=-1)
