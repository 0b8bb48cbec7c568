"""A video file decoded from its first frame to its last, whatever its headers announce.

Decoding goes on behind damage and from one joined file to the next. What is missing is counted, so
that half a video never passes for a whole one; what a sound file leaves out (frames before and
behind a cut, dropped frames) is not.
"""

import contextlib
import dataclasses
import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path

import av
import numpy as np

from despoof_keras.errors import DataError
from despoof_keras.utils.video.damage import damaged_places
from despoof_keras.utils.video.file import (
    damaged,
    no_pictures,
    open_file,
    open_part,
    thread_count,
    unusable,
)
from despoof_keras.utils.video.layout import FFMPEG_NAMES, TRANSPORT, read_layout
from despoof_keras.utils.video.part import DamageFoundError, VideoPart
from despoof_keras.utils.video.picture import Deinterlacer, hdr_transfer, to_rgb

# Behind the last picture of a transport stream there is less than this, or another stream.
TRANSPORT_TAIL = 40 * 188


class Video:
    """A video file, read once; a context manager.

    Args:
        path: video file, of any name.

    Attributes:
        expected: about how many frames it has, by its headers; 0 if they do not say.
        frame_rate: frames a second on average, by its headers; None if they do not say.
        decoded: how many frames have been decoded.

    Raises:
        DataError: the file is missing, empty, no video, or one that cannot be decoded.
    """

    def __init__(self, path: Path | str):
        self.path = path
        self.decoded = 0
        self._spoilt = 0
        self._notes: list[str] = []
        self._done: list[VideoPart] = []
        self._is_unreadable = False
        with contextlib.ExitStack() as resources:
            self._file = resources.enter_context(open_file(path))
            self._layout = read_layout(self._file)
            self._first = resources.enter_context(self._checked())
            self._resources = resources.pop_all()
        container, stream = self._first
        rate = stream.average_rate or stream.guessed_rate
        self.frame_rate = float(rate) if rate else None
        part = self._part(container, stream, self._layout.parts[0])
        start, end = self._layout.parts[0]
        self.expected = part.announced * self._layout.parts[-1][1] // (end - start)

    @contextlib.contextmanager
    def _checked(self):
        """Open the first part, or say why it cannot be decoded."""
        reason = unusable(self._layout)
        try:
            with open_part(self._file, self._layout.parts[0], thread_count()) as opened:
                reason = reason or no_pictures(opened[1], self._layout)
                if not reason:
                    kind = self._layout.kind or FFMPEG_NAMES.get(opened[0].format.name)
                    self._layout = dataclasses.replace(self._layout, kind=kind)
                    yield opened
                    return
        except av.FFmpegError:
            if self._layout.kind is None:
                size = Path(self.path).stat().st_size
                raise DataError(
                    f"{self.path}: expected a video that FFmpeg can decode ({size} bytes)"
                ) from None
            reason = reason or damaged(self._layout)
        raise DataError(f"{self.path}: expected a video; {reason}")

    def _part(self, container, stream, part, is_careful=False, places=()):
        return VideoPart(
            container, stream, self._layout, is_careful, places, length=part[1] - part[0]
        )

    def __enter__(self) -> "Video":
        return self

    def __exit__(self, *error):
        self.close()

    def close(self):
        """Close the file."""
        self._resources.close()

    def frames(self, wanted: Iterable[int] | None = None) -> Iterator[tuple[int, np.ndarray]]:
        """Decode frames; to be called once.

        Args:
            wanted: numbers of frames, from 0, ascending; None for all. Nothing is read behind the
                last of them, and those that do not exist or are damaged are left out.

        Yields:
            `(number, frame)`: `frame` is `(height, width, 3)` RGB uint8, as a player shows it.
        """
        targets = itertools.count() if wanted is None else iter(wanted)
        target = next(targets, None)
        if target is None:
            return
        for stream, frame, is_spoilt in self._displayed():
            number = self.decoded
            self.decoded += 1
            self._spoilt += is_spoilt
            if number < target:
                continue
            if not is_spoilt:
                transfer = hdr_transfer(frame)
                if transfer:
                    self._remark(f"HDR ({transfer}), tone-mapped")
                yield number, to_rgb(frame, stream, thread_count())
            target = next(targets, None)
            if target is None:
                return

    def _displayed(self):
        """Yield `(stream, frame, is_spoilt)` of every frame, deinterlaced."""
        parts = list(self._layout.parts)
        while parts:
            part = parts.pop(0)
            try:
                yield from self._displayed_in(part)
            except av.FFmpegError:  # a part behind the first that cannot be opened
                self._is_unreadable |= self._layout.kind != TRANSPORT
            if self._layout.kind == TRANSPORT and self._done and self._done[-1].packets:
                # Streams that begin under another number are not seen from the start.
                rest = part[0] + self._done[-1].end
                if part[1] - rest > TRANSPORT_TAIL:
                    parts.append((rest, part[1]))

    def _displayed_in(self, part):
        is_rest = part not in self._layout.parts  # and was looked at with what is before it
        places = () if is_rest else damaged_places(self._file, part, self._layout.kind)
        deinterlacer = Deinterlacer(thread_count())
        shown = 0
        for is_careful in (False, True):
            with self._opened(part, is_careful) as (container, stream):
                if no_pictures(stream, self._layout):
                    return
                source = self._part(container, stream, part, is_careful, places)
                self._done.append(source)
                try:
                    for frame, is_spoilt in itertools.islice(source.frames(), shown, None):
                        shown += 1
                        for made, mark in deinterlacer.pass_on(frame, is_spoilt):
                            yield stream, made, mark
                except DamageFoundError:  # once more from the start, carefully
                    self._done.pop()
                    continue
                for made, mark in deinterlacer.rest():
                    yield stream, made, mark
                if deinterlacer.has_worked:
                    self._remark("interlaced, deinterlaced")
                return

    def _opened(self, part, is_careful):
        if not is_careful and part == self._layout.parts[0]:
            return contextlib.nullcontext(self._first)
        return open_part(self._file, part, 1 if is_careful else thread_count())

    def _remark(self, text):
        if text not in self._notes:
            self._notes.append(text)

    @property
    def has_lost(self) -> bool:
        """Whether frames were lost so far, so that the numbers of those behind are too low."""
        return self._is_unreadable or any(part.has_lost for part in self._done)

    @property
    def damage(self) -> str | None:
        """What is missing of that which has been read, in words; None if nothing is."""
        parts = self._done
        is_damaged = self._is_unreadable or any(part.is_damaged for part in parts)
        is_cut = any(part.is_cut for part in parts)
        if not (is_damaged or is_cut or self._spoilt or any(part.missing for part in parts)):
            return None
        good = self.decoded - self._spoilt
        total = max(sum(part.announced for part in parts), self.decoded)
        if good < total:
            return f"{good} of {total} frames decode"
        if is_cut:
            return f"{good} frames decode, then the file breaks off"
        return f"{good} frames decode, between them are damaged data"

    @property
    def note(self) -> str | None:
        """Remarks on what has been read: what is missing, and what was done to the colours."""
        incomplete = [f"incomplete: {self.damage}"] if self.damage else []
        return "; ".join(incomplete + self._notes) or None
