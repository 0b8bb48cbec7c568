"""Motion-JPEG in AVI."""

import struct
from collections.abc import Sequence

FRAME_RATE = 30  # as in OULU-NPU


def avi_file(coded: Sequence[bytes], size: tuple[int, int], total: int) -> bytes:
    """Put coded pictures into an AVI file.

    Args:
        coded: JPEG pictures of an even number of bytes.
        size: (height, width) in pixels.
        total: size of the file in bytes, which a JUNK chunk fills.
    """
    height, width = size
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


def _chunk(name, data):
    return name + struct.pack("<I", len(data)) + data


def _list(kind, data):
    return _chunk(b"LIST", kind + data)
