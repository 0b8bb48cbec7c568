"""The frames of one container, and how many were lost on the way to them."""

import dataclasses
from collections.abc import Iterator, Sequence

import av
from av.packet import Packet

from despoof_keras.utils.video.layout import AVI, ISO, PROGRAM, TRANSPORT, Layout
from despoof_keras.utils.video.packet import has_hole, size_in

# In intact files of some recorders the container announces a frame or two more than it holds. At
# most one frame in thirty may be missing, so a short clip must be complete.
MISSING_FRAMES = 2
MISSING_SHARE = 1 / 30
# A dropped frame of an AVI file has only a header.
LEAST_FRAME_BYTES = 8
# Failed reads one after the other, each a little further on, after which the rest is given up.
MOST_FAILURES = 1000


class DamageFoundError(Exception):
    """Data are damaged, and several threads at once cannot tell which frames that spoils."""


@dataclasses.dataclass
class _Gap:
    """Packets that are damaged or build on damaged ones, by their numbers.

    `until` is the first behind them that needs no other, and `time` the time at which it is shown.
    """

    since: int
    until: int | None = None
    time: int | None = None

    def covers(self, number, time):
        if number < self.since:
            return False
        # Frames behind it that are shown before it may build on frames before it.
        is_earlier = time is not None and self.time is not None and time < self.time
        return self.until is None or number < self.until or (number > self.until and is_earlier)


