"""Charts of a robustness measurement: both error rates and flips against strength, by family."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from despoof_keras.evaluation.report import wording
from despoof_keras.evaluation.report.charts import WIDTH, Chart
from despoof_keras.evaluation.report.svg import (
    FAINT,
    INK,
    add_legend,
    look,
    new_axes,
    new_figure,
    to_svg,
)
from despoof_keras.evaluation.robustness.conditions import FAMILIES, Family

UNCHANGED = "as is"
_RATES = (("bpcer", "BPCER"), ("apcer", "APCER"), ("flips", "decisions flipped"))
# Pixels of a panel, of the axis below the last, and of a line of the legend.
_PANEL, _AXIS, _LEGEND = 104, 56, 20
# Distance of the models' points at one strength, in units of the distance of two strengths.
_APART = 0.05
# Of an axis of rates, about.
_TICKS = 4
# The least end of the axes of rates, in percent.
_LEAST_END = 10.0


def robustness_charts(results: Mapping[str, Mapping[str, Any]]) -> list[Chart]:
    """Draw a chart for each family, with a panel for each rate and a line for each model.

    All charts have the same axes of rates, so that families can be compared.

    Args:
        results: mapping from a model's name to its results, as `results.by_model` returns it.

    Returns:
        The charts, in the order of the conditions.
    """
    rows = [row for own in results.values() for row in (own["baseline"], *own["conditions"])]
    ends = [
        max([_LEAST_END, *(100 * limit for row in rows for limit in _limits(row, rate))])
        for rate, _ in _RATES
    ]
    families = dict.fromkeys(row["family"] for own in results.values() for row in own["conditions"])
    return [_chart(name, results, ends) for name in families]


def _chart(name, results, ends):
    models = {
        model: [row for row in own["conditions"] if row["family"] == name]
        for model, own in results.items()
    }
    places = _places(name, [row for rows in models.values() for row in rows])
    has_legend = len(models) > 1
    height = len(_RATES) * _PANEL + _AXIS + has_legend * _LEGEND * ((len(models) + 1) // 2)
    figure = new_figure(WIDTH, height)
    axes = new_axes(figure, rows=len(_RATES), sharex=True)
    handles = {}
    for axis, (rate, title), end in zip(axes, _RATES, ends, strict=True):
        for number, (model, rows) in enumerate(models.items()):
            points = [(UNCHANGED, results[model]["baseline"]), *_labelled(rows)]
            shift = _APART * (number - (len(models) - 1) / 2)
            handles[model] = _draw(axis, rate, points, places, number, shift)
        axis.set_title(f"{title}, %", loc="left", fontweight="normal")
        axis.yaxis.set_major_locator(MaxNLocator(_TICKS))
        axis.set_ylim(-0.04 * end, 1.08 * end)
        axis.grid(axis="y", color=INK, alpha=FAINT, linewidth=0.6)
    axes[-1].set_xticks(range(len(places)), list(places))
    axes[-1].set_xlim(-0.5, len(places) - 0.5)
    family = FAMILIES.get(name)
    axes[-1].set_xlabel(family.unit if family else name)
    if has_legend:
        add_legend(figure, list(handles.values()), list(handles))
    title = family.title if family else name
    chart = f"robustness-{name.replace('_', '-')}"
    return Chart(chart, title, to_svg(figure, chart), _described(title, models, results))


def _places(name, rows) -> dict[str, int]:
    """Place of each label on the axis: by strength, what changes nothing between or before them."""
    family: Family | None = FAMILIES.get(name)
    strengths = {row["label"]: row["strength"] for row in rows}
    if family is None:
        labels = [UNCHANGED, *strengths]
    else:
        strengths[UNCHANGED] = family.neutral
        labels = sorted(strengths, key=strengths.__getitem__)
        # Away from what changes nothing, where that is the largest.
        if labels[-1] == UNCHANGED:
            labels.reverse()
    return {label: place for place, label in enumerate(labels)}


def _labelled(rows):
    return [(row["label"], row) for row in rows]


def _draw(axis: Axes, rate, points: Sequence[tuple[str, Mapping]], places, number, shift):
    """Draw a line through the rates of a model, with intervals, and the level without a change."""
    style = look(number)
    known = sorted(
        ((places[label], row) for label, row in points if row[rate] is not None),
        key=lambda item: item[0],
    )
    across = [place + shift for place, _ in known]
    up = [100 * row[rate] for _, row in known]
    baseline = points[0][1][rate]
    if baseline is not None:
        axis.axhline(100 * baseline, color=style.colour, alpha=0.6, linewidth=0.8, linestyle=":")
    for place, (_, row) in zip(across, known, strict=True):
        limits = _limits(row, rate)
        if limits:
            axis.plot(
                [place] * len(limits),
                [100 * limit for limit in limits],
                color=style.colour,
                alpha=0.5,
                linewidth=1.4,
                solid_capstyle="butt",
            )
    style_of: dict[str, Any] = {"color": style.colour, "marker": style.marker}
    is_changed = [place for place, (own, _) in enumerate(known) if own != places[UNCHANGED]]
    (line,) = axis.plot(
        across, up, linestyle=style.line, markersize=6, markevery=is_changed, **style_of
    )
    if baseline is not None:
        place = places[UNCHANGED] + shift
        axis.plot(place, 100 * baseline, markersize=8, fillstyle="none", **style_of)
    return line


def _limits(row, rate) -> list[float]:
    """A rate with the limits of its interval; none where it has no value."""
    value = row[rate]
    return [] if value is None else [*(row.get(f"{rate}_interval") or ()), value]


def _described(title, models, results) -> str:
    sentences = [
        f"{f'{model}: ' * (len(models) > 1)}{'; '.join(_changes(rows, results[model]['baseline']))}"
        for model, rows in models.items()
    ]
    return f"{title}. {'. '.join(sentences)}."


def _changes(rows, baseline) -> Iterator[str]:
    for rate, title in _RATES:
        listed = ", ".join(f"{wording.percent(row[rate])} at {row['label']}" for row in rows)
        before = "" if rate == "flips" else f"{wording.percent(baseline[rate])} {UNCHANGED}, "
        yield f"{title} {before}{listed}"
