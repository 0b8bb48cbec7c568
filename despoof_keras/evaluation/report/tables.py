"""Tables of a report, as rows of texts."""

import dataclasses
from collections.abc import Mapping, Sequence

from despoof_keras.evaluation.report.wording import (
    BOUNDS,
    MINUS,
    area,
    bound,
    bpcer_at,
    column_name,
    count,
    interval,
    natural,
    percent,
    points,
    score,
    species_name,
)

# Longer tables of groups are cut; the JSON file has everything.
MOST_VALUES = 40


@dataclasses.dataclass(frozen=True)
class Cell:
    """A cell: a text, and a smaller one below it, such as an interval."""

    text: str
    note: str = ""


@dataclasses.dataclass(frozen=True)
class Table:
    """A table, whose first column names its rows.

    Attributes:
        caption: what it shows.
        columns: heads.
        rows: cells, as many as there are heads.
        remark: a sentence below the table; may be empty.
        names: how many columns, from the left, hold names; all others hold numbers.
    """

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    remark: str = ""
    names: int = 1


def bounds_table(systems: Mapping[str, dict]) -> Table:
    """BPCER at each bound on APCER, with what the threshold gave on test.

    Args:
        systems: figures, as from `summary.summarise`, by system.
    """
    rows = []
    for system, figures in systems.items():
        for key in BOUNDS:
            rows.append(
                [
                    Cell(system),
                    Cell(f"≤ {bound(key)}"),
                    Cell(score(figures["threshold_at_apcer"][key])),
                    _figure(figures, ("bpcer_at_apcer", key)),
                    _figure(figures, ("achieved_apcer", key)),
                ]
            )
    return Table(
        "At a bound on APCER",
        [
            "system",
            "APCER allowed on dev, worst instrument",
            "threshold",
            "BPCER on test",
            "APCER on test, worst instrument",
        ],
        rows,
        f"Below a figure: its {_confidence(systems)} interval, in the same unit.",
    )


def rates_table(systems: Mapping[str, dict]) -> Table:
    """Rates at the dev EER threshold, and what needs no threshold.

    Args:
        systems: figures by system.
    """
    rows = []
    for system, figures in systems.items():
        known = [rate for rate in figures["apcer_species"].values() if rate is not None]
        rows.append(
            [
                Cell(system),
                _figure(figures, ("eer_dev",)),
                Cell(score(figures["threshold"])),
                _figure(figures, ("bpcer",)),
                _figure(figures, ("apcer",)),
                _figure(figures, ("acer",)),
                Cell(percent(max(known))),
                _figure(figures, ("acer_species",)),
                _figure(figures, ("hter",)),
                Cell(area(figures["auc"]), interval(figures["intervals"].get("auc"), 1.0, 3)),
                Cell(f"{figures['failures_to_acquire']:,}"),
                Cell(f"{figures['failures_to_acquire_dev']:,}"),
            ]
        )
    return Table(
        "At the dev EER threshold",
        [
            "system",
            "EER, dev",
            "threshold",
            "BPCER",
            "APCER, worst instrument",
            "ACER, worst instrument",
            "APCER, worst species",
            "ACER, worst species",
            "HTER",
            "AUC",
            "failures, test",
            "failures, dev",
        ],
        rows,
        "An instrument takes its makes together (print 1 and print 2 are print); a species is one "
        "make. EER is of dev, everything else of test.",
    )


