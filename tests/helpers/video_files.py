"""Small videos of every kind, whose frames carry their own number and a card of colours."""

import contextlib
import os

import av
import numpy as np

# The card's four quarters: top left, top right, bottom left, bottom right.
CARD = np.array([[200, 50, 50], [50, 190, 60], [50, 60, 200], [190, 180, 70]], np.uint8)
BITS = 8


def picture(number, width=160, height=120):
    """A frame: the card, and across its middle the number in black and white bars, low bit left."""
    image = np.empty((height, width, 3), np.uint8)
    middle, half = height // 2, width // 2
    image[:middle, :half], image[:middle, half:] = CARD[0], CARD[1]
    image[middle:, :half], image[middle:, half:] = CARD[2], CARD[3]
    bars = np.repeat([255 * (number >> bit & 1) for bit in range(BITS)], width // BITS)
    image[middle - height // 12 : middle + height // 12, : len(bars)] = bars[None, :, None]
    return image


def number_of(image):
    """The number that a decoded frame carries."""
    height, width = image.shape[:2]
    row = image[height // 2 - 2 : height // 2 + 2].mean(axis=(0, 2))
    step = width / BITS
    return sum(int(row[int((bit + 0.5) * step)] > 127) << bit for bit in range(BITS))


def colours_of(image):
    """`(4, 3)`: the colours of the card's quarters, from their middles."""
    height, width = image.shape[:2]
    places = [(1, 1), (1, 3), (3, 1), (3, 3)]
    size = max(2, min(height, width) // 16)
    return np.array(
        [
            image[
                row * height // 4 - size : row * height // 4 + size,
                column * width // 4 - size : column * width // 4 + size,
            ].mean(axis=(0, 1))
            for row, column in places
        ]
    )


def write_video(
    path,
    count,
    codec="libx264",
    *,
    first=0,
    size=(160, 120),
    pixels="yuv420p",
    kind=None,
    options=None,
    container_options=None,
    prepare=lambda stream: None,
    frame=None,
):
    """Write `count` frames numbered from `first`, 30 a second.

    `prepare` is called with the stream before the first frame; `frame` makes a `VideoFrame` of a
    number in place of `picture`.
    """
    width, height = size
    kind = "ogg" if str(path).endswith(".ogv") else kind
    with av.open(str(path), "w", format=kind, container_options=container_options or {}) as file:
        stream = file.add_stream(codec, rate=30, options=options or {})
        stream.width, stream.height, stream.pix_fmt = width, height, pixels
        # The encoder of VP8 waits in a loop for its own threads, for minutes on a busy machine.
        stream.codec_context.thread_count = 1
        prepare(stream)
        for number in range(first, first + count):
            made = (
                frame(number)
                if frame
                else av.VideoFrame.from_ndarray(picture(number, width, height), "rgb24")
            )
            for packet in stream.encode(made):
                file.mux(packet)
        for packet in stream.encode():
            file.mux(packet)
    _give_back_real_time()


def _give_back_real_time():
    """Undo what the AV1 encoder SVT does wherever root runs it: it takes real-time scheduling.

    The process that has called it, and all threads that it starts from then on, would stop every
    other program on the machine.
    """
    if not hasattr(os, "sched_setscheduler"):  # not on Linux
        return
    for thread in os.listdir("/proc/self/task"):
        with contextlib.suppress(ProcessLookupError):  # ended meanwhile
            if os.sched_getscheduler(int(thread)) in (os.SCHED_FIFO, os.SCHED_RR):
                os.sched_setscheduler(int(thread), os.SCHED_OTHER, os.sched_param(0))
