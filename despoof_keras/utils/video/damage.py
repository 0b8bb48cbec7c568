"""Places in a video file that its container's own rules show to be damaged.

FFmpeg passes over such places without a word in the containers that are made to survive them
(Matroska, FLV, Ogg, MPEG transport streams). The frames lost there are seen here: each of these
files is a chain of pieces that say where the next begins.
"""

import mmap
import zlib
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from despoof_keras.utils.video.layout import ASF, FLV, MATROSKA, MXF, OGG, PROGRAM, TRANSPORT

# Pieces of Matroska files that hold others. All pieces are listed in RFC 9559; those within the
# ones that are passed over whole need not be known.
_SEGMENT = 0x18538067
_MATROSKA_HOLDERS = {_SEGMENT: "Segment", 0x1F43B675: "Cluster"}
_MATROSKA_PIECES = {
    0x1A45DFA3: "EBML",
    0x114D9B74: "SeekHead",
    0x1549A966: "Info",
    0x1654AE6B: "Tracks",
    0x1C53BB6B: "Cues",
    0x1941A469: "Attachments",
    0x1043A770: "Chapters",
    0x1254C367: "Tags",
    0xEC: "Void",
    0xBF: "CRC-32",
    0xE7: "Timestamp",
    0x5854: "SilentTracks",
    0xA7: "Position",
    0xAB: "PrevSize",
    0xA3: "SimpleBlock",
    0xA0: "BlockGroup",
    0xAF: "EncryptedBlock",
}
_CLUSTER = b"\x1f\x43\xb6\x75"
_FLV_HEADER, _FLV_KINDS = 13, {8, 9, 18}
_SYNC = 0x47
_MXF_KEY = b"\x06\x0e\x2b\x34"
_ASF_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_ASF_DATA = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
_ASF_MARK = b"\x82\0\0"
_PACK, _END_CODE = b"\0\0\x01\xba", 0xB9
# A Blu-ray or camcorder puts 4 bytes of time before each packet.
_PACKET_SIZES = ((188, 0), (192, 4))
_REVERSED_BITS = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))


def damaged_places(file: BinaryIO, part: tuple[int, int], kind: str | None) -> list[int]:
    """Look for damage.

    Args:
        file: open.
        part: the first byte of the container and the one behind its last.
        kind: of container.

    Returns:
        Ascending distances of damaged places from the start of the part; the part's length stands
        for a last piece that is cut short. Empty for containers that are not checked.
    """
    search = _SEARCHES.get(kind or "")
    if search is None:
        return []
    start, end = part
    with mmap.mmap(file.fileno(), end, access=mmap.ACCESS_READ) as content:
        return sorted(place - start for place in search(content, start, end))


def _in_matroska(content, place, end) -> Iterator[int]:
    before, last = place, end
    while place < min(end, last):  # what is behind the segment is padding
        number, after = _ebml_number(content, place, keep_marker=True)
        size, body = _ebml_number(content, after, keep_marker=False)
        if number in _MATROSKA_HOLDERS:
            if number == _SEGMENT and size is not None:
                last = body + size
            before, place = place, body
        elif number in _MATROSKA_PIECES and size is not None:
            before, place = place, body + size
        else:
            yield before + 1  # what destroyed this header reaches back into the piece before it
            place = content.find(_CLUSTER, place + 1, end)
            if place < 0:
                return
    if place > end:
        yield end


def _ebml_number(content, place, keep_marker):
    """Read a number of variable length, and where it ends; None if it is none or is unknown."""
    first = content[place] if place < len(content) else 0
    if not first:
        return None, place
    width = 9 - first.bit_length()
    number = int.from_bytes(content[place : place + width], "big")
    mask = (1 << 7 * width) - 1
    if not keep_marker:
        number = None if number & mask == mask else number & mask
    return number, place + width


def _in_flv(content, start, end) -> Iterator[int]:
    place = start + _FLV_HEADER
    while place < end:
        header = content[place : place + 11]
        size = int.from_bytes(header[1:4], "big")
        after = place + 11 + size
        if after + 4 > end:
            yield end
            return
        if header[0] & 0x1F not in _FLV_KINDS or _number(content, after) != 11 + size:
            yield place - 1
            return
        place = after + 4


def _number(content, place):
    return int.from_bytes(content[place : place + 4], "big")


