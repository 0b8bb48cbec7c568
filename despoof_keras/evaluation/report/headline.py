"""What a report says first: the figures to quote, what the data are, what they do not show."""

import dataclasses
from collections.abc import Mapping, Sequence

from despoof_keras.datasets.samples import BONA_FIDE, instrument_of
from despoof_keras.evaluation.report.tables import Cell
from despoof_keras.evaluation.report.wording import (
    BOUNDS,
    area,
    bound,
    bpcer_at,
    composition,
    count,
    interval,
    listing,
    natural,
    percent,
    species_name,
)
from despoof_keras.evaluation.score_labels import ATTACK

# Fewer subjects than this make intervals by resampling too short.
_FEW_SUBJECTS = 30
_PERSONS = "subject"
# Of a rate as it is written, a tenth of a percent.
_DIGITS = 3


@dataclasses.dataclass(frozen=True)
class Headline:
    """A system's figures to quote.

    Attributes:
        system: its name.
        cells: one for each of `COLUMNS`.
    """

    system: str
    cells: Sequence[Cell]


COLUMNS = (
    *(bpcer_at(key) for key in BOUNDS),
    "ACER",
    "AUC",
    "test presentations",
    "failures to acquire",
)
# Of `COLUMNS`, those that lead.
LEADING = len(BOUNDS)


def headline(system: str, figures: dict) -> Headline:
    """The figures to quote of a system.

    Args:
        system: its name.
        figures: as from `summary.summarise`.
    """
    limits = figures["intervals"]
    cells = []
    for key in BOUNDS:
        achieved = percent(figures["achieved_apcer"][key])
        note = f"{interval(limits['bpcer_at_apcer'].get(key))}\ntest APCER {achieved}"
        cells.append(Cell(percent(figures["bpcer_at_apcer"][key]), note))
    total, subjects = sum(figures["counts"]["test"].values()), figures["subjects"]["test"]
    persons = "subjects unknown" if subjects is None else f"of {count(subjects, _PERSONS)}"
    lost = figures["failures_to_acquire"]
    cells += [
        Cell(percent(figures["acer"]), interval(limits.get("acer"))),
        Cell(area(figures["auc"]), interval(limits.get("auc"), 1.0, 3)),
        Cell(f"{total:,}", persons),
        Cell(f"{lost:,}", percent(lost / total)),
    ]
    return Headline(system, cells)


def in_words(system: str, figures: dict) -> str:
    """The figure in the middle as a sentence."""
    key = BOUNDS[1]
    return (
        f"{system}: the threshold at which at most {bound(key)} of the dev attacks of any "
        f"instrument pass calls {percent(figures['bpcer_at_apcer'][key])} of the bona fide test "
        f"presentations attacks, and lets {percent(figures['achieved_apcer'][key])} of the test "
        "attacks of the worst instrument pass."
    )


def data_lines(systems: Mapping[str, dict]) -> list[tuple[str, str]]:
    """What dev and test are made of, once for all systems that have the same."""
    lines: dict[tuple[str, str], list[str]] = {}
    for system, figures in systems.items():
        for split in ("test", "dev"):
            counts, subjects = figures["counts"][split], figures["subjects"][split]
            persons = "" if subjects is None else f" of {count(subjects, _PERSONS)}"
            text = f"{count(sum(counts.values()), 'presentation')}{persons}: {composition(counts)}."
            lines.setdefault((split, text), []).append(system)
    return [
        (split if len(names) == len(systems) else f"{split} of {listing(names)}", text)
        for (split, text), names in lines.items()
    ]


def cautions(systems: Mapping[str, dict]) -> list[str]:
    """What must not be concluded from the figures, as far as it can be seen from them."""
    species = {pai for figures in systems.values() for pai in figures["counts"]["test"]}
    tested = [species_name(pai) for pai in sorted(species - {BONA_FIDE, ATTACK}, key=natural)]
    if ATTACK in species:
        tested.append("those whose species the files do not name")
    sentences = [
        f"Nothing is shown about attacks other than {listing(tested)}, nor about other cameras, "
        "lighting or people than were recorded.",
        *_shifts(systems),
        *_coarse(systems),
        *_resampled(systems),
        "This is no certificate: ISO/IEC 30107-3 also asks who ran the test and how the attacks "
        "were made.",
    ]
    return sentences


def _shifts(systems):
    """Thresholds that do not hold on test what they held on dev."""
    missed = []
    for system, figures in systems.items():
        parts = [
            f"{percent(figures['achieved_apcer'][key])} where {bound(key)} was allowed"
            for key in BOUNDS
            if round(figures["achieved_apcer"][key], _DIGITS) > float(key)
        ]
        if parts:
            missed.append(f"{f'of {system} ' * (len(systems) > 1)}is {listing(parts)}")
    if not missed:
        return []
    return [f"Bounds on APCER hold for dev, not for test: the test APCER {'; '.join(missed)}."]


def _coarse(systems):
    """Bounds that dev is too small to tell apart."""
    sizes = [size for figures in systems.values() for size in _attacks_of_instruments(figures)]
    smallest = min(sizes, default=0)
    below = [bound(key) for key in BOUNDS if smallest and float(key) * smallest < 1]
    if not below:
        return []
    return [
        f"With {smallest} dev attacks of an instrument, APCER moves in steps of "
        f"{percent(1 / smallest)}: a bound of {listing(below)} allows none of them to pass."
    ]


def _attacks_of_instruments(figures):
    sizes: dict[str, int] = {}
    for pai, number in figures["counts"]["dev"].items():
        if pai != BONA_FIDE:
            sizes[instrument_of(pai)] = sizes.get(instrument_of(pai), 0) + number
    return sizes.values()


def _resampled(systems):
    units = {figures["resampling"]["unit"] for figures in systems.values()}
    subjects = [
        figures["subjects"]["test"]
        for figures in systems.values()
        if figures["resampling"]["unit"] == "subject" and figures["subjects"]["test"]
    ]
    sentences = []
    if "subject" in units and subjects and min(subjects) < _FEW_SUBJECTS:
        sentences.append(
            f"Intervals stand for another choice of test subjects; {min(subjects)} are few, and "
            "other people may differ by more."
        )
    if "presentation" in units:
        sentences.append(
            "Where the files name no subjects, single presentations are resampled: the intervals "
            "are too short if there are several of one person."
        )
    return sentences
