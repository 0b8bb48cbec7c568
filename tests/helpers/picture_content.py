"""A picture in files of every kind, by Pillow, by OpenCV, or byte by byte."""

import io
import struct
import zlib
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image

HEIGHT, WIDTH = 64, 96
ORIENTATION = 0x0112
# Mean differences: of exact formats, of 16-bit values cut to 8, and of those that lose detail.
EXACT, ROUNDED, LOSSY = 0.0, 1.0, 6.0
EIGHTS = range(1, 9)


class Case(NamedTuple):
    """A file: its content, the picture that it must give (None: it must be refused)."""

    name: str
    content: bytes
    expected: np.ndarray | None
    tolerance: float = EXACT


def picture() -> np.ndarray:
    """`(HEIGHT, WIDTH, 3)` uint8: smooth, and different in every corner and channel."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    return np.stack([2 * x + 20, 3 * y + 30, x + 2 * y], axis=-1).astype(np.uint8)


RGB = picture()
GREY = np.asarray(Image.fromarray(RGB).convert("L"))
GREY_RGB = np.repeat(GREY[..., None], 3, axis=-1)


def saved(image, name, **options) -> bytes:
    buffer = io.BytesIO()
    if isinstance(image, np.ndarray):
        image = Image.fromarray(np.ascontiguousarray(image))
    image.save(buffer, name, **options)
    return buffer.getvalue()


def by_opencv(suffix, values, *options) -> bytes:
    return cv2.imencode(suffix, values, options)[1].tobytes()


def in_mode(mode):
    """Pillow's image of the picture in a mode, and the RGB values that it stands for."""
    image = Image.fromarray(RGB)
    if mode == "P":
        image = image.quantize(64)
        return image, np.asarray(image.convert("RGB"))
    if mode in ("RGBA", "LA"):
        image = image.convert(mode)
        image.putalpha(Image.fromarray(np.full((HEIGHT, WIDTH), 128, np.uint8)))
        return image, RGB if mode == "RGBA" else GREY_RGB
    image = image.convert(mode)
    return image, np.asarray(image.convert("RGB"))


def stored_for(orientation):
    """The picture's rows and columns as they are stored to be turned upright by this."""
    views = {
        1: RGB,
        2: RGB[:, ::-1],
        3: RGB[::-1, ::-1],
        4: RGB[::-1],
        5: RGB.swapaxes(0, 1),
        6: np.rot90(RGB, 1),
        7: RGB[::-1, ::-1].swapaxes(0, 1),
        8: np.rot90(RGB, -1),
    }
    return Image.fromarray(np.ascontiguousarray(views[orientation]))


def exif(orientation):
    block = Image.Exif()
    block[ORIENTATION] = orientation
    return block


def xmp(orientation):
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-'
        'syntax-ns#"><rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" '
        f'tiff:Orientation="{orientation}"/></rdf:RDF></x:xmpmeta>'
    ).encode()


def chunk(kind, body, is_sound=True) -> bytes:
    check = zlib.crc32(kind + body) ^ (0 if is_sound else 1)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)


def png(*chunks) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks) + chunk(b"IEND", b"")


def tiff(samples, bits, order="<", **tags) -> bytes:
    """A TIFF file of one strip: `samples` are its bytes, `tags` replace the usual ones."""
    values = {
        "ImageWidth": (256, 3, WIDTH),
        "ImageLength": (257, 3, HEIGHT),
        "BitsPerSample": (258, 3, bits),
        "Compression": (259, 3, 1),
        "PhotometricInterpretation": (262, 3, 1),
        "StripOffsets": (273, 4, 8),
        "SamplesPerPixel": (277, 3, 1),
        "RowsPerStrip": (278, 3, HEIGHT),
        "StripByteCounts": (279, 4, len(samples)),
        **tags,
    }
    entries = sorted(values.values())
    body = b"".join(
        struct.pack(f"{order}HHI", tag, kind, 1)
        + (struct.pack(f"{order}HH", value, 0) if kind == 3 else struct.pack(f"{order}I", value))
        for tag, kind, value in entries
    )
    samples += bytes(len(samples) % 2)
    head = struct.pack(f"{order}HI", 42, 8 + len(samples))
    directory = struct.pack(f"{order}H", len(entries)) + body + bytes(4)
    return (b"II" if order == "<" else b"MM") + head + samples + directory


def mpo(stored, block):
    other = Image.new("RGB", stored.size)
    return saved(stored, "MPO", save_all=True, append_images=[other], exif=block, quality=92)
