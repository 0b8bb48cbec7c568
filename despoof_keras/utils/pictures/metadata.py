"""What stands beside the pixels in a picture file: read without trust, and left out if need be.

Cameras, editors and messengers write metadata that are cut short, have a wrong checksum or point
outside the file. Pillow then refuses the whole picture, although its pixels are sound.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

UPRIGHT = 1
_SUBFILE_TYPE, _COMPRESSION, _PHOTOMETRIC, ORIENTATION, _DNG_VERSION = 254, 259, 262, 274, 50706
_REDUCED = 1  # a bit of the subfile's type: a smaller version of another picture in the file
_SENSOR_COLOURS = {32803, 34892}  # a colour filter array, and a DNG's linear values
_RAW_COMPRESSIONS = {32767, 32769, 32770, 34713, 65535}  # Sony, Epson, Samsung, Nikon, Pentax
_TIFF_ORDERS = {b"II": "<", b"MM": ">"}
# The types of whole numbers in an IFD: struct's code of each.
_WHOLE_NUMBERS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i"}

_PNG_HEAD = b"\x89PNG\r\n\x1a\n"
# An animated PNG keeps its frames in chunks whose names say that they may be ignored.
_PNG_FRAMES = {b"acTL", b"fcTL", b"fdAT"}
_JPEG_EXIF, _JPEG_XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"
# Markers without a length: padding, restarts, start and end of the image.
_JPEG_BARE = {0x01, *range(0xD0, 0xD9)}
_JPEG_SCAN, _JPEG_COMMENT = 0xDA, 0xFE
# JFIF and Adobe's marker say how colours are to be understood.
_JPEG_JFIF, _JPEG_ADOBE = 0xE0, 0xEE
_JFIF_BYTES = 14
_WEBP_METADATA = {b"ICCP", b"EXIF", b"XMP "}
# Bits of a WebP file's first chunk: profile, EXIF, XMP.
_WEBP_FLAGS = 0x20 | 0x08 | 0x04
# Tags that TIFF's pixels depend on: sizes, compression, colours, strips, tiles, orientation,
# palette, kinds of samples, JPEG tables, subsampling and the ranges of YCbCr.
_TIFF_PIXEL_TAGS = {
    *(254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 274, 277, 278, 279, 284, 292),
    *(317, 320, 322, 323, 324, 325, 338, 339, 347, 512, 513, 514, 529, 530, 531, 532),
}

_XMP_ORIENTATION = re.compile(rb"tiff:Orientation\s*(?:=\s*[\"']|>)\s*([1-8])\s*[\"'<]")
# EXIF begins with the distance to its TIFF structure: 0, or 6 with a name in between.
_HEIF_EXIF = re.compile(rb"(?:Exif\0\0|\0\0\0\0)(?=II\x2a\0|MM\0\x2a)")
# Box `infe` of version 2 or 3: flags, number, protection, then the item's type.
_ITEMS = re.compile(rb"(infe(?:\x02.{3}.{2}|\x03.{3}.{4}).{2})(?:Exif|mime)", re.DOTALL)
# Numbers of the primaries and of the transfer function.
_AVIF_COLOURS = re.compile(rb"colrnclx\0(.)\0(.)", re.DOTALL)
_PNG_COLOURS = re.compile(rb"\0\0\0\x04cICP(.)(.)", re.DOTALL)


class Beside(NamedTuple):
    """Metadata of a picture file as bytes, empty where it has none, and the file without them."""

    exif: bytes
    xmp: bytes
    pixels: bytes


def split(content: bytes, format_name: str) -> Beside:
    """Separate a picture file's metadata from what its pixels need.

    Args:
        content: bytes of the file, which may be damaged.
        format_name: Pillow's name of its format.

    Raises:
        ValueError: a PNG's checksums show that its pixels are damaged.
    """
    parts = {"PNG": _split_png, "JPEG": _split_jpeg, "WEBP": _split_webp}.get(format_name)
    if parts is not None:
        return parts(content)
    if format_name == "TIFF":
        return Beside(b"", b"", _without_tiff_tags(content))
    if format_name in ("AVIF", "HEIF"):
        return Beside(b"", b"", _without_items(content))
    return Beside(b"", b"", content)


def orientation(exif: bytes, xmp: bytes) -> int:
    """Read the orientation, 1 to 8, from EXIF or else XMP; `UPRIGHT` where neither tells it.

    Only this tag is looked at, so that damage to the others does not matter.
    """
    turned = _exif_orientation(exif.removeprefix(_JPEG_EXIF))
    if turned is None:
        match = _XMP_ORIENTATION.search(xmp)
        turned = int(match[1]) if match else UPRIGHT
    return turned


def has_own_orientation(content: bytes) -> bool:
    """Tell whether a HEIF file says by properties of its own how its pixels are to be turned."""
    return b"\0\0\0\x09irot" in content or b"\0\0\0\x09imir" in content


def coded_colours(content: bytes, format_name: str) -> tuple[int | None, int | None]:
    """Read the numbers of the primaries and the transfer function that an AVIF or PNG file names.

    An AVIF file with a map that turns an ordinary picture into HDR is an ordinary picture.
    """
    match = None
    if format_name == "AVIF" and b"tmap" not in content:
        match = _AVIF_COLOURS.search(content)
    elif format_name == "PNG":
        match = _PNG_COLOURS.search(content[: content.find(b"IDAT")])
    return (match[1][0], match[2][0]) if match else (None, None)


def heif_exif(content: bytes) -> bytes:
    """Find the EXIF block of a HEIF file, with whatever follows it; empty where it has none."""
    match = _HEIF_EXIF.search(content)
    return content[match.end() :] if match else b""


def is_raw_photograph(content: bytes) -> bool:
    """Tell whether a TIFF file begins with the thumbnail, or holds the sensor's own values."""
    tags = _numbers(content)
    return (
        _DNG_VERSION in tags
        or bool(tags.get(_SUBFILE_TYPE, 0) & _REDUCED)
        or tags.get(_PHOTOMETRIC) in _SENSOR_COLOURS
        or tags.get(_COMPRESSION) in _RAW_COMPRESSIONS
    )