def _in_ogg(content, place, end) -> Iterator[int]:
    while place < end:
        segments = content[place + 26] if place + 27 <= end else 0
        body = place + 27 + segments
        after = body + sum(content[place + 27 : body])
        if after > end:
            yield end
            return
        page = bytearray(content[place:after])
        announced = int.from_bytes(page[22:26], "little")
        page[22:26] = bytes(4)
        if page[:4] == b"OggS" and _ogg_checksum(page) == announced:
            place = after
            continue
        yield place
        place = content.find(b"OggS", place + 1, end)
        if place < 0:
            return


def _ogg_checksum(page):
    """CRC-32 of the bits in the other order than zlib's, and without its inversions."""
    checksum = zlib.crc32(page.translate(_REVERSED_BITS), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{checksum:032b}"[::-1], 2)


def _in_transport(content, start, end) -> Iterator[int]:
    head = content[start : start + 5 * 192]
    for size, before in _PACKET_SIZES:
        if all(head[before + size * i : before + size * i + 1] in (b"G", b"") for i in range(4)):
            break
    else:
        yield start
        return
    count = (end - start) // size
    # Four bytes of every packet; copied, so that nothing holds the mapped file.
    headers = np.ndarray((count, 4), np.uint8, content, start + before, (size, 1)).copy()
    is_bad = headers[:, 0] != _SYNC
    is_bad[1:] |= _is_torn(headers)[1:]
    first = np.flatnonzero(is_bad[1:] & ~is_bad[:-1]) + 1
    yield from (start + int(number) * size - 1 for number in first)
    if (end - start) % size:
        yield end


def _is_torn(headers):
    """Tell before which packets of the pictures others are missing, by their running number.

    At a packet that begins a new piece of data, two recordings may have been joined.
    """
    stream = (headers[:, 1].astype(np.uint16) & 0x1F) << 8 | headers[:, 2]
    has_data = (headers[:, 3] & 0x10) > 0
    begins = (headers[:, 1] & 0x40) > 0
    numbers, counts = np.unique(stream[has_data], return_counts=True)
    is_torn = np.zeros(len(headers), bool)
    if len(numbers):
        pictures = np.flatnonzero(has_data & (stream == numbers[counts.argmax()]))
        steps = np.diff(headers[pictures, 3] & 0x0F) & 0x0F
        # A packet may be sent twice.
        is_torn[pictures[1:]] = (steps > 1) & ~begins[pictures[1:]]
    return is_torn


def _in_program(content, place, end) -> Iterator[int]:
    while place + 6 <= end:
        code = content[place + 3]
        if content[place : place + 3] != b"\0\0\x01":
            next_pack = content.find(_PACK, place, end)
            next_pack = end if next_pack < 0 else next_pack
            if any(content[place:next_pack]):  # not only filled up with zeros
                yield max(0, place - 1)
            place = next_pack
        elif code == _END_CODE:
            place += 4
        elif code == _PACK[3]:
            is_mpeg2 = content[place + 4] >> 6 == 1
            place += 14 + (content[place + 13] & 7 if place + 13 < end else 0) if is_mpeg2 else 12
        else:
            place += 6 + int.from_bytes(content[place + 4 : place + 6], "big")
    if place > end:
        yield end


def _in_mxf(content, place, end) -> Iterator[int]:
    while place + 20 <= end:
        if content[place : place + 4] != _MXF_KEY:
            yield place - 1
            place = content.find(_MXF_KEY, place, end)
            if place < 0:
                return
        length, body = content[place + 16], place + 17
        if length & 0x80:
            body += length & 0x7F
            length = int.from_bytes(content[place + 17 : body], "big")
        place = body + length
    if place > end:
        yield end


def _in_asf(content, place, end) -> Iterator[int]:
    properties = content.find(_ASF_PROPERTIES, place, end)
    data = content.find(_ASF_DATA, place, end)
    if properties < 0 or data < 0:
        return
    size = int.from_bytes(content[properties + 92 : properties + 96], "little")
    count = int.from_bytes(content[data + 40 : data + 48], "little")
    first = data + 50
    announced = count * size
    if first + announced > end:
        yield end
    # Each packet begins with a mark of three bytes.
    for packet in range(first, min(first + announced, end), size or end):
        if content[packet : packet + 3] != _ASF_MARK:
            yield packet - 1
            return


_SEARCHES = {
    ASF: _in_asf,
    MXF: _in_mxf,
    MATROSKA: _in_matroska,
    FLV: _in_flv,
    OGG: _in_ogg,
    TRANSPORT: _in_transport,
    PROGRAM: _in_program,
}
