"""Clips compressed as H.264 and decompressed, frame by frame."""

import collections
import itertools
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Final

import av
import numpy as np
from av.video.reformatter import Interpolation

from despoof_keras.errors import DataError

# A rate in bits per pixel does not depend on how many frames a second has; 30 are nominal.
FRAME_RATE = 30
_ENCODER: Final = "libx264"
# As a phone's camera does it: without looking ahead, so without B-frames, and with a key frame each
# second. A single thread gives the same bits on every machine.
_OPTIONS = {
    "preset": "veryfast",
    "tune": "zerolatency",
    "g": str(FRAME_RATE),
    "threads": "1",
}
# Of the conversion between RGB and 4:2:0. FFmpeg's quick one darkens a picture by a grey level or
# more, which would pass for an effect of the compression.
_ACCURATE = Interpolation.BICUBIC | Interpolation.FULL_CHR_H_INT | Interpolation.ACCURATE_RND


def check_encoder() -> None:
    """Make sure that there is an encoder.

    Raises:
        DataError: this build of PyAV has none.
    """
    if _ENCODER not in av.codecs_available:
        raise DataError(
            f"h264: expected PyAV with the encoder {_ENCODER}, as 'pip install av' brings it; this "
            "one has none; --families leaves H.264 out"
        )


class H264:
    """Compresses pictures one after the other, and gives each back as a player shows it.

    Args:
        size: `(width, height)` of the pictures. A side of an odd number of pixels is padded.
        bits_per_pixel: average size of a compressed picture, in bits for each of its pixels.

    Attributes:
        bits: number of bits of all pictures so far.
    """

    def __init__(self, size: tuple[int, int], bits_per_pixel: float):
        self._size = size
        width, height = (side + side % 2 for side in size)
        encoder = av.CodecContext.create(_ENCODER, "w")
        encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
        encoder.time_base, encoder.framerate = Fraction(1, FRAME_RATE), Fraction(FRAME_RATE)
        encoder.bit_rate = round(bits_per_pixel * width * height * FRAME_RATE)
        encoder.options = dict(_OPTIONS)
        self._encoder, self._decoder = encoder, av.CodecContext.create("h264", "r")
        self._decoder.thread_count = 1
        self._count = 0
        self.bits = 0

    def pass_on(self, picture: np.ndarray) -> Iterator[np.ndarray]:
        """Take a picture, `(height, width, 3)` RGB uint8, and yield those that are ready."""
        height, width = picture.shape[:2]
        padded = np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        frame = av.VideoFrame.from_ndarray(padded, format="rgb24")
        frame = frame.reformat(format="yuv420p", interpolation=_ACCURATE)
        frame.pts, frame.time_base = self._count, Fraction(1, FRAME_RATE)
        self._count += 1
        yield from self._decoded(self._encoder.encode(frame))

    def rest(self) -> Iterator[np.ndarray]:
        """Yield the pictures that are still inside."""
        yield from self._decoded([*self._encoder.encode(None), None])

    def _decoded(self, packets):
        width, height = self._size
        for packet in packets:
            self.bits += 8 * packet.size if packet is not None else 0
            for frame in self._decoder.decode(packet):
                rgb = frame.to_ndarray(format="rgb24", interpolation=_ACCURATE)
                yield rgb[:height, :width]


def recompressed(
    pictures: Iterable[tuple[int, np.ndarray]], rates: Sequence[float]
) -> Iterator[tuple[int, int, np.ndarray]]:
    """Compress a clip at several bit rates, decoding it once.

    Args:
        pictures: `(number, picture)`, pictures `(height, width, 3)` RGB uint8. Where their size
            changes, a new stream begins.
        rates: in bits per pixel.

    Yields:
        `(which rate, number, picture)`, for each rate in the order of the pictures.
    """
    for size, clip in itertools.groupby(pictures, lambda item: item[1].shape[:2]):
        coders = [H264(size[::-1], rate) for rate in rates]
        waiting: collections.deque[int] = collections.deque()
        for number, picture in clip:
            waiting.append(number)
            # All coders have the same delay.
            made = [list(coder.pass_on(picture)) for coder in coders]
            yield from _numbered(made, waiting)
        yield from _numbered([list(coder.rest()) for coder in coders], waiting)


def _numbered(made, waiting):
    for pictures in zip(*made, strict=True):
        number = waiting.popleft()
        for which, picture in enumerate(pictures):
            yield which, number, picture
