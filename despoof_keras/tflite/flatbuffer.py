"""A bounds-checked reader of flatbuffers (standard library only): damage is a `DataError`.

A flatbuffer starts with the place of its root table. A table starts with the distance back to its
vtable: two lengths in bytes, then for each field its distance from the table, 0 where it is left
out. Texts, vectors and tables are stored elsewhere and reached by a distance. All numbers are
little-endian. Reference: https://flatbuffers.dev/internals/
"""

import struct

from despoof_keras.errors import DataError

INT8, UINT16, INT32, UINT32, UINT64 = (struct.Struct(f"<{code}") for code in "bHiIQ")
# The vtable's own length and the table's.
_VTABLE_HEAD = 4
_OFFSET = UINT32.size


class Flatbuffer:
    """The bytes of a flatbuffer.

    Args:
        content: bytes.
        source: where they come from, for messages.
    """

    def __init__(self, content, source):
        self.content = content
        self.source = source

    def root(self):
        """The root `Table`."""
        return Table(self, self.number(0, UINT32))

    def number(self, place, layout):
        """The number that is stored at a place.

        Args:
            place: in bytes from the start.
            layout: one of this module's `struct.Struct`.

        Raises:
            DataError: it is not inside the content.
        """
        return layout.unpack_from(self.content, self.span(place, layout.size)[0])[0]

    def span(self, start, length):
        """`(start, stop)` of bytes that must be there.

        Raises:
            DataError: they are not inside the content.
        """
        stop = start + length
        if start < 0 or length < 0 or stop > len(self.content):
            raise DataError(
                f"{self.source}: expected a whole file, it is cut short or damaged: something in "
                f"it points to the bytes from {start} to {stop}, it has {len(self.content)}"
            )
        return start, stop


class Table:
    """A table of a `Flatbuffer`; fields are numbered as in the schema, from 0.

    Every method raises `DataError` where what it reads is not inside the content.
    """

    def __init__(self, buffer, place):
        self._buffer = buffer
        self._place = place
        self._vtable = place - buffer.number(place, INT32)
        self._vtable_length = buffer.number(self._vtable, UINT16)
        buffer.span(self._vtable, max(self._vtable_length, _VTABLE_HEAD))
        self._length = buffer.number(self._vtable + UINT16.size, UINT16)
        buffer.span(place, self._length)

    def number(self, field, layout, default=0):
        """A number; `default`, the schema's, where the field is left out."""
        place = self._find(field, layout.size)
        return default if place is None else self._buffer.number(place, layout)

    def text(self, field):
        """A text, `""` where the field is left out; bytes that are no UTF-8 are replaced."""
        start, stop = self.data(field)
        return bytes(self._buffer.content[start:stop]).decode("utf-8", errors="replace")

    def data(self, field):
        """`(start, stop)` of a vector of bytes or of a text; empty where it is left out."""
        start, count = self._vector(field, 1)
        return start, start + count

    def numbers(self, field, layout):
        """A vector of numbers as a list; empty where the field is left out."""
        start, count = self._vector(field, layout.size)
        stop = start + count * layout.size
        return [one for (one,) in layout.iter_unpack(self._buffer.content[start:stop])]

    def table(self, field):
        """A table, or None where the field is left out."""
        place = self._find(field, _OFFSET)
        return None if place is None else Table(self._buffer, self._follow(place))

    def tables(self, field):
        """A vector of tables, as a generator; empty where the field is left out."""
        start, count = self._vector(field, _OFFSET)
        for place in range(start, start + count * _OFFSET, _OFFSET):
            yield Table(self._buffer, self._follow(place))

    def _vector(self, field, item_size):
        """`(place of the first item, count)`; all of it is inside the content."""
        place = self._find(field, _OFFSET)
        if place is None:
            return 0, 0
        place = self._follow(place)
        count = self._buffer.number(place, UINT32)
        return self._buffer.span(place + _OFFSET, count * item_size)[0], count

    def _follow(self, place):
        return place + self._buffer.number(place, UINT32)

    def _find(self, field, size):
        """Where a field is stored, or None where it is left out."""
        entry = _VTABLE_HEAD + field * UINT16.size
        if entry + UINT16.size > self._vtable_length:
            return None
        distance = self._buffer.number(self._vtable + entry, UINT16)
        if distance and distance + size > self._length:
            raise DataError(f"{self._buffer.source}: damaged: a field of it is outside its table")
        return self._place + distance if distance else None
