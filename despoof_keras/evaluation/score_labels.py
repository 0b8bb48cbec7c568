"""What a row of a score file shows, by the labels that programs write."""

from __future__ import annotations

import dataclasses
import functools
import math
import re
from collections.abc import Sequence

from despoof_keras.datasets.samples import BONA_FIDE
from despoof_keras.errors import DataError, shown
from despoof_keras.evaluation.score_text import Row

ATTACK = "attack"
_BONA_FIDE_WORDS = {"bona_fide", "bonafide", "live", "real", "genuine"}
_ATTACK_WORDS = {"attack", "spoof", "fake"}
_NO_SPECIES = {"", "none", "nan", "na", "n/a", "null", *_BONA_FIDE_WORDS}
_TRUTH = {"true": True, "1": True, "false": False, "0": False}
# Names that are remembered, for each recurs in many rows.
_MOST_NAMES = 1024
# Of OULU-NPU's lists, where the two instruments have different numbers.
_OULU_NUMBERS = {-1: "print", -2: "replay"}


@dataclasses.dataclass(frozen=True)
class Labels:
    """What the rows of a file show.

    Attributes:
        pais: `"bona_fide"` or the species, for each row.
        higher: which presentations such files give the higher scores.
        note: what the labels mean, a sentence, or nothing where they are words.
    """

    pais: list[str]
    higher: str
    note: str = ""


def by_truth(texts: Sequence[str], rows: Sequence[Row], source: str) -> Labels:
    """Labels of bob's `is_bonafide`: True or False."""
    pais = []
    for text, row in zip(texts, rows, strict=True):
        truth = _TRUTH.get(text.lower())
        if truth is None:
            raise DataError(
                f"{source}:{row.line}: expected True or False as is_bonafide; received "
                f"{shown(text)}"
            )
        pais.append(BONA_FIDE if truth else ATTACK)
    return Labels(pais, BONA_FIDE)


def by_identity(real: Sequence[str], claimed: Sequence[str]) -> Labels:
    """Labels of bob's four columns: it is an attack where the two differ.

    `real_id` then names the species; that of another person names none.
    """
    people = set(claimed)
    return Labels(
        [
            BONA_FIDE
            if name == claim
            else ATTACK
            if name in people or name.isdecimal()
            else species_name(name)
            for name, claim in zip(real, claimed, strict=True)
        ],
        BONA_FIDE,
        "It is an attack where real_id is not claimed_id.",
    )


def by_label(texts: Sequence[str], rows: Sequence[Row], column: str, source: str) -> Labels:
    """Labels that are 0 and 1, +1 and -1 (and -2), or words.

    Args:
        texts: the labels.
        rows: where they stand.
        column: its name.
        source: the file.

    Raises:
        DataError: a label is none of these, or they are of different kinds.
    """
    numbers = [_number(text) for text in texts]
    odd = next((i for i, n in enumerate(numbers) if (n is None) != (numbers[0] is None)), None)
    if odd is not None:
        raise DataError(
            f"{source}:{rows[odd].line}: expected a {'number' if numbers[odd] is None else 'word'} "
            f"as {column}, as in line {rows[0].line}; received {shown(texts[odd])}"
        )
    if numbers[0] is None:
        pais = [
            _from_word(text, column, f"{source}:{row.line}")
            for text, row in zip(texts, rows, strict=True)
        ]
        return Labels(pais, ATTACK)
    signed = any(number < 0 for number in numbers)
    allowed = (1, *_OULU_NUMBERS) if signed else (0, 1)
    wrong = next((i for i, number in enumerate(numbers) if number not in allowed), None)
    if wrong is not None:
        meaning = (
            "+1 (bona fide) or -1 (attack)" if signed else "0 (bona fide) or 1 (attack), or a word"
        )
        raise DataError(
            f"{source}:{rows[wrong].line}: expected {meaning} as {column}; received "
            f"{shown(texts[wrong])}"
        )
    if not signed:
        pais = [ATTACK if number else BONA_FIDE for number in numbers]
        return Labels(pais, ATTACK, "Label 1 is an attack, 0 a bona fide presentation.")
    names = _OULU_NUMBERS if -2 in numbers else dict.fromkeys(_OULU_NUMBERS, ATTACK)
    about = (
        "Label +1 is a bona fide presentation, -1 print and -2 replay, as in OULU-NPU's lists."
        if -2 in numbers
        else "Label +1 is a bona fide presentation, -1 an attack."
    )
    pais = [BONA_FIDE if number > 0 else names[int(number)] for number in numbers]
    return Labels(pais, BONA_FIDE, about)


def with_species(pai: str, text: str, column: str, where: str) -> str:
    """Name the species of a row by another column, which is empty for bona fide presentations.

    Args:
        pai: by the label.
        text: the other column's cell.
        column: its name.
        where: file and line.

    Raises:
        DataError: the two contradict each other.
    """
    word = _word(text)
    if pai == BONA_FIDE:
        if word not in _NO_SPECIES:
            raise DataError(
                f"{where}: expected no species as {column} of a bona fide presentation; received "
                f"{shown(text)}"
            )
        return pai
    if word in _BONA_FIDE_WORDS:
        raise DataError(
            f"{where}: expected the species of an attack as {column}; received {shown(text)}"
        )
    return pai if word in _NO_SPECIES else species_name(text)


@functools.lru_cache(_MOST_NAMES)
def species_name(text: str) -> str:
    """Name of a species as this package writes it, so that `instrument_of` pools its makes.

    Example:
        >>> [species_name(text) for text in ("print/1", "attack/print/2", "replay 1", "spoof")]
        ['print_1', 'print_2', 'replay_1', 'attack']
    """
    name = re.sub(r"^(attacks?|spoofs?)/(?=.)", "", text.strip(), flags=re.IGNORECASE)
    name = re.sub(r"(?<=[^\s/_-])[\s/-]+(\d+)$", r"_\1", name)
    return ATTACK if _word(name) in _ATTACK_WORDS else name


def _from_word(text, column, where):
    word = _word(text)
    if word in _BONA_FIDE_WORDS:
        return BONA_FIDE
    if word in _TRUTH or word in _NO_SPECIES:
        raise DataError(
            f"{where}: expected bona_fide, attack or a species as {column}; received {shown(text)}"
        )
    return species_name(text)


@functools.lru_cache(_MOST_NAMES)
def _word(text):
    return re.sub(r"[\s-]+", "_", text.strip().lower())


def _number(text):
    try:
        number = float(text)
    except ValueError:
        return None
    return None if math.isnan(number) else number
