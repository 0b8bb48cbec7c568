"""How numbers and names are written in a report, one way for the page, its charts and their texts.

Rates are fractions of 1 everywhere in the package, and percentages wherever they are read.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from despoof_keras.datasets.samples import BONA_FIDE
from despoof_keras.evaluation.score_labels import ATTACK

# Keeps a number and its unit on one line.
NARROW = "\N{NARROW NO-BREAK SPACE}"
MISSING = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
# Of the bounds on APCER in the keys of figures, such as "0.01".
BOUNDS = ("0.01", "0.05", "0.10")


def percent(rate: float | None, digits: int = 1) -> str:
    """A rate with its unit: `"2.1 %"` for 0.0208; a dash for None."""
    return MISSING if rate is None else f"{_signed(100 * rate, digits)}{NARROW}%"


def bound(key: str) -> str:
    """A bound on APCER: `"5 %"` for `"0.05"`."""
    return f"{round(100 * float(key), 6):g}{NARROW}%"


def bpcer_at(key: str) -> str:
    """What the BPCER at a bound on APCER is called: `"BPCER at APCER ≤ 5 %"`."""
    return f"BPCER at APCER ≤\N{NO-BREAK SPACE}{bound(key)}"


def points(difference: float | None) -> str:
    """A difference of rates in percentage points, with its sign: `"+2.1"` for 0.0208."""
    if difference is None:
        return MISSING
    text = _signed(100 * difference, 1)
    return text if difference < 0 or not float(text.replace(MINUS, "-")) else f"+{text}"


def interval(limits: Sequence[float] | None, scale: float = 100.0, digits: int = 1) -> str:
    """Both ends of an interval: `"0.0 to 6.3"`; empty for None."""
    if limits is None:
        return ""
    return " to ".join(_signed(scale * limit, digits) for limit in limits)


def area(value: float | None) -> str:
    """An area under a ROC curve, a fraction of 1 with three digits."""
    return MISSING if value is None else f"{value:.3f}"


def score(value: float) -> str:
    """A score or a threshold, with four significant digits."""
    return f"{value:#.4g}".rstrip(".").replace("-", MINUS)


def count(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun: `"1 video"`, `"4,950 videos"`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def species_name(pai: str) -> str:
    """A species as it is read: `"bona fide"`, `"print 1"`."""
    return pai.replace("_", " ")


def column_name(column: str) -> str:
    """A column as it is read: `"skin tone"` for `"skin_tone"`."""
    return column.replace("_", " ")


def listing(items: Iterable[str]) -> str:
    """Join words as in a sentence: `"a, b and c"`."""
    items = list(items)
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def composition(counts: Mapping[str, int]) -> str:
    """What a split is made of: `"48 bona fide; 192 attacks: print 1 96, replay 1 96"`."""
    attacks = {pai: n for pai, n in counts.items() if pai != BONA_FIDE}
    bona_fide = f"{counts.get(BONA_FIDE, 0):,} bona fide"
    total = count(sum(attacks.values()), "attack")
    if set(attacks) == {ATTACK}:
        return f"{bona_fide}; {total} of unnamed species"
    ordered = sorted(attacks, key=natural)
    named = ", ".join(f"{species_name(pai)} {attacks[pai]:,}" for pai in ordered)
    return f"{bona_fide}; {total}: {named}"


def natural(text: str) -> tuple:
    """Sorting key that puts `"2"` before `"10"`."""
    parts = re.split(r"(\d+)", text)
    return tuple((part.isdecimal(), int(part) if part.isdecimal() else part) for part in parts)


def visible(value: object) -> object:
    """Replace characters of a text that no page shows, or that cannot be written, by their escapes.

    Control characters, halves of surrogate pairs (names of files that are not UTF-8) and marks that
    turn the direction of writing would hide or change what stands beside them.
    """
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return value
    return "".join(c if c.isprintable() or c in _SPACES else _escaped(c) for c in value)


# Not printable by Python's measure, and wanted.
_SPACES = f"{NARROW}\N{NO-BREAK SPACE}\n"


def _escaped(character):
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def _signed(value, digits):
    text = f"{value:.{digits}f}"
    # Neither rounding nor floating point makes a negative zero.
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", MINUS)
