"""Video files opened with FFmpeg, through PyAV: only real containers, under any name.

FFmpeg also reads lists and scripts that name other files (HLS, concat, SDP), texts and pictures,
and takes a name for an address (`http:x.mp4`) or a pattern (`%d.mp4`). So a file is opened here,
FFmpeg gets its bytes without a name, and only the containers listed here are tried.
"""

import contextlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import av

from despoof_keras.errors import DataError
from despoof_keras.utils.video.layout import Layout
from despoof_keras.utils.worker import is_worker

VIDEO_CONTAINERS = (
    "asf,avi,dv,flv,gxf,h264,hevc,ivf,live_flv,m4v,matroska,mov,mpeg,mpegts,mpegvideo,mxf,nut,obu,"
    "ogg,rm,vvc,wtv,yuv4mpegpipe"
)
# Known so that a song can be called one.
SOUND_CONTAINERS = "aiff,caf,flac,mp3,wav"
_OPTIONS = {"format_whitelist": f"{VIDEO_CONTAINERS},{SOUND_CONTAINERS}"}
# Bytes read at once. Smaller pieces make the calls from FFmpeg into Python noticeable.
READ_BYTES = 1 << 18
_NO_PICTURES = av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails


class Window(io.RawIOBase):
    """A part of an open file, which looks like a file of its own."""

    def __init__(self, file: BinaryIO, start: int, end: int):
        self._file, self._start, self._length, self._place = file, start, end - start, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._length}[whence]
        self._place = max(0, base + offset)
        return self._place

    def read(self, size: int = -1) -> bytes:
        rest = max(0, self._length - self._place)
        self._file.seek(self._start + self._place)
        content = self._file.read(rest if size < 0 else min(size, rest))
        self._place += len(content)
        return content


@contextlib.contextmanager
def open_file(path: Path | str) -> Iterator[BinaryIO]:
    """Open a file that should be a video.

    Raises:
        DataError: the file is missing, empty or may not be read.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path}: expected a video, found no such file")
    if path.stat().st_size == 0:
        raise DataError(f"{path}: expected a video, the file is empty")
    try:
        file = path.open("rb", buffering=0)
    except OSError as error:
        raise DataError(f"{path}: expected a video, the file may not be read") from error
    with file:
        yield file


@contextlib.contextmanager
def open_part(
    file: BinaryIO, part: tuple[int, int], threads: int = 0
) -> Iterator[tuple[av.container.InputContainer, av.VideoStream | None]]:
    """Open one of the containers in a file.

    Args:
        file: the open file.
        part: its first byte and the one behind its last.
        threads: for decoding; 0 for all cores.

    Yields:
        The container, and the stream of its pictures, or None if it has none. The stream's
        `codec_context` is None if it cannot be decoded.

    Raises:
        av.FFmpegError: it is no container that is known, or it is damaged.
    """
    window = Window(file, *part)
    with av.open(
        window,
        "r",
        container_options=_OPTIONS,
        metadata_errors="replace",
        buffer_size=READ_BYTES,
        io_open=_open_nothing_else,
    ) as container:
        stream = _pictures(container)
        if stream is not None and stream.codec_context is not None:
            # With several threads, FFmpeg's H.264 decoder says only now and then, or never, that a
            # frame is damaged.
            is_h264 = stream.codec_context.name == "h264"
            stream.codec_context.thread_count = 1 if is_h264 else threads
            stream.codec_context.thread_type = "AUTO"
        yield container, stream


def thread_count() -> int:
    """Number of threads for decoding; 0 for all cores. Worker processes fill them already."""
    return 1 if is_worker() else 0


def _open_nothing_else(url, flags, options):
    raise PermissionError("a video may not open other files")


def _pictures(container):
    """The stream that a player shows, other than the cover of a song or a film."""
    streams = [stream for stream in container.streams.video if not _is_still(stream)]
    decodable = [stream for stream in streams if stream.codec_context is not None]
    best = container.streams.best("video")
    if best in decodable:
        return best
    return next(iter(decodable or streams), None)


def _is_still(stream):
    return bool(stream.disposition & _NO_PICTURES)


def unusable(layout: Layout) -> str | None:
    """Say why no frame of a file can be found, judging by its headers; None if it may be fine."""
    if layout.is_picture:
        return "it is a picture"
    if layout.lacks_index:
        return (
            "the file's index (moov) is missing: the recording was interrupted or the copy is "
            "incomplete"
        )
    if layout.is_encrypted:
        return "its pictures are encrypted (DRM)"
    return None


def damaged(layout: Layout) -> str:
    """Say that FFmpeg knows the container and cannot read it."""
    return f"the file begins as {layout.kind} and cannot be read; it is damaged"


def no_pictures(stream: av.VideoStream | None, layout: Layout) -> str | None:
    """Say why a container's pictures cannot be decoded; None if they can."""
    if stream is None:
        return "there is no video in it"
    if stream.codec_context is None:
        return f"its codec {layout.codec or 'of an unknown kind'} has no decoder here"
    if any("enc_key" in name.lower() for name in stream.metadata):
        return "its pictures are encrypted (DRM)"
    return None
