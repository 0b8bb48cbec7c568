"""What the bytes of a video file say about it before FFmpeg reads them.

FFmpeg reads the first of several files that were joined with `cat`, and tells little about a file
that it cannot read. Both are seen in the headers of the containers.
"""

import dataclasses
import mmap
import os
import re
from collections.abc import Iterator
from typing import BinaryIO

# The first bytes of a file, enough for every signature below.
HEAD_BYTES = 4096
ISO, AVI, MATROSKA, FLV, ASF, OGG, MXF = "MP4", "AVI", "Matroska", "FLV", "ASF", "Ogg", "MXF"
TRANSPORT, PROGRAM = "MPEG-TS", "MPEG-PS"
# How each header begins that may also begin another file in the middle of this one.
_HEADERS = {
    AVI: re.compile(rb"RIFF....AVI LIST", re.DOTALL),
    MATROSKA: re.compile(rb"\x1aE\xdf\xa3.{1,60}?\x42\x82.(?:webm|matroska)", re.DOTALL),
    FLV: re.compile(rb"FLV\x01[\x01\x04\x05]\0\0\0\x09\0\0\0\0"),
    ASF: re.compile(rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c"),
    OGG: re.compile(rb"OggS\0\x02"),
    MXF: re.compile(rb"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02\x01\x01\x02"),
}
# What a file begins with whose header is damaged.
_SIGNATURES = {
    AVI: re.compile(rb"RIFF....AVI", re.DOTALL),
    MATROSKA: re.compile(rb"\x1aE\xdf\xa3"),
    FLV: re.compile(rb"FLV\x01"),
    ASF: _HEADERS[ASF],
    OGG: re.compile(rb"OggS"),
    MXF: _HEADERS[MXF],
    # Packets of 188 bytes, of 192 in camcorders' .mts and .m2ts files.
    TRANSPORT: re.compile(rb"G.{187}G.{187}G|.{4}G.{191}G.{191}G", re.DOTALL),
    PROGRAM: re.compile(rb"\0\0\x01\xba"),
}
# Where a container names the codec of its pictures.
_CODECS = {
    ISO: re.compile(rb"vide.*?stsd.{12}(.{4})", re.DOTALL),
    AVI: re.compile(rb"vids(.{4})", re.DOTALL),
    MATROSKA: re.compile(rb"\x86.(V_[\w/]+)", re.DOTALL),
}
# FFmpeg's names of the containers; it also knows those whose first bytes are damaged.
FFMPEG_NAMES = {
    "asf": ASF,
    "avi": AVI,
    "flv": FLV,
    "matroska,webm": MATROSKA,
    "mpeg": PROGRAM,
    "mpegts": TRANSPORT,
    "mxf": MXF,
    "ogg": OGG,
}
_ISO_FIRST = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"styp", b"pnot", b"sidx"}
_ISO_KNOWN = _ISO_FIRST | {b"moof", b"mfra", b"meta", b"udta", b"uuid", b"emsg", b"prft", b"ssix"}
# Major brands of pictures (HEIF, AVIF, JPEG 2000, JPEG XL, Canon's raw pictures) in the same boxes.
_PICTURE_BRANDS = re.compile(rb"hei[cxms]|hev[cxms]|mif[12]|msf1|avi[fs]|jp[2xmh].|jxl |crx |miaf")


@dataclasses.dataclass(frozen=True)
class Layout:
    """The containers within a file.

    Attributes:
        kind: name of the container, or None if no known one.
        parts: `(start, end)` in bytes of each file that was joined to this one; at least one.
        is_picture: whether the boxes are those of a photograph.
        lacks_index: whether the only index of the frames, without which none is found, is missing.
        is_encrypted: whether the index says that the frames are encrypted.
        is_cut: whether the last part announces more bytes than there are.
        is_fragmented: whether the frames are indexed piece by piece, and so never counted.
        codec: the container's own name of the pictures' codec, or None.
    """

    kind: str | None
    parts: tuple[tuple[int, int], ...]
    is_picture: bool = False
    lacks_index: bool = False
    is_encrypted: bool = False
    is_cut: bool = False
    is_fragmented: bool = False
    codec: str | None = None


def read_layout(file: BinaryIO) -> Layout:
    """Look at the headers of a file.

    Args:
        file: open and not empty.

    Returns:
        `Layout`; of an unknown kind there is one part, the whole file.
    """
    size = os.fstat(file.fileno()).st_size
    file.seek(0)
    head = file.read(HEAD_BYTES)
    if head[4:8] in _ISO_FIRST:
        return _iso_layout(file, size)
    for kind, signature in _SIGNATURES.items():
        if signature.match(head):
            return _layout(file, head, size, kind)
    return Layout(None, ((0, size),))


