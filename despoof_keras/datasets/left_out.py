"""What was left out of a data set, with reasons: warnings, and a list to be kept beside a run."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from despoof_keras.errors import DataError, encodable, reason_without

logger = logging.getLogger(__name__)

# Messages that are listed in full; the results count all.
MOST_LISTED = 20


class LeftOutFile(NamedTuple):
    """A file, or a line of a list, that a reader left out.

    Attributes:
        split: the split that it would belong to; empty where that is not known.
        name: the file, or the list and its line.
        reason: what was expected, and what was received.
        is_note: whether nothing is wrong with it, and it is only to be known.
    """

    split: str
    name: str
    reason: str
    is_note: bool = False


class Problems:
    """What is wrong with single files or lines: an error, or, with `skip_bad`, a counted warning.

    Args:
        skip_bad: leave out what cannot be used instead of raising.
        split: what the files or lines belong to; empty where that is not known.

    Attributes:
        left_out: the files and lines that were left out so far.
    """

    def __init__(self, skip_bad: bool, split: str = ""):
        self._skip_bad = skip_bad
        self._split = split
        self.left_out: list[LeftOutFile] = []

    def add(self, where: str | Path, reason: str | DataError, split: str | None = None) -> None:
        """Add a file or line that cannot be used.

        Args:
            where: the file, or the list and its line, which messages begin with.
            reason: what was expected, and what was received.
            split: the split that it would belong to; None for that of the others.

        Raises:
            DataError: nothing is to be left out.
        """
        text = str(reason) if isinstance(reason, str) else reason_without(where, reason)
        if not self._skip_bad:
            raise DataError(f"{where}: {text} (--skip-bad leaves it out)")
        split = self._split if split is None else split
        self.left_out.append(LeftOutFile(split, encodable(str(where)), encodable(text)))

    def note(self, where: str | Path, reason: str) -> None:
        """Add what is no error, but is to be known, such as videos that are missing."""
        name, text = encodable(str(where)), encodable(reason)
        self.left_out.append(LeftOutFile(self._split, name, text, is_note=True))

    def report(self, source: str | Path) -> None:
        """Warn of what was left out, and say how much of it there is.

        Args:
            source: the list or folder that the files and lines are of.
        """
        warn_of([f"{problem.name}: {problem.reason}" for problem in self.left_out])
        if self.left_out:
            logger.warning(
                "%s: lines or files left out: %d", encodable(str(source)), len(self.left_out)
            )


def warn_of(messages: Sequence[str]) -> None:
    """Warn of what was left out.

    Args:
        messages: each a line that can be written in UTF-8.
    """
    for message in messages[:MOST_LISTED]:
        logger.warning("left out: %s", message)
    if len(messages) > MOST_LISTED:
        logger.warning("... and %d more", len(messages) - MOST_LISTED)
