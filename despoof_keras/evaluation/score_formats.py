"""Score files of other programs, and our own, as tables of scores.

Formats:

- CSV with a header: ours and bob.pad.base's (`claimed_id`, `test_label`, `is_bonafide`,
  `attack_type`, `score`), in any order; further columns are groups, such as `phone` or `skin_tone`.
  Frames share their `video_key`, or else their `test_label`.
- Four columns without a header, as bob wrote them before: `claimed_id real_id test_label score`. It
  is an attack where `real_id` is not `claimed_id`; it then names the species.
- Two columns, `label score`, or three, `name label score`, with or without a header. Labels are 0
  and 1 (attack); +1 and -1 (attack), or -1 and -2, print and replay, as in OULU-NPU's lists; or
  words: `bona_fide`, `live`, `real`, `genuine`, and any other is a species.

Which scores are higher: in a column `spoof_score`, and with labels 0 and 1 or words, those of
attacks; in bob's files, and with labels +1 and -1, those of bona fide presentations. The caller may
say otherwise.

Reference: bob.pad.base's CSV score files and `finalize_scores`, which averages by `video_key`;
bob.measure's `load.split`, whose label 1 is a positive, in PAD a bona fide presentation.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path

from despoof_keras.datasets.samples import BONA_FIDE
from despoof_keras.errors import DataError, shown
from despoof_keras.evaluation.score_checks import check_table
from despoof_keras.evaluation.score_labels import (
    ATTACK,
    Labels,
    by_identity,
    by_label,
    by_truth,
    with_species,
)
from despoof_keras.evaluation.score_presentations import Reading, presentations
from despoof_keras.evaluation.score_table import ScoreTable
from despoof_keras.evaluation.score_text import Rows, read_rows

HIGHER = (ATTACK, BONA_FIDE)
# What the columns may be called, the most telling name first.
_NAMES = {
    "key": ("video_key", "test_label", "key", "video", "file", "filename", "path", "name"),
    "subject": ("claimed_id", "subject", "subject_id", "client_id"),
    "label": ("is_bonafide", "label", "real_id", "pai", "species", "class"),
    "species": ("attack_type", "species", "pai"),
    "frame": ("frame", "frame_id"),
    "score": ("spoof_score", "score"),
}
_KNOWN = {name for names in _NAMES.values() for name in names}
# Columns of files without a header, and what such a file is called, by their number.
_POSITIONAL = {
    2: ["label", "score"],
    3: ["name", "label", "score"],
    4: ["claimed_id", "real_id", "test_label", "score"],
}
_TITLES = {
    2: "two columns, label and score",
    3: "three columns, name, label and score",
    4: "bob's four columns, claimed_id, real_id, test_label and score",
}
_NO_SCORE = {"", "nan", "na", "n/a", "none", "null"}
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
# The two columns of our files may have been rounded by another program.
_ROUNDING = 1e-6


def read_score_table(path: str | Path, higher: str | None = None) -> ScoreTable:
    """Read a score file in any of the formats above.

    Args:
        path: the file.
        higher: which presentations have the higher scores, `"attack"` or `"bona_fide"`; None: what
            the format says.

    Returns:
        The scores, one row for each presentation: frames are averaged. `note` says how the file was
        read.

    Raises:
        DataError: the file is not a score file, a row is malformed, rows contradict each other, or
            such scores have no error rates, see `score_checks.check_table`; the message names file
            and line.
    """
    if higher not in (None, *HIGHER):
        raise DataError(f"higher: expected {' or '.join(HIGHER)}; received {shown(higher)}")
    rows, source = read_rows(path, _columns_of), shown(path)
    roles = _roles(rows, source)
    cells = [dict(zip(rows.columns, row.cells, strict=True)) for row in rows.rows]
    labels = _labels(rows, roles, cells, source)
    stated = ATTACK if roles["score"] == "spoof_score" else labels.higher
    sign = 1.0 if (higher or stated) == ATTACK else -1.0
    readings = [
        _reading(number, row, own, pai, sign, roles, source)
        for number, (row, own, pai) in enumerate(zip(rows.rows, cells, labels.pais, strict=True), 1)
    ]
    used = {*roles.values(), *_NAMES["score"]}
    if roles["key"] == "video_key":
        used |= {"test_label"}  # names the frame
    groups = [name for name in rows.columns if name and name not in used]
    note = _note(rows, roles, labels, higher, stated)
    table = presentations(readings, groups, source, note)
    check_table(table)
    return table


def _columns_of(cells):
    """Names of the columns by the first row, and whether it is a header; None if it is neither."""
    names = [re.sub(r"[\s-]+", "_", cell.lower()) for cell in cells]
    if set(names) & _KNOWN and len(cells) > 1 and not any(map(_is_number, cells)):
        return names, True
    last = cells[-1]
    # A decimal comma is refused later, with its line.
    is_score = _is_number(last) or last.lower() in _NO_SCORE or _DECIMAL_COMMA.fullmatch(last)
    if len(cells) in _POSITIONAL and is_score:
        return _POSITIONAL[len(cells)], False
    return None


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def _roles(rows: Rows, source: str) -> dict[str, str | None]:
    """The column of each role, None where there is none."""
    columns, where = rows.columns, f"{source}:{rows.first_line}"
    twice = next((name for name in columns if name and columns.count(name) > 1), None)
    if twice is not None:
        raise DataError(
            f"{where}: expected columns of different names; received {shown(twice)} twice"
        )
    filled = {
        name for number, name in enumerate(columns) if any(row.cells[number] for row in rows.rows)
    }
    roles = {
        # An empty column of keys or frames says nothing.
        role: next(
            (name for name in names if name in (filled if role in ("key", "frame") else columns)),
            None,
        )
        for role, names in _NAMES.items()
    }
    if roles["label"] == "real_id" and roles["subject"] is None:
        roles["label"] = None
    if roles["frame"] is None and roles["key"] == "video_key" and "test_label" in columns:
        roles["frame"] = "test_label"
    if roles["species"] == roles["label"]:
        roles["species"] = None
    wanted = {
        "label": "a column of labels (is_bonafide, label)",
        "score": "a column of scores (spoof_score, score)",
    }
    lacking = [text for role, text in wanted.items() if roles[role] is None]
    if lacking:
        raise DataError(
            f"{where}: expected {' and '.join(lacking)}; received the columns "
            f"{shown(', '.join(columns))}"
        )
    return roles


def _labels(rows: Rows, roles, cells, source) -> Labels:
    column = roles["label"]
    texts = [own[column] for own in cells]
    if column == "is_bonafide":
        return by_truth(texts, rows.rows, source)
    if column == "real_id":
        return by_identity(texts, [own[roles["subject"]] for own in cells])
    return by_label(texts, rows.rows, column, source)


def _reading(number, row, own: Mapping[str, str], pai, sign, roles, source) -> Reading:
    where = f"{source}:{row.line}"

    def cell(role):
        return own[roles[role]] if roles[role] else ""

    if roles["key"] and not cell("key"):
        raise DataError(f"{where}: expected a name as {roles['key']}; the cell is empty")
    if roles["species"]:
        pai = with_species(pai, cell("species"), roles["species"], where)
    score = _score(cell("score"), where)
    if roles["score"] == "spoof_score" and "score" in own and roles["label"] == "is_bonafide":
        _check_opposite(score, _score(own["score"], where), where)
    return Reading(
        cell("key"), cell("frame"), pai, _subject(cell("subject")), sign * score, own, number,
        row.line,
    )  # fmt: skip


def _score(text, where):
    if text.lower() in _NO_SCORE:
        return math.nan
    try:
        if "_" in text:  # in Python alone, 1_000 is a number
            raise ValueError
        value = float(text)
    except ValueError:
        hint = " with a decimal point" if _DECIMAL_COMMA.fullmatch(text) else ""
        raise DataError(
            f"{where}: expected a number{hint}, or nan, as score; received {shown(text)}"
        ) from None
    if math.isinf(value):
        raise DataError(f"{where}: expected a finite score, or nan; received {shown(text)}")
    return value


def _check_opposite(spoof_score, score, where):
    both_missing = math.isnan(spoof_score) and math.isnan(score)
    if not both_missing and not math.isclose(
        spoof_score, -score, rel_tol=_ROUNDING, abs_tol=_ROUNDING
    ):
        raise DataError(
            f"{where}: expected score to be minus spoof_score; received {score} and {spoof_score}"
        )


def _subject(text):
    """Names of people that are numbers are the same with and without zeros before them."""
    return (text.lstrip("0") or "0") if text.isascii() and text.isdecimal() else text


def _note(rows: Rows, roles, labels: Labels, higher, stated):
    """Sentences that say how the file was read."""
    if not rows.has_header:
        title = _TITLES[len(rows.columns)]
    elif roles["label"] != "is_bonafide":
        title = f"a table with the columns {shown(', '.join(rows.columns))}"
    elif roles["score"] == "spoof_score":
        title = "a score file of this package"
    else:
        title = "a score file of bob"
    whose = "attacks" if (higher or stated) == ATTACK else "bona fide presentations"
    by = "its format" if higher is None else "the option --higher"
    sentences = [
        f"Read as {title}; by {by}, {roles['score']} is higher for {whose}.",
        labels.note,
        f"Lines that begin with # were passed over: {rows.comments}." if rows.comments else "",
    ]
    return [sentence for sentence in sentences if sentence]
