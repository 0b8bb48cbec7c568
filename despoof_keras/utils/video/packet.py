"""What the data of a single frame show before they are decoded."""

import re

from av.packet import Packet

# Codecs whose data never hold a long run of zeros between others: those with start codes by their
# rules, the others because it is as unlikely there as in random numbers. JPEG is none of them: a
# plain wall may be all zeros.
_DENSE = {"h264", "hevc", "vvc", "mpeg1video", "mpeg2video", "mpeg4", "vp8", "vp9", "av1"}
# Zeros at the end of a frame or before a start code fill it up.
_HOLE = re.compile(rb"\0{64}(?=\0*[^\0\1])")
_SIZED = {"mpeg1video", "mpeg2video"}
_SEQUENCE = b"\0\0\1\xb3"


def has_hole(packet: Packet, codec: str) -> bool:
    """Tell whether a stretch of a frame's data was overwritten with zeros.

    Decoders fill such places with whatever fits, without a word.

    Args:
        packet: the data of a frame.
        codec: FFmpeg's name of the codec.
    """
    return codec in _DENSE and _HOLE.search(packet) is not None


def size_in(packet: Packet, codec: str) -> bytes | None:
    """Return the size of the pictures from a frame's data, if it is written there.

    FFmpeg's decoders of MPEG-1 and MPEG-2 lose a frame where the size changes, unless they are
    emptied before.

    Args:
        packet: the data of a frame.
        codec: FFmpeg's name of the codec.

    Returns:
        Three bytes, 12 bits for each side; None with other codecs or data.
    """
    if codec not in _SIZED:
        return None
    content = memoryview(packet)
    place = bytes(content[:64]).find(_SEQUENCE)
    return None if place < 0 else bytes(content[place + 4 : place + 7])
