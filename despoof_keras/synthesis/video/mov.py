"""Motion-JPEG in QuickTime's MOV, as in Replay-Attack."""

import fractions
import io
import struct
from collections.abc import Sequence

FRAME_RATE = 25  # as in Replay-Attack


def mov_file(coded: Sequence[bytes], size: tuple[int, int], total: int) -> bytes:
    """Put coded pictures into a MOV file.

    Args:
        coded: JPEG pictures.
        size: (height, width) in pixels.
        total: size of the file in bytes, which a `free` atom fills.
    """
    import av

    contents = io.BytesIO()
    # Without the date and the encoder's version.
    exact = {"fflags": "+bitexact"}
    with av.open(contents, "w", format="mov", options=exact) as container:
        stream = container.add_stream("mjpeg", rate=FRAME_RATE)
        stream.height, stream.width = size
        stream.pix_fmt = "yuvj444p"
        for number, data in enumerate(coded):
            packet = av.Packet(data)
            packet.stream = stream
            packet.time_base = fractions.Fraction(1, FRAME_RATE)
            packet.pts = packet.dts = number
            packet.duration = 1
            packet.is_keyframe = True
            container.mux(packet)
    written = contents.getvalue()
    return written + _free_atom(total - len(written))


def _free_atom(size):
    return struct.pack(">I4s", size, b"free") + bytes(size - 8)
