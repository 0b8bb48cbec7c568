"""The sections of a report's page, each with the template that shows it."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from despoof_keras.evaluation import metrics
from despoof_keras.evaluation.curves import det_points, roc_points
from despoof_keras.evaluation.report import headline, tables, wording
from despoof_keras.evaluation.report.breakdown import group_part, species_part
from despoof_keras.evaluation.report.charts import Chart, Curve, det_chart, roc_chart
from despoof_keras.evaluation.report.contents import Report, System
from despoof_keras.evaluation.report.dots import Dot, Line, rates_chart
from despoof_keras.evaluation.report.histograms import score_chart
from despoof_keras.evaluation.report.worst import worst_tables

# A chart of more lines than this does not fit a page.
_MOST_LINES = 24
_MOST_CURVES = 8


@dataclasses.dataclass(frozen=True)
class Section:
    """A section: its id and title on the page, and what its template `NAME.html` shows."""

    name: str
    title: str
    content: Mapping[str, Any]


def sections_of(report: Report) -> list[Section]:
    """The sections that a report has something for, in the page's order."""
    figures = {name: system.figures for name, system in report.systems.items()}
    return [
        Section("summary", "Summary", _summary(report, figures)),
        Section("figures", "Figures", _figures(figures)),
        Section("curves", "Curves and distributions", _curves(report.systems)),
        *_when("groups", "Species and groups", _groups(figures)),
        *_when("comparison", "Comparison of systems", _comparison(report)),
        Section("errors", "Worst errors", _errors(report)),
        *_when("media", "Media", {"media": report.media} if report.media else None),
        *_when("robustness", "Robustness", _robustness(report)),
        *_when("settings", "Settings", _settings(report)),
        Section("method", "How the figures are computed", _method(report, figures)),
    ]


def _when(name: str, title: str, content: Mapping[str, Any] | None) -> Iterator[Section]:
    if content is not None:
        yield Section(name, title, content)


def _summary(report, figures):
    return {
        "columns": headline.COLUMNS,
        "leading": headline.LEADING,
        "headlines": [headline.headline(*item) for item in figures.items()],
        "words": [headline.in_words(*item) for item in figures.items()]
        if len(figures) == 1
        else [],
        "data": headline.data_lines(figures),
        "notes": report.notes,
        "cautions": headline.cautions(figures),
    }


def _figures(figures):
    return {
        "all": [tables.bounds_table(figures), tables.rates_table(figures)],
        "systems": {
            name: [tables.species_table(values, kind) for kind in ("instruments", "species")]
            for name, values in figures.items()
        },
    }


def _curves(systems: Mapping[str, System]):
    worst = {name: _worst_instrument_curve(system) for name, system in systems.items()}
    pooled = {name: _pooled_curve(system) for name, system in systems.items()}
    areas = {name: system.figures["auc"] for name, system in systems.items()}
    charts = [
        det_chart("det", "Detection error trade-off (DET)", worst, "the worst instrument"),
        roc_chart("roc", pooled, areas),
    ]
    for number, (name, system) in enumerate(systems.items()):
        values = system.figures
        thresholds = {"dev EER": values["threshold"]}
        thresholds |= {
            f"APCER ≤ {wording.bound(key)}": values["threshold_at_apcer"][key]
            for key in wording.BOUNDS
        }
        charts.append(score_chart(f"scores-{number}", name, system.test, thresholds))
        charts += _species_curves(f"det-species-{number}", name, system)
    return {"charts": charts}


def _species_curves(chart_name, name, system):
    """DET curves of each species by itself, where there are a few."""
    test = system.test
    species = sorted(set(test.pais[~test.is_bona_fide].tolist()), key=wording.natural)
    if 1 < len(species) <= _MOST_CURVES:
        curves = {}
        for pai in species:
            own = test.select(test.is_bona_fide | (test.pais == pai))
            if own.acquired[~own.is_bona_fide].any():
                # Thinned by the drawing, which knows where a point is not seen.
                curves[wording.species_name(pai)] = Curve(*det_points(own, most=len(own.keys)))
        yield det_chart(chart_name, f"DET by species, {name}", curves, "the species")


def _worst_instrument_curve(system):
    test, figures = system.test.select(system.test.acquired), system.figures
    bona_fide = test.is_bona_fide
    _, apcer, bpcer = metrics.det_curve(
        test.spoof_scores[bona_fide],
        test.spoof_scores[~bona_fide],
        test.instruments[~bona_fide],
    )
    marks = tuple(
        (figures["achieved_apcer"][key], figures["bpcer_at_apcer"][key]) for key in wording.BOUNDS
    )
    return Curve(apcer, bpcer, marks)


def _pooled_curve(system):
    bpcer, detected = roc_points(system.test)
    return Curve(1 - detected, bpcer)


def _groups(figures):
    parts = [species_part(figures)]
    columns = dict.fromkeys(column for values in figures.values() for column in values["groups"])
    parts += [group_part(number, column, figures) for number, column in enumerate(columns)]
    return {"parts": parts}


def _comparison(report):
    if not report.comparisons:
        return None
    lines = [
        Line(
            f" {wording.MINUS} ".join(comparison["systems"]),
            {
                "difference": Dot(
                    comparison["difference"]["bpcer_at_apcer"]["0.05"],
                    comparison["intervals"]["bpcer_at_apcer"].get("0.05"),
                )
            },
        )
        for comparison in report.comparisons
    ]
    name = wording.bpcer_at("0.05")
    return {
        "table": tables.comparison_table(report.comparisons),
        "charts": [
            rates_chart("difference", f"Difference in {name}", lines[:_MOST_LINES], name, True)
        ],
        "is_many": len(report.comparisons) > 1,
    }


def _errors(report):
    return {
        "systems": {
            name: worst_tables(system.test, system.figures["threshold"], report.worst)
            for name, system in report.systems.items()
        }
    }


def _robustness(report) -> dict[str, Any] | None:
    if report.robustness is None:
        return None
    from despoof_keras.evaluation.robustness.charts import robustness_charts
    from despoof_keras.evaluation.robustness.conditions import FAMILIES
    from despoof_keras.evaluation.robustness.results import by_model

    results = by_model(report.robustness)
    families = dict.fromkeys(row["family"] for own in results.values() for row in own["conditions"])
    charts: list[Chart] = robustness_charts(results)
    return {"charts": charts, "families": [FAMILIES[name] for name in families if name in FAMILIES]}


def _settings(report):
    if not report.settings:
        return None
    return {"settings": list(_flat(report.settings))}


def _flat(values, prefix=""):
    """Names and texts of nested mappings, each name after those that it lies in."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}: ")
        elif isinstance(value, list | tuple | np.ndarray):
            yield f"{prefix}{name}", ", ".join(map(str, value))
        else:
            yield f"{prefix}{name}", wording.MISSING if value is None else str(value)


def _method(report, figures):
    first = next(iter(figures.values()))
    return {
        "rule": first["threshold_rule"],
        "resampling": first["resampling"],
        "units": sorted({values["resampling"]["unit"] for values in figures.values()}),
        "files": [
            (name, split, table)
            for name, system in report.systems.items()
            for split, table in (("test", system.test), ("dev", system.dev))
        ],
    }