def species_table(figures: dict, kind: str) -> Table:
    """Each species or instrument by itself.

    Args:
        figures: of a system.
        kind: `"species"` or `"instruments"`.
    """
    rows = []
    for name in sorted(figures[kind], key=natural):
        values = figures[kind][name]
        limits = values.get("intervals") or {}
        cells = [
            Cell(species_name(name)),
            Cell(f"{values['count']:,}"),
            Cell(f"{values['failures_to_acquire']:,}"),
            Cell(percent(values["apcer"]), interval(limits.get("apcer"))),
            Cell(area(values["auc"]), interval(limits.get("auc"), 1.0, 3)),
        ]
        rates, achieved = values.get("bpcer_at_apcer"), values.get("achieved_apcer") or {}
        for key in BOUNDS:
            if rates is None:
                cells.append(Cell(percent(None), "not in dev"))
                continue
            note = interval((limits.get("bpcer_at_apcer") or {}).get(key))
            if achieved.get(key) is not None:
                note = f"{note}\ntest APCER {percent(achieved[key])}"
            cells.append(Cell(percent(rates[key]), note))
        rows.append(cells)
    thing = "species" if kind == "species" else "instrument"
    return Table(
        f"By {'PAI species' if kind == 'species' else 'attack instrument'}",
        [
            thing,
            "attacks",
            "failures",
            "APCER",
            "AUC",
            *(bpcer_at(key) for key in BOUNDS),
        ],
        rows,
        "APCER is at the dev EER threshold of all attacks. BPCER at a bound has its threshold from "
        f"the dev attacks of the {thing} alone.",
    )


def group_table(column: str, systems: Mapping[str, dict]) -> Table:
    """Rates by the values of a column.

    Args:
        column: its name.
        systems: figures by system; those without the column are left out.
    """
    systems = {name: f for name, f in systems.items() if column in f["groups"]}
    values = group_values(column, systems)
    rows = []
    for value in values[:MOST_VALUES]:
        for system, figures in systems.items():
            rates = figures["groups"][column]["values"].get(value)
            if rates is None:
                continue
            limits = rates.get("intervals") or {}
            cells = [
                Cell(value_name(value)),
                Cell(f"{rates['bona_fide']:,}"),
                Cell(percent(rates["bpcer"]), interval(limits.get("bpcer"))),
                Cell(f"{rates['attack']:,}"),
                Cell(percent(rates["apcer"]), interval(limits.get("apcer"))),
            ]
            if len(systems) > 1:
                cells.insert(1, Cell(system))
            rows.append(cells)
    heads = [column_name(column), "bona fide", "BPCER", "attacks", "APCER"]
    if len(systems) > 1:
        heads.insert(1, "system")
    left_out = len(values) - MOST_VALUES
    remark = f"{count(left_out, 'more value')} in report.json." if left_out > 0 else ""
    names = 1 + (len(systems) > 1)
    return Table(f"By {column_name(column)}", heads, rows, remark, names)


def group_values(column: str, systems: Mapping[str, dict]) -> list[str]:
    """The values of a column, of any system, in the order of tables and charts."""
    values = {
        value
        for figures in systems.values()
        if column in figures["groups"]
        for value in figures["groups"][column]["values"]
    }
    return sorted(values, key=natural)


def value_name(value: str) -> str:
    """A group's value, where nothing is known too."""
    return value if value.strip() else "(not stated)"


def comparison_table(comparisons: Sequence[dict]) -> Table:
    """Differences between systems with their intervals."""
    rows = []
    for comparison in comparisons:
        first, second = comparison["systems"]
        difference, limits = comparison["difference"], comparison["intervals"]
        cells = [
            Cell(
                f"{first} {MINUS} {second}",
                count(comparison["presentations"], "presentation"),
            )
        ]
        for key in BOUNDS:
            cells.append(
                _difference(difference["bpcer_at_apcer"][key], limits["bpcer_at_apcer"].get(key))
            )
        cells.append(_difference(difference["acer"], limits["acer"]))
        cells.append(_difference(difference["auc"], limits["auc"]))
        rows.append(cells)
    return Table(
        "Differences between systems, in percentage points",
        ["systems", *(bpcer_at(key) for key in BOUNDS), "ACER", "AUC"],
        rows,
        "",
    )


def _difference(value, limits):
    if limits is None:
        return Cell(points(value))
    low, high = limits
    verdict = "includes 0" if low <= 0 <= high else "excludes 0"
    return Cell(points(value), f"{points(low)} to {points(high)}, {verdict}")


def _figure(figures, path):
    return Cell(percent(value_at(figures, path)), interval(value_at(figures["intervals"], path)))


def value_at(values: Mapping | None, path: Sequence[str]):
    """What stands at a path of keys in nested mappings; None where something is missing."""
    for name in path:
        values = None if values is None else values.get(name)
    return values


def _confidence(systems):
    return percent(next(iter(systems.values()))["resampling"]["confidence"], 0)
