"""Exceptions that a caller may want to tell apart, and how they repeat what they complain about."""

import os
from typing import Any

# The longest value that a message repeats: paths of a project fit, a picture in base64 does not.
MOST_SHOWN = 200
# The longest message of ours, whatever is put into it. It fills a dozen lines of a terminal.
MOST_MESSAGE = 1000


class DataError(ValueError):
    """A file, folder or argument is not what was expected.

    The message names the file or argument, what was expected there and what was found. It is one
    line of `MOST_MESSAGE` characters at most, which can be written in UTF-8.
    """

    def __init__(self, message: object = ""):
        super().__init__(_cut(" ".join(encodable(str(message)).splitlines()), MOST_MESSAGE))


class TrainingError(RuntimeError):
    """A training run cannot continue, for a reason other than its input.

    The message says what happened, what is kept, and how to continue.
    """


def summarize(error: BaseException) -> str:
    """Return an exception's first line, or its type where it has none, in 200 characters at most.

    Libraries raise messages of many lines; only the first fits into ours.
    """
    return next(iter(str(error).splitlines()), type(error).__name__)[:200]


def shown(value: Any, most: int = MOST_SHOWN) -> str:
    """Repeat a user's value in a message: on one line, and cut in its middle if it is long.

    Args:
        value: a text or path, which is shown without quotation marks unless it is empty; bytes, of
            which only the number is shown; anything else by its `repr`.
        most: number of characters at most.

    Example:
        >>> shown("a" * 5000)[-40:], shown("")
        ('aaaaaaaaaaaaaaaaaaaa (5000 characters)', "''")
    """
    if isinstance(value, bytes | bytearray | memoryview):
        return f"{memoryview(value).nbytes} bytes"
    if isinstance(value, os.PathLike):
        value = os.fsdecode(value)
    text = value if isinstance(value, str) else " ".join(repr(value).split())
    return _cut("".join(map(_visible, text)) or "''", most)


def encodable(text: str) -> str:
    """Replace the bytes of a file's name that are not UTF-8 by escapes, in a text to be written."""
    return text.encode(errors="backslashreplace").decode()


def reason_without(name: str | os.PathLike, error: BaseException) -> str:
    """Return a message without the file's name at its beginning, where the name stands anyway."""
    reason = " ".join(str(error).split())
    for text in (shown(name), encodable(os.fsdecode(name))):
        reason = reason.removeprefix(f"{' '.join(text.split())}: ")
    return reason


def _visible(character):
    """Replace a character that would leave the line, or that no terminal shows, by its escape."""
    if character.isprintable():
        return character
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def _cut(text, most):
    if len(text) <= most:
        return text
    note = f" ({len(text)} characters)"
    kept = (most - len(note)) // 2
    return f"{text[:kept]}...{text[-kept + 3 :]}{note}"
