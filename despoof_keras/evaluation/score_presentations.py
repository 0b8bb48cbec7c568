"""From rows of a score file, which may be frames, to presentations."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence

import numpy as np

from despoof_keras.errors import DataError, shown
from despoof_keras.evaluation.score_files import mean_of_frames
from despoof_keras.evaluation.score_table import ScoreTable

# Lines that a note lists.
_MOST_LINES = 5
# What presentations without a name are called, with the number of their row.
ROW = "row "


@dataclasses.dataclass(frozen=True)
class Reading:
    """A row of a score file.

    Attributes:
        key: name of the presentation; empty where the file has none.
        frame: what tells frames of a presentation apart; empty where nothing does.
        pai: `"bona_fide"` or the species.
        subject: the person shown; empty where unknown.
        score: a finite number, or NaN for a failure to acquire.
        cells: mapping from the names of all columns to their text.
        number: of the row, from 1.
        line: of the file, from 1.
    """

    key: str
    frame: str
    pai: str
    subject: str
    score: float
    cells: Mapping[str, str]
    number: int
    line: int


def presentations(
    readings: Sequence[Reading], groups: Sequence[str], source: str, note: Sequence[str]
) -> ScoreTable:
    """Average the frames of every presentation.

    Rows with the same key are frames of one presentation if a column tells them apart, or if most
    keys recur.

    Args:
        readings: rows, whose `score` is higher for attacks.
        groups: columns to group by. Those which differ within a presentation, or name each
            presentation differently, are left out.
        source: what messages call the file.
        note: sentences that the table's note begins with.

    Raises:
        DataError: a key recurs that should not, or its rows contradict each other; the message
            names both lines.
    """
    rows: dict[str, list[Reading]] = {}
    for reading in readings:
        rows.setdefault(reading.key or f"{ROW}{reading.number}", []).append(reading)
    of_frames = _check_frames(rows, source)
    for key, own in rows.items():
        _check_agreement(key, own, source)
    scores = np.array([mean_of_frames([row.score for row in own]) for own in rows.values()])
    subjects = np.array([own[0].subject for own in rows.values()], dtype=str)
    columns, left_out = _groups(rows, groups)
    sentences = [
        *note,
        *([_averaged(len(readings), len(rows))] if of_frames else []),
        *_failures(rows, scores, len(readings) if of_frames else 0),
        *_about_subjects(subjects),
        *left_out,
    ]
    return ScoreTable(
        tuple(rows),
        np.array([own[0].pai for own in rows.values()], dtype=str),
        scores,
        subjects if (subjects != "").all() else None,
        columns,
        source,
        " ".join(sentences),
    )


def _check_frames(rows, source):
    """Whether the rows are frames."""
    recurring = [own for own in rows.values() if len(own) > 1]
    if not recurring:
        return any(own[0].frame for own in rows.values())
    has_frames = any(row.frame for own in recurring for row in own)
    if not has_frames and len(recurring) * 2 > len(rows):
        return True
    for key, own in rows.items():
        seen = {}
        for row in own:
            other = seen.setdefault(row.frame, row)
            if other is not row:
                what = f"{shown(key)}, frame {shown(row.frame)}," if row.frame else shown(key)
                raise DataError(
                    f"{source}:{row.line}: expected each presentation, or each frame of it, once; "
                    f"{what} stands in line {other.line} already"
                )
        if has_frames and "" in seen and len(seen) > 1:
            raise DataError(
                f"{source}:{seen[''].line}: expected the number of a frame, as in other rows of "
                f"{shown(key)}; the cell is empty"
            )
    return True


def _check_agreement(key, own, source):
    first = own[0]
    for row in own[1:]:
        for what, value, expected in (
            ("species", row.pai, first.pai),
            ("subject", row.subject, first.subject),
        ):
            if value != expected:
                raise DataError(
                    f"{source}:{row.line}: {shown(key)}: expected the {what} {shown(expected)} as "
                    f"in line {first.line}; received {shown(value)}"
                )


def _groups(rows, names):
    columns, left_out = {}, []
    for name in names:
        values = [{row.cells[name] for row in own} for own in rows.values()]
        known = {value for own in values for value in own if value}
        if not known:
            continue
        if any(len(own) > 1 for own in values):
            left_out.append(
                f"The column {shown(name)} differs within presentations and makes no groups."
            )
        elif len(known) == len(values):
            left_out.append(
                f"The column {shown(name)} has {len(known):,} values and makes no groups."
            )
        else:
            columns[name] = np.array([min(own) for own in values], dtype=str)
    return columns, left_out


def _averaged(frames, videos):
    return f"{frames:,} frames of {videos:,} presentations were averaged."


def _failures(rows, scores, frames):
    sentences = []
    missing = [row.line for own in rows.values() for row in own if math.isnan(row.score)]
    lines = ", ".join(map(str, missing[:_MOST_LINES]))
    more = " and others" if len(missing) > _MOST_LINES else ""
    where = f"({'line' if len(missing) == 1 else 'lines'} {lines}{more})"
    lost = int(np.count_nonzero(np.isnan(scores)))
    if frames and len(missing):
        sentences.append(f"{_of(len(missing), frames, 'frames')} no score {where}.")
        where = ""
    if lost:
        text = f"{_of(lost, len(scores), 'presentations')} no score, a failure to acquire"
        sentences.append(f"{text} {where}".strip() + ".")
    return sentences


def _of(count, total, what):
    return f"{count:,} of {total:,} {what} {'has' if count == 1 else 'have'}"


def _about_subjects(subjects):
    unknown = int(np.count_nonzero(subjects == ""))
    if not unknown:
        return []
    if unknown == len(subjects):
        return ["No subjects are named, so that intervals are over presentations."]
    whose = _of(unknown, len(subjects), "presentations")
    return [f"{whose} no name of a subject, so that intervals are over presentations."]