class VideoPart:
    """Decodes a container's pictures, once.

    Args:
        container: as from `open_part`.
        stream: the stream of its pictures.
        layout: of the file.
        is_careful: find out which frames are spoilt by damage. Decoding in several threads
            raises `DamageFoundError` instead.
        places: where the container is known to be damaged; its length if it is cut short.
        length: of the container, in bytes.

    Attributes:
        announced: frames to be shown, by the container's index or header; 0 if it does not say.
        packets: pieces of data read so far, a frame each in most formats.
        failures: pieces that could not be read or decoded.
        end: bytes up to the end of the last frame that was read.
        has_ended: whether all was read.
        has_lost: whether frames are missing between those that were decoded, so that the numbers
            of those behind are too low.
    """

    def __init__(
        self,
        container: av.container.InputContainer,
        stream: av.VideoStream,
        layout: Layout,
        is_careful: bool,
        places: Sequence[int],
        length: int,
    ):
        self.stream = stream
        self.packets = self.failures = self.end = 0
        self.has_ended = self.has_lost = False
        self._container, self._layout, self._is_careful = container, layout, is_careful
        self._places, self._length = list(places), length
        index = stream.index_entries
        self._listed = self._count_listed(len(index))
        hidden = sum(entry.is_discard for entry in index) if layout.kind == ISO else 0
        self.announced = self._listed - hidden
        self._positions = [entry.pos for entry in index] if layout.kind == AVI else []
        self._decoder = stream.codec_context
        self._size: bytes | None = None
        self._shown = 0
        self._last_read: int | None = None
        self._last_shown: int | None = None
        self._gaps: list[_Gap] = []
        self._key: _Gap | None = None  # what a cut at the start left without its beginning
        for other in container.streams:
            if other is not stream:
                other.discard = av.stream.Discard.all

    def _count_listed(self, indexed):
        if self._layout.kind == ISO:
            return indexed
        # The index at the end of an AVI file knows the frames that the camera dropped.
        has_index = self._layout.kind == AVI and indexed and not self._layout.is_cut
        if has_index:
            return indexed
        # A streamed recording's header has a number beyond all measure in its place.
        is_possible = self.stream.frames <= self._length / LEAST_FRAME_BYTES
        return self.stream.frames if is_possible else 0

    def frames(self) -> Iterator[tuple[av.VideoFrame, bool]]:
        """Yield what decodes, in the order in which it is shown, and whether it is spoilt.

        Raises:
            DamageFoundError: data are damaged and it is not careful.
        """
        self._decoder.copy_opaque = self._is_careful
        for packet in self._pictures():
            if packet is not None and self._has_new_size(packet):
                yield from self._decoded(None)
                self._decoder.flush_buffers()
            yield from self._decoded(packet)
        if not self._is_careful and self._lacks_last():
            raise DamageFoundError
        self.has_ended = True
        if self._layout.kind == ISO and self._layout.is_fragmented:
            self._listed = self.announced = len(self.stream.index_entries)

    def _decoded(self, packet):
        try:
            frames = self._decoder.decode(packet)
        except av.FFmpegError:
            frames = []
            self.has_lost |= self._damage_at(self.packets - 1, packet and packet.pts)
        for frame in frames:
            self._shown += 1
            self._last_shown = _later(self._last_shown, frame.pts)
            yield from self._judged(frame)

    def _has_new_size(self, packet):
        before, now = self._size, size_in(packet, self._decoder.name)
        self._size = now or before
        return None not in (before, now) and before != now

    def _lacks_last(self):
        """Tell whether several threads kept frames to themselves because of an error at the end."""
        if self._last_read is None:
            return self._shown < self.packets
        return self._last_shown is None or self._last_shown < self._last_read

    def _judged(self, frame):
        if not (self._is_careful or frame.is_corrupt):
            yield frame, False
            return
        number = frame.opaque[0] if self._is_careful and frame.opaque else self.packets - 1
        if frame.is_corrupt and not self._damage_at(number, frame.pts):
            return  # left over at the start
        is_spoilt = frame.is_corrupt or any(gap.covers(number, frame.pts) for gap in self._gaps)
        yield frame, is_spoilt

    def _damage_at(self, number, time=None):
        """Note damage, unless it is only that a cut at the start left frames without others."""
        if self._is_careful and (self._key is None or self._key.covers(number, time)):
            return False
        self._lose(number)
        return True

    def _lose(self, number):
        """Note damage from a packet on, to the next that needs no other."""
        if not self._is_careful:
            raise DamageFoundError
        self.failures += 1
        if not self._gaps or self._gaps[-1].until is not None:
            self._gaps.append(_Gap(number))

    def _pictures(self) -> Iterator[Packet | None]:
        """Yield the packets to decode, and None at the end."""
        for packet in self._readable():
            number = self.packets
            self.packets += 1
            if not packet.size:  # a dropped frame
                continue
            if self._key is None and packet.is_keyframe:
                self._key = _Gap(0, number, packet.pts)
            if self._is_lost_before(packet):
                self._lose(number)
                self.has_lost = True
            if packet.is_keyframe and self._gaps and self._gaps[-1].until is None:
                self._gaps[-1].until, self._gaps[-1].time = number, packet.pts
            if self._take_places(self.end) or self._is_damaged_itself(packet):
                self._lose(number)
            if not packet.is_discard:
                self._last_read = _later(self._last_read, packet.pts)
            if self._is_careful:
                # PyAV tells such notes apart by their addresses, so each is an object of its own.
                packet.opaque = [number]
            yield packet
        yield None

    def _is_lost_before(self, packet):
        """Tell whether data before a packet were lost."""
        if packet.pos is None:
            return False
        self.end = packet.pos + packet.size
        is_lost = self._take_places(packet.pos + 1)
        return is_lost or (bool(self._positions) and self._skips(packet.pos))

    def _is_damaged_itself(self, packet):
        # Where streams were joined, FFmpeg takes the last packet before the seam for damaged.
        may_be_seam = self._layout.kind in (PROGRAM, TRANSPORT)
        return (packet.is_corrupt and not may_be_seam) or has_hole(packet, self._decoder.name)

    def _take_places(self, end):
        """Tell whether there is known damage before `end` that was not met yet."""
        count = len(self._places)
        self._places = [place for place in self._places if place >= end]
        return len(self._places) < count

    def _skips(self, place):
        """Tell whether the packet at `place` is another than the next in the index."""
        if self.packets == 1:  # the index counts from the file's start or from its first chunk
            self._positions = [
                position - self._positions[0] + place for position in self._positions
            ]
        skipped = 0
        while self._positions and self._positions[0] < place:
            self._positions.pop(0)
            skipped += 1
        if self._positions and self._positions[0] == place:
            self._positions.pop(0)
        return skipped > 0

    def _readable(self):
        """Yield the stream's packets for as long as there are any, across damage."""
        failures = 0
        while failures < MOST_FAILURES:
            try:
                for packet in self._container.demux(self.stream):
                    if packet.size or packet.dts is not None:  # not the sign of the end
                        failures = 0
                        yield packet
                return
            except IndexError:  # PyAV's at the end, where streams were found on the way
                return
            except av.FFmpegError:
                failures += 1
                if failures == 1:
                    self._lose(self.packets)
                    self.has_lost = True

    @property
    def missing(self) -> int:
        """How many frames the index lists and the file lacks, once all was read."""
        lacking = self._listed - self.packets if self.has_ended else 0
        return lacking if lacking > min(MISSING_FRAMES, self._listed * MISSING_SHARE) else 0

    @property
    def is_damaged(self) -> bool:
        """Whether data were lost on the way."""
        has_more = any(place < self._length for place in self._places)
        is_empty = self.packets > 0 and not self._shown
        return self.failures > 0 or (self.has_ended and (has_more or is_empty))

    @property
    def is_cut(self) -> bool:
        """Whether all was read, and the file is shorter than its headers say."""
        has_count = self._listed and not self._layout.is_fragmented
        is_cut = self._layout.is_cut and not has_count
        return self.has_ended and (is_cut or self._length in self._places)


def _later(time, other):
    return other if time is None or (other is not None and other > time) else time
