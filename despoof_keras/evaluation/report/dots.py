"""Charts of rates with their intervals, one line for each species or group."""

import dataclasses
from collections.abc import Mapping, Sequence

from despoof_keras.evaluation.report import wording
from despoof_keras.evaluation.report.charts import WIDTH, Chart
from despoof_keras.evaluation.report.svg import (
    FAINT,
    INK,
    add_legend,
    look,
    new_axes,
    new_figure,
    plain,
    to_svg,
)

# Pixels for each dot, for the space between lines, and for axis, margins and legend.
_DOT, _SPACE, _FRAME, _LEGEND = 18, 12, 58, 20
# Of a line's name.
_MOST_CHARACTERS = 20


@dataclasses.dataclass(frozen=True)
class Dot:
    """A rate or a difference of rates.

    Attributes:
        value: a fraction of 1.
        limits: of its interval; None where there is none.
    """

    value: float
    limits: Sequence[float] | None = None


@dataclasses.dataclass(frozen=True)
class Line:
    """What a chart shows in one line: a name, and a dot for each system that has one."""

    name: str
    dots: Mapping[str, Dot]


def rates_chart(
    name: str, title: str, lines: Sequence[Line], axis_name: str, is_difference: bool = False
) -> Chart:
    """Draw dots with their intervals.

    Args:
        name: of the chart.
        title: of the chart.
        lines: from top to bottom.
        axis_name: what the dots measure, without a unit.
        is_difference: the dots are differences of rates, in percentage points; a line marks zero.
    """
    systems = list(dict.fromkeys(system for line in lines for system in line.dots))
    has_legend = len(systems) > 1
    height = len(lines) * (_DOT * len(systems) + _SPACE) + _FRAME
    figure = new_figure(WIDTH, height + has_legend * _LEGEND * ((len(systems) + 1) // 2))
    (axis,) = new_axes(figure)
    write = wording.points if is_difference else wording.percent
    handles = {}
    step = 1.0 / (len(systems) + _SPACE / _DOT)
    for position, line in enumerate(lines):
        for number, system in enumerate(systems):
            if system not in line.dots:
                continue
            dot, style = line.dots[system], look(number)
            level = position + step * (number - (len(systems) - 1) / 2)
            if dot.limits is not None:
                ends = [100 * limit for limit in dot.limits]
                axis.plot(ends, [level, level], color=style.colour, linewidth=2, marker="|")
            handles[system] = axis.plot(
                100 * dot.value,
                level,
                style.marker,
                color=style.colour,
                markersize=7,
                clip_on=False,
                zorder=3,
            )[0]
            axis.annotate(
                write(dot.value),
                (1, level),
                xycoords=("axes fraction", "data"),
                xytext=(8, 0),
                textcoords="offset points",
                va="center",
                fontsize=11,
            )
    axis.set_yticks(range(len(lines)), [plain(line.name, _MOST_CHARACTERS) for line in lines])
    axis.set_ylim(len(lines) - 0.5, -0.5)
    axis.tick_params(axis="y", length=0, pad=10)
    axis.spines["left"].set_visible(False)
    axis.grid(axis="x", color=INK, alpha=FAINT, linewidth=0.6)
    if is_difference:
        axis.axvline(0, color=INK, linewidth=1, linestyle="--")
        axis.set_xlabel(f"{axis_name}, percentage points")
    else:
        axis.set_xlim(0, max(5.0, min(100.0, 1.08 * axis.get_xlim()[1])))
        axis.set_xlabel(f"{axis_name}, %")
    if has_legend:
        add_legend(figure, list(handles.values()), list(handles))
    return Chart(name, title, to_svg(figure, name), _described(lines, axis_name, write, has_legend))


def _described(lines, axis_name, write, name_systems):
    parts = []
    for line in lines:
        dots = [
            f"{f'{system} ' * name_systems}{write(dot.value)}"
            + (f" ({wording.interval(dot.limits)})" if dot.limits is not None else "")
            for system, dot in line.dots.items()
        ]
        parts.append(f"{line.name}: {', '.join(dots)}")
    return f"{axis_name}, with intervals. {'; '.join(parts)}."
