"""Standard streams that take any text, and that may be closed, full or left by their reader."""

import contextlib
import io
import os
import sys
from typing import TextIO

# Standard input, output and error.
_DESCRIPTORS = (0, 1, 2)


def prepare_streams() -> None:
    """Make the standard streams of a program fit for whatever it prints.

    Characters that a stream's encoding lacks are written as escapes (`\\xe4`), and so are the bytes
    of file names that are not valid UTF-8. What is printed to a stream that was closed goes
    nowhere; otherwise the next file to be opened would take the stream's place.
    """
    for descriptor in _DESCRIPTORS:
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    if sys.stdout is None:
        sys.stdout = _nowhere()
    if sys.stderr is None:
        sys.stderr = _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _nowhere():
    return open(os.devnull, "w", encoding="utf-8")


def flush_output() -> None:
    """Write out what was printed, so that what fails then is reported as any other error.

    Raises:
        OSError: the output cannot be written: its reader has gone, or the disk is full.
    """
    if sys.stdout is not None:
        sys.stdout.flush()


def abandon_output() -> None:
    """Let output that cannot be written go nowhere: Python must not fail again on it at exit."""
    _abandon(sys.stdout)


def _abandon(stream):
    try:
        if stream is not None:
            stream.flush()
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):  # closed, or not a file
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


def tell(text: str) -> None:
    """Print a line for the user to standard error, if it can be written to."""
    try:
        if sys.stderr is not None:
            print(text, file=sys.stderr, flush=True)
    except OSError:
        _abandon(sys.stderr)


def is_terminal(stream: TextIO | None) -> bool:
    """Tell whether a standard stream is a terminal; it is None where the user has closed it."""
    return stream is not None and stream.isatty()
