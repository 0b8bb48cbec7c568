"""Spoof scores of presentations with what is known of each, as columns (NumPy only)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

import numpy as np

from despoof_keras.datasets.samples import BONA_FIDE, instrument_of
from despoof_keras.evaluation.score_files import PresentationScore, video_scores

# Columns of every score file that rates may be grouped by.
STANDARD_GROUPS = ("session", "phone")


@dataclasses.dataclass(frozen=True)
class ScoreTable:
    """Scores of presentations, usually videos, one row each.

    Attributes:
        keys: name of each presentation, `(n,)`.
        pais: `(n,)` strings, `"bona_fide"` or the species.
        spoof_scores: `(n,)` float64, higher for attacks, NaN for a failure to acquire.
        subjects: `(n,)` strings, the person shown; None where the source names none.
        groups: mapping from the name of a column, such as `"phone"`, to `(n,)` strings, empty where
            nothing is known.
        source: what messages call the scores, such as their file.
        note: how they were read, in a sentence for the reader of a report.
    """

    keys: tuple[str, ...]
    pais: np.ndarray
    spoof_scores: np.ndarray
    subjects: np.ndarray | None = None
    groups: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)
    source: str = ""
    note: str = ""

    @classmethod
    def of(cls, rows: Iterable[PresentationScore], source: str = "", note: str = "") -> ScoreTable:
        """Make a table of scores; frames are averaged, see `score_files.video_scores`."""
        videos = video_scores(rows)
        subjects = _column([video.subject for video in videos])
        groups = {
            name: _column([getattr(video, name) for video in videos]) for name in STANDARD_GROUPS
        }
        names = dict.fromkeys(name for video in videos for name in video.groups)
        groups |= {name: _column([video.groups.get(name) for video in videos]) for name in names}
        return cls(
            tuple(video.key for video in videos),
            np.array([video.pai for video in videos], dtype=str),
            np.array([video.spoof_score for video in videos], np.float64),
            subjects if len(subjects) and (subjects != "").all() else None,
            {name: column for name, column in groups.items() if (column != "").any()},
            source,
            note,
        )

    @property
    def is_bona_fide(self) -> np.ndarray:
        """Boolean mask `(n,)` of the bona fide presentations."""
        return self.pais == BONA_FIDE

    @property
    def acquired(self) -> np.ndarray:
        """Boolean mask `(n,)` of the presentations that have a score."""
        return ~np.isnan(self.spoof_scores)

    @property
    def instruments(self) -> np.ndarray:
        """Instrument of each presentation, `(n,)`, see `samples.instrument_of`."""
        return np.array([instrument_of(pai) for pai in self.pais], dtype=str)

    def select(self, mask: np.ndarray) -> ScoreTable:
        """The rows of a boolean mask `(n,)`."""
        return self.take(np.flatnonzero(mask))

    def take(self, rows: np.ndarray) -> ScoreTable:
        """The rows of some numbers, `(m,)` int, in their order."""
        return dataclasses.replace(
            self,
            keys=tuple(self.keys[row] for row in rows),
            pais=self.pais[rows],
            spoof_scores=self.spoof_scores[rows],
            subjects=None if self.subjects is None else self.subjects[rows],
            groups={name: column[rows] for name, column in self.groups.items()},
        )


def _column(values):
    return np.array(["" if value is None else str(value) for value in values], dtype=str)
