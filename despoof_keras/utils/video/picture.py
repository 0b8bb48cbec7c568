"""A decoded frame as the picture that a player shows: upright, with square pixels, RGB, 8 bits."""

import math
from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np
from av.sidedata.sidedata import SideDataContainer, Type
from av.video.reformatter import Colorspace

from despoof_keras.utils.video.colours import TRANSFERS, tone_mapped

# Wider or narrower pixels than these come from damaged headers; narrower differences from
# rounding, and are not worth a blurred picture.
MOST_STRETCH, LEAST_STRETCH = 4, 1.02
# Deinterlaces what is marked as interlaced, one frame for each, by its marked order of fields.
_DEINTERLACE = "mode=send_frame:parity=auto:deint=interlaced"
# The filter works by the order of the frames; their own times may be missing.
_TICK = Fraction(1, 25)


def to_rgb(frame: av.VideoFrame, stream: av.VideoStream, threads: int = 0) -> np.ndarray:
    """Turn a frame into a picture.

    Args:
        frame: as decoded.
        stream: where it is from; says what the frame itself does not.
        threads: for the conversion; 0 for all cores.

    Returns:
        `(height, width, 3)` RGB uint8.
    """
    width, height = _square_size(frame.width, frame.height, stream.sample_aspect_ratio)
    transfer = hdr_transfer(frame)
    layout = "rgb24" if transfer is None else "rgb48le"
    size = {"width": width, "height": height, "threads": threads}
    try:
        image = frame.to_ndarray(format=layout, **size)
    except (av.FFmpegError, ValueError):  # a colour space that swscale has no matrix for
        image = frame.to_ndarray(format=layout, src_colorspace=Colorspace.ITU709, **size)
    if transfer is not None:
        image = tone_mapped(image, transfer, frame.color_primaries)
    return np.ascontiguousarray(_upright(image, _orientation(frame, stream)))


def hdr_transfer(frame: av.VideoFrame) -> str | None:
    """Name a frame's transfer function, PQ or HLG; None if it is no HDR."""
    return TRANSFERS.get(frame.color_trc)


def _square_size(width, height, aspect: Fraction | None):
    """The size in square pixels; a side is made longer, never shorter."""
    if not aspect or not LEAST_STRETCH <= max(aspect, 1 / aspect) <= MOST_STRETCH:
        return width, height
    return (round(width * aspect), height) if aspect > 1 else (width, round(height / aspect))


def _orientation(frame, stream) -> tuple[float, float, float, float]:
    """The 2 x 2 matrix `a, b, c, d` that the container wants: x' = ax + cy, y' = bx + dy."""
    # `frame.side_data` would make a cycle, which keeps the frame in memory for a long time.
    side_data = SideDataContainer(frame)  # type: ignore[call-arg]
    if Type.DISPLAYMATRIX in side_data:
        matrix = np.frombuffer(bytes(side_data[Type.DISPLAYMATRIX]), np.int32)
        return tuple(matrix[[0, 1, 3, 4]].astype(float))
    # Older programs wrote the angle, clockwise, beside the stream.
    angles = [text for name, text in stream.metadata.items() if name.lower() == "rotate"]
    try:
        angle = math.radians(float(angles[0]))
    except (IndexError, ValueError):
        angle = 0
    return math.cos(angle), math.sin(angle), -math.sin(angle), math.cos(angle)


def _upright(image, orientation):
    """Turn and mirror a picture, to the nearest quarter turn."""
    a, b, c, d = orientation
    if abs(b) + abs(c) > abs(a) + abs(d):
        image = image.transpose(1, 0, 2)
        right, down = c, b
    else:
        right, down = a, d
    return image[:: -1 if down < 0 else 1, :: -1 if right < 0 else 1]


class Deinterlacer:
    """Passes frames on, one for each, and deinterlaces those that are marked as interlaced.

    The stripes of two fields that were taken one after the other look like those of a display.
    Nothing is delayed or changed until the first interlaced frame comes.

    Args:
        threads: for the filter; 0 for all cores.
    """

    def __init__(self, threads: int):
        self.has_worked = False
        self._threads = threads
        self._graph: av.filter.Graph | None = None
        self._shape: tuple[int, int, str] | None = None
        self._number = 0
        self._waiting = []

    def pass_on(self, frame: av.VideoFrame, mark: object) -> Iterator[tuple[av.VideoFrame, object]]:
        """Take a frame, and yield those that are ready, each with the mark that it came with."""
        shape = (frame.width, frame.height, frame.format.name)
        if shape != self._shape:
            yield from self.rest()
            self._shape = shape
        if self._graph is None:
            if not frame.interlaced_frame:
                yield frame, mark
                return
            self._graph = self._make_graph(frame)
            self.has_worked = True
        self._waiting.append((frame, mark))
        frame.pts, frame.time_base = self._number, _TICK
        self._number += 1
        self._graph.push(frame)
        yield from self._ready()

    def rest(self) -> Iterator[tuple[av.VideoFrame, object]]:
        """Yield the frames that are still inside, and start anew."""
        if self._graph is not None:
            self._graph.push(None)
            yield from self._ready()
            yield from self._waiting
        self._graph, self._waiting, self._shape, self._number = None, [], None, 0

    def _make_graph(self, frame):
        graph = av.filter.Graph()
        graph.threads = self._threads
        # `add_buffer` would leave the colours out, and the filter would take them for others.
        source = graph.add(
            "buffer",
            video_size=f"{frame.width}x{frame.height}",
            pix_fmt=frame.format.name,
            time_base=str(_TICK),
            colorspace=str(int(frame.colorspace)),
            range=str(int(frame.color_range)),
        )
        graph.link_nodes(source, graph.add("bwdif", _DEINTERLACE), graph.add("buffersink"))
        graph.configure()
        return graph

    def _ready(self):
        while self._waiting:
            try:
                made = self._graph.pull()
            except (av.BlockingIOError, av.EOFError):
                return
            yield made, self._waiting.pop(0)[1]
