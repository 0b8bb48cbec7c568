"""How far a stage of work has come: a bar on a terminal, lines of text elsewhere (on stderr)."""

import contextlib
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.markup import escape
from rich.progress import MofNCompleteColumn, Progress

from despoof_keras.utils.streams import is_terminal

# Seconds between two lines where a bar cannot be drawn: a log stays readable, and whoever watches
# it knows that the program is alive.
LINE_INTERVAL = 30.0

Item = TypeVar("Item")


class StageProgress:
    """Shows the progress of a stage while a `with` block runs.

    On a terminal it is a bar that disappears with the block. Where stderr is a file or a pipe, a
    line is written every `interval` seconds, so a short stage writes none.

    Args:
        description: name of the stage; None shows nothing.
        total: steps that are expected; None where that is not known.
        interval: seconds between two lines.
    """

    def __init__(
        self,
        description: str | None,
        total: int | None = None,
        *,
        interval: float = LINE_INTERVAL,
    ):
        self._console = Console(stderr=True)
        self._interval = interval
        self._bar = Progress(
            *Progress.get_default_columns(),
            MofNCompleteColumn(),
            console=self._console,
            transient=True,
            # Rich would move what is printed meanwhile to stderr, away from a file or a pipe.
            redirect_stdout=is_terminal(sys.stdout),
            disable=description is None or not self._console.is_terminal,
        )
        self._description, self._total, self._done = description or "", total, 0
        self._task = self._bar.add_task(escape(self._description), total=total)
        self._is_over = threading.Event()
        self._lines = None
        if description is not None and not self._console.is_terminal:
            self._lines = threading.Thread(target=self._write_lines, daemon=True)

    def __enter__(self) -> "StageProgress":
        self._start = time.monotonic()
        self._bar.start()
        if self._lines:
            self._lines.start()
        return self

    def __exit__(self, *_):
        self._is_over.set()
        if self._lines:
            self._lines.join()
        self._bar.stop()

    def advance(self, steps: int = 1):
        """Count steps as done."""
        self._done += steps
        self._bar.advance(self._task, steps)

    def expect(self, steps: int):
        """Add steps to the total."""
        self._total = (self._total or 0) + steps
        self._bar.update(self._task, total=self._total)

    def describe(self, description: str):
        """Change the description."""
        self._description = description
        self._bar.update(self._task, description=escape(description))

    def _write_lines(self):
        # A thread of its own, because a single step may take longer than the interval.
        while not self._is_over.wait(self._interval):
            seconds = time.monotonic() - self._start
            line = progress_line(self._description, self._done, self._total, seconds)
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)


def progress_line(description: str, done: int, total: int | None, seconds: float) -> str:
    """Format the progress of a stage as a line of text.

    Args:
        description: name of the stage.
        done: finished steps.
        total: all steps, or None where that is not known.
        seconds: time that the finished steps took.

    Example:
        >>> progress_line("face crops of train", 40, 120, 95.0)
        'face crops of train: 40 of 120, 3 min left'
    """
    if total is None:
        return f"{description}: {done}"
    line = f"{description}: {done} of {total}"
    return f"{line}, {duration(seconds / done * (total - done))} left" if done else line


def duration(seconds: float) -> str:
    """Format a length of time, coarsely.

    Example:
        >>> duration(42), duration(150), duration(7500)
        ('42 s', '2 min', '2 h 5 min')
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


@contextlib.contextmanager
def tracked(items: Iterable[Item], description: str | None, total: int) -> Iterator[Iterator[Item]]:
    """Show the progress through an iterable.

    A generator that an exception leaves lives on until the exception is forgotten. Here it ends
    with the block, so worker processes are gone, and the bar too, before an error is reported.

    Args:
        items: the iterable; a generator is closed at the end of the block.
        description: name of the stage; None shows nothing.
        total: number of items.

    Yields:
        Iterator over the items.
    """
    with (
        StageProgress(description, total) as progress,
        contextlib.closing(_counted(items, progress)) as counted,
    ):
        yield counted


def _counted(items, progress):
    try:
        for item in items:
            yield item
            progress.advance()
    finally:
        getattr(items, "close", lambda: None)()
