"""Scores of the videos that are done, kept while a measurement runs so that it can go on."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

_PATTERN = ".robustness-*.part.jsonl"


class Journal:
    """Scores of videos by key, each written as soon as it is known.

    Args:
        folder: where they are kept, in a hidden file that `remove` takes away.
        identity: hash of what the scores depend on: with another, there are none yet.

    Attributes:
        scores: mapping from the keys of the videos that are done to `(conditions + 1,)` float64.
    """

    def __init__(self, folder: Path, identity: str):
        self._path = folder / _PATTERN.replace("*", identity[:16])
        self.scores = dict(_read(self._path))
        # A line that was cut off is closed, so that the next begins anew.
        self._start = "\n" if self._path.exists() else ""

    def add(self, key: str, scores: Sequence[float] | np.ndarray) -> None:
        """Keep the scores of a video, `(conditions + 1,)`, NaN where there is none."""
        self.scores[key] = np.asarray(scores, np.float64)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # JSON has no NaN.
        values = [None if np.isnan(score) else score for score in self.scores[key].tolist()]
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"{self._start}{json.dumps([key, values])}\n")
        self._start = ""

    def remove(self) -> None:
        """Remove the file."""
        self._path.unlink(missing_ok=True)


def has_journals(folder: Path) -> bool:
    """Tell whether there are scores of an interrupted measurement in a folder."""
    return any(folder.glob(_PATTERN))


def _read(path) -> Iterator[tuple[str, np.ndarray]]:
    if not path.is_file():
        return
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            key, values = json.loads(line)
        except ValueError:  # an interrupted run has left part of a line
            continue
        yield key, np.array([np.nan if value is None else value for value in values], np.float64)