def _codec(kind, content):
    tag = _CODECS[kind].search(content) if kind in _CODECS else None
    return tag and tag[1].decode("latin-1").strip("\0 ")


def _layout(file, head, size, kind):
    codec = _codec(kind, head)
    announced = _announced_end(head, kind)
    # Most files are one part, as their header says; the others are searched.
    if announced == size or kind not in _HEADERS:
        return Layout(kind, ((0, size),), codec=codec)
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        starts = [match.start() for match in _HEADERS[kind].finditer(content) if match.start()]
        if kind == OGG:
            starts = list(_first_pages(content, starts))
        last = starts[-1] if starts else 0
        announced = _announced_end(content[last : last + HEAD_BYTES], kind)
    is_cut = announced is not None and last + announced > size
    return Layout(kind, _parts([0, *starts], size), is_cut=is_cut, codec=codec)


def _parts(starts, size):
    return tuple(zip(starts, [*starts[1:], size], strict=True))


def _announced_end(head, kind):
    """Where a part ends, counted from its start, according to its own header; None if unknown."""
    if kind == AVI:
        length = int.from_bytes(head[4:8], "little")
        # Streamed and interrupted recordings have a placeholder.
        return 8 + length if 0 < length < 0xFFFFFFFF else None
    if kind == MATROSKA:
        place = head.find(b"\x18\x53\x80\x67")  # the Segment, which holds everything else
        if not 0 <= place < len(head) - 12:
            return None
        width = 9 - head[place + 4].bit_length()
        length = int.from_bytes(head[place + 4 : place + 4 + width], "big")
        unknown = (1 << 7 * width) - 1
        length &= unknown
        return None if length == unknown else place + 4 + width + length
    return None


def _first_pages(content, starts):
    """Leave out the first pages of further streams that begin at the same time."""
    expected = _page_end(content, 0)
    for start in starts:
        if start != expected:
            yield start
        expected = _page_end(content, start)


def _page_end(content, start):
    if start + 27 > len(content):
        return len(content)
    segments = content[start + 26]
    return start + 27 + segments + sum(content[start + 27 : start + 27 + segments])


def _iso_layout(file, size):
    starts, kinds, codec = [0], set(), None
    is_cut = is_encrypted = has_index = False
    for kind, start, body, end in _boxes(file, size):
        if kind == b"ftyp" and start and b"moov" in kinds:
            starts.append(start)
            kinds = set()
            is_cut = False
        kinds.add(kind)
        is_cut |= end > size
        if kind == b"moov":
            file.seek(body)
            index = file.read(min(end, size) - body)
            has_index |= end <= size
            is_encrypted |= b"encv" in index and b"sinf" in index
            codec = codec or _codec(ISO, index)
            if b"mvex" in index:
                kinds.add(b"moof")
        elif kind == b"sidx":
            is_cut |= _indexed_end(file, body, end) > size
    file.seek(8)
    brand = file.read(4)
    return Layout(
        ISO,
        _parts(starts, size),
        is_picture=bool(_PICTURE_BRANDS.match(brand)) and not has_index,
        lacks_index=not has_index,
        is_encrypted=is_encrypted,
        is_cut=is_cut and b"moof" in kinds,
        is_fragmented=b"moof" in kinds,
        codec=codec,
    )


def _boxes(file, size) -> Iterator[tuple[bytes, int, int, int]]:
    """Yield the kind, start, start of the content and end of every outermost box."""
    place = 0
    while place + 8 <= size:
        file.seek(place)
        header = file.read(16)
        length, kind, body = int.from_bytes(header[:4], "big"), header[4:8], 8
        if length == 1:
            length, body = int.from_bytes(header[8:], "big"), 16
        elif length == 0:  # to the end of the file
            length = size - place
        # Cameras and telephones put notes of their own behind the last box.
        if length < body or (place + length > size and kind not in _ISO_KNOWN):
            return
        yield kind, place, place + body, place + length
        place += length


def _indexed_end(file, body, end):
    """Where the pieces end that a segment index lists."""
    file.seek(body)
    content = file.read(end - body)
    wide = 8 if content[:1] == b"\1" else 4
    first = 12 + wide  # version and flags, two numbers, then the earliest time
    offset = int.from_bytes(content[first : first + wide], "big")
    table = first + wide
    count = int.from_bytes(content[table + 2 : table + 4], "big")
    entries = content[table + 4 : table + 4 + 12 * count]
    # The highest bit says what kind of piece it is.
    sizes = (int.from_bytes(entries[i : i + 4], "big") for i in range(0, len(entries) - 3, 12))
    return end + offset + sum(length & 0x7FFFFFFF for length in sizes)
