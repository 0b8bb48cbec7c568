"""Motion-JPEG in AVI with a fixed file size.

Phones encode at a constant bit rate, so a clip's size says nothing about what it shows. To the same
end, pictures are encoded here at the clip's own quality (or a lower one, if they do not fit), and a
JUNK chunk, which every reader skips, fills the rest of the phone's budget.
"""

import struct
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from despoof_keras.errors import DataError

FRAME_RATE = 30  # as in OULU-NPU
REFERENCE_PIXELS = 240 * 320  # the phones' byte budgets hold for pictures of this size
HEADER_BYTES = 4096  # more than a short clip's headers and index need
INDEX_BYTES = 24  # index entry and chunk header of one frame
QUALITY_STEP = 6
LOWEST_QUALITY = 8


def clip_bytes(frame_bytes: int, frames: int, size: tuple[int, int]) -> int:
    """Compute the size in bytes of all clips with one phone, frame count and picture size."""
    picture = frame_bytes * size[0] * size[1] // REFERENCE_PIXELS + 1024
    return HEADER_BYTES + frames * (picture + INDEX_BYTES)


def encode_clip(pictures: Sequence[NDArray[np.uint8]], quality: int, total: int) -> bytes:
    """Encode pictures as an AVI file of exactly `total` bytes.

    Args:
        pictures: sequence of uint8 (height, width, 3), RGB.
        quality: JPEG quality from 1 to 100, lowered until the clip fits.
        total: size of the file in bytes.

    Returns:
        The file's contents.

    Raises:
        DataError: if the clip does not fit even at the lowest quality.
    """
    while quality >= LOWEST_QUALITY:
        # Colour keeps its full resolution: a small frame stands for a phone's much larger one,
        # which has more colour samples than this even after subsampling.
        options = [
            cv2.IMWRITE_JPEG_QUALITY,
            quality,
            cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
            cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
        ]
        coded = [
            cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), options)[1].tobytes()
            for picture in pictures
        ]
        coded = [data + b"\0" * (len(data) % 2) for data in coded]  # chunks start at even bytes
        room = total - HEADER_BYTES - len(coded) * INDEX_BYTES - sum(map(len, coded))
        if room >= 0:
            return _container(coded, pictures[0].shape, total)
        quality -= QUALITY_STEP
    raise DataError(f"a clip of {len(pictures)} frames does not fit in {total} bytes")


def _chunk(name, data):
    return name + struct.pack("<I", len(data)) + data


def _list(kind, data):
    return _chunk(b"LIST", kind + data)


def _container(coded, shape, total):
    height, width = shape[:2]
    count, largest = len(coded), max(map(len, coded))
    main = struct.pack(
        "<14I",
        1_000_000 // FRAME_RATE,
        largest * FRAME_RATE,
        0,
        0x10,
        count,
        0,
        1,
        largest,
        width,
        height,
        0,
        0,
        0,
        0,
    )  # 0x10: the file has an index
    stream = struct.pack(
        "<4s4sIHHIIIIIIII4H",
        b"vids",
        b"MJPG",
        0,
        0,
        0,
        0,
        1,
        FRAME_RATE,
        0,
        count,
        largest,
        0xFFFFFFFF,
        0,
        0,
        0,
        width,
        height,
    )
    picture = struct.pack(
        "<IiiHH4sIiiII", 40, width, height, 1, 24, b"MJPG", width * height * 3, 0, 0, 0, 0
    )
    headers = _list(
        b"hdrl",
        _chunk(b"avih", main) + _list(b"strl", _chunk(b"strh", stream) + _chunk(b"strf", picture)),
    )
    movie, index, offset = b"", b"", 4
    for data in coded:
        index += struct.pack("<4sIII", b"00dc", 0x10, offset, len(data))  # 0x10: key frame
        movie += _chunk(b"00dc", data)
        offset += 8 + len(data)
    body = headers + _list(b"movi", movie) + _chunk(b"idx1", index)
    junk = total - 12 - len(body) - 8
    return _chunk(b"RIFF", b"AVI " + body + _chunk(b"JUNK", b"\0" * junk))