def _exif_orientation(exif):
    value = _numbers(exif).get(ORIENTATION, 0)
    return value if 1 <= value <= 8 else None


def _numbers(content):
    """Map the tags of a TIFF structure's first directory, as far as it reaches, to whole numbers.

    A tag of another type, or with several values, stands for 0.
    """
    order, numbers = _TIFF_ORDERS.get(content[:2]), {}
    try:
        (start,) = struct.unpack_from(f"{order}I", content, 4)
        (count,) = struct.unpack_from(f"{order}H", content, start)
        for at in range(start + 2, start + 2 + 12 * count, 12):
            tag, kind, values = struct.unpack_from(f"{order}HHI", content, at)
            layout = _WHOLE_NUMBERS.get(kind) if values == 1 else None
            value = struct.unpack_from(order + layout, content, at + 8)[0] if layout else 0
            numbers.setdefault(tag, value)
    except struct.error:  # no such structure, or cut short
        pass
    return numbers


def _split_png(content):
    exif, xmp, kept = b"", b"", [_PNG_HEAD]
    for kind, body, whole, is_sound in _png_chunks(content):
        if not kind[0] & 0x20 or kind in _PNG_FRAMES:  # a small letter: it may be ignored
            if not is_sound:
                name = kind.decode("latin-1")
                raise ValueError(f"the checksum of its {name} chunk does not fit its content")
            kept.append(whole)
        elif kind == b"eXIf":
            exif = exif or body
        elif kind == b"iTXt" and body.startswith(b"XML:com.adobe.xmp\0"):
            xmp = xmp or body
    return Beside(exif, xmp, b"".join(kept))


