"""The bytes of what a caller names: a path, bytes, or an open file (standard library only).

What cannot be opened is explained by what it probably is: an address, base64 text, a name with
quotation marks.
"""

import base64
import binascii
import os
import re
import stat
from typing import Protocol
from urllib.parse import unquote

from despoof_keras.errors import MOST_SHOWN, DataError, shown
from despoof_keras.utils.media import OTHER, UNKNOWN, identify


class BinaryFile(Protocol):
    """Anything that is read like a file opened with "rb", from its present position."""

    def read(self) -> bytes: ...


Bytes = bytes | bytearray | memoryview
Path = str | os.PathLike
Source = Path | Bytes | BinaryFile

# Enough of a base64 text to recognise what it stands for; a multiple of four.
_BASE64_START = 1024
_DECODE = "decode it with base64.b64decode and pass the bytes"
_DATA = "data:"
# Characters that are shown of a text that is no name.
SHORT = 60
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_SPECIAL_FILES = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def read_source(source: Source, argument: str, expected: str, most: int) -> tuple[str, bytes]:
    """Read a file, given by its path, its bytes, or open.

    Args:
        source: its path (of a regular file, or a `file://` address), its bytes, or a binary file
            object, which is read from its present position and not closed.
        argument: name of the argument, for messages about bytes and files without a name.
        expected: what it should be, such as "an image".
        most: number of bytes at most.

    Returns:
        Its name for messages, and its bytes.

    Raises:
        DataError: it is none of these, cannot be read, or has more than `most` bytes.
    """
    if isinstance(source, str | os.PathLike):
        name = shown(source)
        content = _read_path(source, expected, most)
    elif isinstance(source, bytes | bytearray | memoryview):
        name, content = argument, bytes(source)
        if _is_base64(content[:_BASE64_START].decode("latin-1")):
            raise DataError(f"{name}: expected {expected}; received base64 text, {_DECODE}")
    elif callable(getattr(source, "read", None)):
        own = getattr(source, "name", None)
        name = shown(own) if isinstance(own, str) and own else argument
        content = _read_open(source, name, expected)
    else:
        raise DataError(
            f"{argument}: expected {expected} as a path, bytes or a binary file; "
            f"received {type(source).__name__}"
        )
    if len(content) > most:
        raise DataError(f"{name}: expected {expected} of at most {most} bytes; it has more")
    return name, content


def regular_file(path: Path, expected: str, nothing: str = "found no such file") -> str:
    """Make sure that a path leads to a regular file.

    Args:
        path: as the user gave it; also a `file://` address.
        expected: what should be there, such as "an image".
        nothing: how the message says that nothing is there.

    Returns:
        The path to open.

    Raises:
        DataError: something else is there, or nothing; the message says what was looked for.
    """
    text = as_path(path)
    problem = f"{shown(text, SHORT if _is_content(text) else MOST_SHOWN)}: expected {expected}"
    try:
        mode = os.stat(text).st_mode
    except (OSError, ValueError) as error:
        raise DataError(f"{problem}, {_why_missing(text, error, nothing)}") from None
    if not stat.S_ISREG(mode):
        kind = next((name for fits, name in _SPECIAL_FILES if fits(mode)), "something else")
        raise DataError(f"{problem}, a regular file; found {kind}")
    return text


def as_path(path: Path) -> str:
    """Return the path that a `file://` address of this machine stands for; any other as it is."""
    text = os.fsdecode(path)
    match = re.fullmatch(r"file://(?:localhost)?(/.*)", text, re.DOTALL | re.IGNORECASE)
    return unquote(match[1], errors="surrogateescape") if match else text


def _read_path(path, expected, most):
    file_path = regular_file(path, expected)
    try:
        with open(file_path, "rb") as file:
            return file.read(most + 1)
    except PermissionError:
        reason = "the file may not be read"
    except OSError as error:
        reason = error.strerror or str(error)
    raise DataError(f"{shown(path)}: expected {expected}, {reason}")


def _read_open(file, name, expected):
    try:
        content = file.read()
    except Exception as error:  # a closed file, a broken connection, a file opened to be written
        raise DataError(
            f"{name}: expected {expected} in an open file; {shown(str(error))}"
        ) from error
    if isinstance(content, bytes | bytearray | memoryview):
        return bytes(content)
    if hasattr(content, "close"):  # a coroutine, which complains if nobody awaits it
        content.close()
    kind = "text" if isinstance(content, str) else type(content).__name__
    raise DataError(
        f"{name}: expected {expected} in a file opened to read bytes, with open(..., 'rb'); "
        f"its read() gives {kind}"
    )


def _why_missing(text, error, nothing):
    """Say what was looked for where nothing is, and what the name probably stands for."""
    if not text:
        return "received an empty path"
    if text.startswith(_DATA):
        return f"a data URI is no path: {_DECODE}"
    if "\0" in text:
        return "a path has no NUL in it"
    if _is_base64(text):
        return f"base64 text is no path: {_DECODE}"
    if isinstance(error, PermissionError):
        return "its folder may not be searched"
    if not isinstance(error, FileNotFoundError):
        return (getattr(error, "strerror", None) or str(error)).lower()
    return nothing + _hint(text)


def _hint(text):
    if os.path.islink(text):
        return f"; it is a link to {shown(os.readlink(text))}, which does not exist"
    if _ADDRESS.match(text):
        return "; an address is no path: download it first"
    home = os.path.expanduser(text)
    if home != text:
        return (
            f" in {shown(os.getcwd())}; only a shell replaces ~ by a home folder, and not between "
            f"quotation marks: write {shown(home)}"
        )
    for characters, what in ((None, "white space"), ("\"'", "quotation marks")):
        bare = text.strip(characters)
        if bare != text and os.path.exists(bare):
            return f"; without the {what} around its name there is one"
    return ""


def _is_content(text):
    return text.startswith(_DATA) or _is_base64(text)


def _is_base64(text):
    """Tell whether a text stands for a file that is known by its first bytes."""
    start = "".join(text[:_BASE64_START].split())
    try:
        decoded = base64.b64decode(start[: len(start) // 4 * 4], validate=True)
    except (binascii.Error, ValueError):
        return False
    media = identify(decoded)
    return media.kind not in (UNKNOWN, OTHER) or decoded[4:8] == b"TFL3"
