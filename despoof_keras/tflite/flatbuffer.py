"""A bounds-checked reader of flatbuffers (standard library only): damage raises `DataError`.

A flatbuffer starts with the position of its root table. A table starts with the distance back to
its vtable, which holds two lengths in bytes and then, for each field, its distance from the table,
or 0 if it is left out. Texts, vectors and tables are stored elsewhere and reached by a distance.
All numbers are little-endian. Reference: https://flatbuffers.dev/internals/
"""

import os
import struct
from collections.abc import Iterator

from despoof_keras.errors import DataError

INT8, UINT16, INT32, UINT32, UINT64 = (struct.Struct(f"<{code}") for code in "bHiIQ")
# The vtable's own length and the table's.
_VTABLE_HEAD = 4
_OFFSET = UINT32.size


class Flatbuffer:
    """The bytes of a flatbuffer.

    Args:
        content: The bytes.
        source: Where they come from, for messages.
    """

    def __init__(self, content: bytes, source: str | os.PathLike):
        self.content = content
        self.source = source

    def root(self) -> "Table":
        """Return the root table."""
        return Table(self, self.number(0, UINT32))

    def number(self, position: int, layout: struct.Struct) -> int:
        """Read a number.

        Args:
            position: Of the number, in bytes from the start.
            layout: One of this module's `struct.Struct`.

        Raises:
            DataError: The number is not inside the content.
        """
        return layout.unpack_from(self.content, self.span(position, layout.size)[0])[0]

    def span(self, start: int, length: int) -> tuple[int, int]:
        """Return `(start, stop)` of bytes that must be there.

        Raises:
            DataError: The bytes are not inside the content.
        """
        stop = start + length
        if start < 0 or length < 0 or stop > len(self.content):
            raise DataError(
                f"{self.source}: expected a whole file, but it is cut short or damaged: something "
                f"in it points to the bytes from {start} to {stop}, and it has {len(self.content)}"
            )
        return start, stop


class Table:
    """A table of a `Flatbuffer`; fields are numbered as in the schema, from 0.

    Every method raises `DataError` if what it reads is not inside the content.
    """

    def __init__(self, buffer: Flatbuffer, position: int):
        self._buffer = buffer
        self._position = position
        self._vtable = position - buffer.number(position, INT32)
        self._vtable_length = buffer.number(self._vtable, UINT16)
        buffer.span(self._vtable, max(self._vtable_length, _VTABLE_HEAD))
        self._length = buffer.number(self._vtable + UINT16.size, UINT16)
        buffer.span(position, self._length)

    def number(self, field: int, layout: struct.Struct, default: int = 0) -> int:
        """Read a number; `default`, which is the schema's, if the field is left out."""
        position = self._find(field, layout.size)
        return default if position is None else self._buffer.number(position, layout)

    def text(self, field: int) -> str:
        """Read a text, empty if the field is left out; bytes that are not UTF-8 are replaced."""
        start, stop = self.data(field)
        return bytes(self._buffer.content[start:stop]).decode("utf-8", errors="replace")

    def data(self, field: int) -> tuple[int, int]:
        """Return `(start, stop)` of a vector of bytes or a text, empty if the field is left out."""
        start, count = self._vector(field, 1)
        return start, start + count

    def numbers(self, field: int, layout: struct.Struct) -> list[int]:
        """Read a vector of numbers, empty if the field is left out."""
        start, count = self._vector(field, layout.size)
        stop = start + count * layout.size
        return [number for (number,) in layout.iter_unpack(self._buffer.content[start:stop])]

    def table(self, field: int) -> "Table | None":
        """Return a table, or None if the field is left out."""
        position = self._find(field, _OFFSET)
        return None if position is None else Table(self._buffer, self._follow(position))

    def tables(self, field: int) -> Iterator["Table"]:
        """Yield the tables of a vector, none if the field is left out."""
        start, count = self._vector(field, _OFFSET)
        for position in range(start, start + count * _OFFSET, _OFFSET):
            yield Table(self._buffer, self._follow(position))

    def _vector(self, field, item_size):
        """Return `(position of the first item, count)` of a vector inside the content."""
        position = self._find(field, _OFFSET)
        if position is None:
            return 0, 0
        position = self._follow(position)
        count = self._buffer.number(position, UINT32)
        return self._buffer.span(position + _OFFSET, count * item_size)[0], count

    def _follow(self, position):
        return position + self._buffer.number(position, UINT32)

    def _find(self, field, size):
        """Return the position of a field, or None if it is left out."""
        offset = _VTABLE_HEAD + field * UINT16.size
        if offset + UINT16.size > self._vtable_length:
            return None
        distance = self._buffer.number(self._vtable + offset, UINT16)
        if distance and distance + size > self._length:
            raise DataError(f"{self._buffer.source}: damaged: a field is outside its table")
        return self._position + distance if distance else None
