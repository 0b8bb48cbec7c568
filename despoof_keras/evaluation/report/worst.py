"""The presentations that a system gets most wrong."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from despoof_keras.evaluation.report.wording import column_name, score, species_name
from despoof_keras.evaluation.score_table import ScoreTable

# In each of the two tables of a system.
SHOWN = 10


@dataclasses.dataclass(frozen=True)
class WorstRow:
    """A presentation: its key, what is known of it, its score, and its picture if there is one."""

    key: str
    facts: Sequence[str]
    score: str
    decision: str
    picture: bytes | None


@dataclasses.dataclass(frozen=True)
class WorstTable:
    """Presentations of one class, the worst first."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[WorstRow]


def worst_tables(
    test: ScoreTable, threshold: float, pictures: Mapping[str, bytes]
) -> list[WorstTable]:
    """The attacks with the lowest scores, and the bona fide presentations with the highest.

    Args:
        test: scores; failures to acquire are left out.
        threshold: by which the decisions are stated.
        pictures: PNG files by key.
    """
    columns = ["species", *map(column_name, test.groups)]
    if test.subjects is not None:
        columns.insert(1, "subject")
    captions = (
        "Attacks with the lowest scores",
        "Bona fide presentations with the highest scores",
    )
    return [
        WorstTable(caption, columns, [_row(test, row, threshold, pictures) for row in rows])
        for caption, rows in zip(captions, worst_rows(test), strict=True)
    ]


def worst_rows(test: ScoreTable) -> tuple[list[int], list[int]]:
    """The rows of the attacks, and of the bona fide presentations, that `worst_tables` shows."""
    ordered = []
    for mask, sign in ((~test.is_bona_fide, 1), (test.is_bona_fide, -1)):
        rows = np.flatnonzero(mask & test.acquired)
        worst = np.argsort(sign * test.spoof_scores[rows], kind="stable")[:SHOWN]
        ordered.append(rows[worst].tolist())
    return ordered[0], ordered[1]


def _row(test, number, threshold, pictures):
    facts = [species_name(str(test.pais[number]))]
    if test.subjects is not None:
        facts.append(str(test.subjects[number]))
    facts += [str(column[number]) for column in test.groups.values()]
    is_attack = test.spoof_scores[number] >= threshold
    wrong = bool(is_attack == test.is_bona_fide[number])
    decision = f"{'attack' if is_attack else 'bona fide'}, {'wrong' if wrong else 'right'}"
    key = test.keys[number]
    return WorstRow(
        key, facts, score(float(test.spoof_scores[number])), decision, pictures.get(key)
    )
