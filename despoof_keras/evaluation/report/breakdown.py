"""Rates by species and by group of presentations: charts, sentences and tables."""

import dataclasses
from collections.abc import Mapping, Sequence

from despoof_keras.evaluation.report import tables, wording
from despoof_keras.evaluation.report.charts import Chart
from despoof_keras.evaluation.report.dots import Dot, Line, rates_chart
from despoof_keras.evaluation.report.tables import Table

# A chart of more lines than this does not fit a page.
_MOST_LINES = 24
_RATES = (("bpcer", "BPCER"), ("apcer", "APCER"))


@dataclasses.dataclass(frozen=True)
class Part:
    """Rates by one kind of group."""

    title: str
    sentences: Sequence[str] = ()
    charts: Sequence[Chart] = ()
    table: Table | None = None


def species_part(figures: Mapping[str, dict]) -> Part:
    """APCER of each species, and BPCER at a threshold of its own.

    Args:
        figures: as from `summary.summarise`, by system.
    """
    key = "0.05"
    paths = {
        ("apcer",): ("APCER by species", "APCER at the dev EER threshold"),
        ("bpcer_at_apcer", key): (f"{wording.bpcer_at(key)} of the species", "BPCER"),
    }
    charts = [_species_chart(path, *names, figures) for path, names in paths.items()]
    return Part("By species", charts=[chart for chart in charts if chart is not None])


def _species_chart(path, title, axis_name, figures):
    species = {pai for values in figures.values() for pai in values["species"]}
    lines = []
    for pai in sorted(species, key=wording.natural)[:_MOST_LINES]:
        dots = {}
        for system, values in figures.items():
            rate = tables.value_at(values["species"], (pai, *path))
            if rate is not None:
                limits = tables.value_at(values["species"], (pai, "intervals", *path))
                dots[system] = Dot(rate, limits)
        if dots:
            lines.append(Line(wording.species_name(pai), dots))
    name = f"species-{path[0].partition('_')[0]}"
    return rates_chart(name, title, lines, axis_name) if lines else None


def group_part(number: int, column: str, figures: Mapping[str, dict]) -> Part:
    """Rates by the values of a column, and where they differ most.

    Args:
        number: of the column, different for each on a page.
        column: its name.
        figures: by system; those without the column are left out.
    """
    owners = {name: values for name, values in figures.items() if column in values["groups"]}
    title = wording.column_name(column)
    values = tables.group_values(column, owners)
    if len(values) == 1:
        sentence = f"All test presentations have the same {title}: {tables.value_name(values[0])}."
        return Part(f"By {title}", [sentence])
    charts = []
    for rate, rate_name in _RATES:
        lines = _group_lines(column, rate, owners)
        if lines:
            charts.append(
                rates_chart(
                    f"group-{number}-{rate}",
                    f"{rate_name} by {title}",
                    lines,
                    f"{rate_name} at the dev EER threshold",
                )
            )
    return Part(
        f"By {title}",
        _largest_differences(column, owners),
        charts,
        tables.group_table(column, owners),
    )


def _group_lines(column, rate, figures):
    counted = "bona_fide" if rate == "bpcer" else "attack"
    sizes: dict[str, int] = {}
    lines = {}
    for value in tables.group_values(column, figures):
        dots = {}
        for system, values in figures.items():
            rates = values["groups"][column]["values"].get(value)
            if rates is not None and rates[rate] is not None:
                dots[system] = Dot(rates[rate], (rates.get("intervals") or {}).get(rate))
                sizes[value] = rates[counted]
        if dots:
            lines[value] = Line(f"{tables.value_name(value)} (n = {sizes[value]:,})", dots)
    largest = sorted(lines, key=lambda value: -sizes[value])[:_MOST_LINES]
    return [lines[value] for value in lines if value in largest]


def _largest_differences(column, figures):
    sentences, name = [], wording.column_name(column)
    for system, values in figures.items():
        for rate, rate_name in _RATES:
            largest = values["groups"][column]["largest_difference"].get(rate)
            if largest is None:
                continue
            highest, lowest = largest["between"]
            whose = f" of {system}" if len(figures) > 1 else ""
            limits = wording.interval(largest["interval"])
            sentences.append(
                f"Largest difference in {rate_name}{whose}: "
                f"{wording.points(largest['difference']).lstrip('+')} percentage points"
                f"{f' (interval {limits})' if limits else ''}, "
                f"{name} {tables.value_name(highest)} above {name} {tables.value_name(lowest)}."
            )
    return sentences