def _png_chunks(content) -> Iterator[tuple[bytes, bytes, bytes, bool]]:
    """Yield type, body, all bytes, and whether the checksum fits, of every whole chunk."""
    at = len(_PNG_HEAD)
    while at + 12 <= len(content):
        length = int.from_bytes(content[at : at + 4], "big")
        stop = at + 12 + length
        kind = content[at + 4 : at + 8]
        if stop > len(content):
            # What there is of the pixels, for Pillow to say that they are cut short.
            yield kind, b"", content[at:], True
            return
        checksum = int.from_bytes(content[stop - 4 : stop], "big")
        body = content[at + 8 : stop - 4]
        yield kind, body, content[at:stop], zlib.crc32(body, zlib.crc32(kind)) == checksum
        if kind == b"IEND":
            return
        at = stop


def _split_jpeg(content):
    exif, xmp, kept, at = b"", b"", [content[:2]], 2
    while at + 4 <= len(content):
        if content[at] != 0xFF:  # rubbish between segments, which decoders skip
            at += 1
            continue
        marker = content[at + 1]
        if marker == 0xFF or marker in _JPEG_BARE:
            at += 1 if marker == 0xFF else 2
            continue
        if marker == _JPEG_SCAN:
            break
        stop = at + 2 + int.from_bytes(content[at + 2 : at + 4], "big")
        body = content[at + 4 : stop]
        if marker == 0xE1 and body.startswith(_JPEG_EXIF):
            exif = exif or body
        elif marker == 0xE1 and body.startswith(_JPEG_XMP):
            xmp = xmp or body
        is_kept = marker == _JPEG_ADOBE or (marker == _JPEG_JFIF and len(body) >= _JFIF_BYTES)
        if is_kept or not (0xE0 <= marker <= 0xEF or marker == _JPEG_COMMENT):
            kept.append(content[at:stop])
        at = stop
    return Beside(exif, xmp, b"".join([*kept, content[at:]]))


def _split_webp(content):
    exif, xmp, kept, at = b"", b"", [], 12
    # What follows the announced length is not part of the picture.
    end = min(len(content), 8 + int.from_bytes(content[4:8], "little"))
    while at + 8 <= end:
        kind, length = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "little")
        stop = at + 8 + length + length % 2
        chunk = content[at : min(stop, end)]
        if kind == b"VP8X" and len(chunk) > 8:
            chunk = chunk[:8] + bytes([chunk[8] & ~_WEBP_FLAGS]) + chunk[9:]
        if kind == b"EXIF":
            exif = exif or chunk[8:]
        elif kind == b"XMP ":
            xmp = xmp or chunk[8:]
        if kind not in _WEBP_METADATA:
            kept.append(chunk)
        at = stop
    body = b"WEBP" + b"".join(kept)
    return Beside(exif, xmp, b"RIFF" + struct.pack("<I", len(body)) + body)


def _without_tiff_tags(content):
    """Reduce the first directory of a TIFF file to `_TIFF_PIXEL_TAGS`, in its place."""
    order = _TIFF_ORDERS.get(content[:2])
    try:
        magic, start = struct.unpack_from(f"{order}HI", content, 2)
        (count,) = struct.unpack_from(f"{order}H", content, start)
        if magic != 42:
            return content
        tags = [content[at : at + 12] for at in range(start + 2, start + 2 + 12 * count, 12)]
    except struct.error:
        return content
    kept = [
        tag
        for tag in tags
        if len(tag) == 12 and struct.unpack_from(f"{order}H", tag)[0] in _TIFF_PIXEL_TAGS
    ]
    # No directory follows.
    directory = struct.pack(f"{order}H", len(kept)) + b"".join(kept) + bytes(4)
    return content[:start] + directory + content[start + len(directory) :]


def _without_items(content):
    """Give the items with EXIF and XMP of a HEIF or AVIF file a type that nobody reads."""

    def renamed(match):
        return match[1] + b"skip"

    return _ITEMS.sub(renamed, content)
