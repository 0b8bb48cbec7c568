"""The text of a score file as rows of cells, whatever program wrote it."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Callable, Iterator
from pathlib import Path

from despoof_keras.errors import DataError, shown

COMMENT = "#"
# Tried in this order, for commas and spaces occur in the names of files as well; None: any spaces.
DELIMITERS = ("\t", ";", ",", None)
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


@dataclasses.dataclass(frozen=True)
class Row:
    """Cells of a row, without the spaces around them, and the number of its line, from 1."""

    cells: list[str]
    line: int


@dataclasses.dataclass(frozen=True)
class Rows:
    """Rows of a score file.

    Attributes:
        columns: names of the columns.
        rows: the rows below the header, each with as many cells as there are columns.
        has_header: whether the file names its columns.
        first_line: number of the line of the first row, the header where there is one.
        comments: number of lines that begin with `#`, which were passed over.
    """

    columns: list[str]
    rows: list[Row]
    has_header: bool
    first_line: int
    comments: int


def read_rows(
    path: str | Path, columns_of: Callable[[list[str]], tuple[list[str], bool] | None]
) -> Rows:
    """Read the rows of a score file.

    Args:
        path: text in UTF-8, or in UTF-16 with a byte order mark. Cells are separated by tabs,
            commas, semicolons or spaces; empty lines are passed over.
        columns_of: function from the cells of the first row to the names of the columns and whether
            the row is a header, or to None where they make no sense as a score file's.

    Raises:
        DataError: the file cannot be read, is no text, has no rows, or has a row of another length;
            the message names file and line.
    """
    lines = _lines(path)
    comments = sum(line.lstrip().startswith(COMMENT) for line in lines)
    first = next(_content(lines), None)
    if first is None:
        raise DataError(f"{shown(path)}: expected scores; received a file without any")
    for delimiter in DELIMITERS:
        header = next(_split(lines, delimiter, path))
        read = columns_of(header.cells)
        if read is not None:
            break
    else:
        raise DataError(
            f"{shown(path)}:{first[0]}: expected a header with the names of columns, such as "
            "label and score, or a row of label and score, of name, label and score, or of bob's "
            f"claimed_id, real_id, test_label and score; received {shown(first[1].strip())}"
        )
    columns, has_header = read
    rows = list(_split(lines, delimiter, path))[1 if has_header else 0 :]
    if not rows:
        raise DataError(f"{shown(path)}: expected rows below the header; received none")
    fitted = [_fitted(row, len(columns), path) for row in rows]
    return Rows(columns, fitted, has_header, first[0], comments)


def _lines(path):
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise DataError(
            f"{shown(path)}: expected a score file: {error.strerror or error}"
        ) from error
    encoding = "utf-16" if data.startswith(_UTF16_MARKS) else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise DataError(
            f"{shown(path)}:{line}: expected a score file, text in UTF-8 or UTF-16; received "
            f"bytes that are neither"
        ) from None
    if "\0" in text:
        raise DataError(f"{shown(path)}: expected a score file, text; received a binary file")
    # Lines may end as on any system. They keep their ends, for the sake of quoted cells.
    return list(io.StringIO(text, newline=None))


def _content(lines) -> Iterator[tuple[int, str]]:
    """Lines that are neither empty nor comments, with their numbers."""
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.lstrip().startswith(COMMENT):
            yield number, line


def _split(lines, delimiter, path) -> Iterator[Row]:
    if delimiter is None:
        for number, line in _content(lines):
            yield Row(line.split(), number)
        return
    number = 0

    def texts():
        nonlocal number
        for number, line in _content(lines):  # noqa: B007 (the message below names the line)
            yield line

    try:
        for cells in csv.reader(texts(), delimiter=delimiter, skipinitialspace=delimiter != "\t"):
            yield Row([cell.strip() for cell in cells], number)
    except csv.Error as error:
        raise DataError(f"{shown(path)}:{number}: expected a row of a table: {error}") from None


def _fitted(row, count, path):
    """The row without empty cells beyond the last column."""
    cells = row.cells
    if len(cells) < count or any(cells[count:]):
        raise DataError(
            f"{shown(path)}:{row.line}: expected {count} cells as in the first row; received "
            f"{len(cells)}: {shown(' '.join(cells))}"
        )
    return Row(cells[:count], row.line)
