"""Curves of a report: error rates against each other, on normal-deviate and on linear axes."""

import dataclasses
from collections.abc import Mapping

import numpy as np
from scipy.special import ndtri

from despoof_keras.evaluation.report import wording
from despoof_keras.evaluation.report.svg import (
    FAINT,
    INK,
    add_legend,
    look,
    new_axes,
    new_figure,
    to_svg,
)

# Pixels of the page.
WIDTH, HEIGHT = 400, 390
# Rates that a normal-deviate axis may begin and end with, and those that it names, fractions of 1.
_BEGINNINGS = (0.0001, 0.0005, 0.001, 0.002, 0.005, 0.01)
_ENDS = (0.45, 0.7, 0.95, 0.999)
_TICKS = (0.0001, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.99)
# The axes begin below the smallest rate by this factor, so that rates of 0 stand apart.
_ROOM = 1.6
# Markers on a curve stand this far apart, as a share of its points.
_MARKED = 0.1


@dataclasses.dataclass(frozen=True)
class Chart:
    """A chart, ready for the page.

    Attributes:
        name: letters, digits and hyphens, different for each chart of a page.
        title: what stands above it.
        svg: as from `svg.to_svg`.
        alt: what there is to see, in a sentence with numbers.
    """

    name: str
    title: str
    svg: str
    alt: str


@dataclasses.dataclass(frozen=True)
class Curve:
    """Both error rates of a system at many thresholds.

    Attributes:
        apcer, bpcer: `(n,)`, fractions of 1.
        marks: `(APCER, BPCER)` at thresholds to point out, at most a few.
    """

    apcer: np.ndarray
    bpcer: np.ndarray
    marks: tuple[tuple[float, float], ...] = ()


def det_chart(name: str, title: str, curves: Mapping[str, Curve], attacks: str) -> Chart:
    """Draw detection error trade-offs on normal-deviate axes.

    Args:
        name: of the chart.
        title: of the chart.
        curves: by system, or by species of one system.
        attacks: whose APCER it is, such as `"all attacks"`.

    Reference: A. Martin et al., "The DET curve in assessment of detection task performance", 1997.
    """
    rates = np.concatenate([np.concatenate([c.apcer, c.bpcer]) for c in curves.values()])
    smallest = rates[rates > 0].min(initial=1.0)
    begin = max((b for b in _BEGINNINGS if _ROOM * b < smallest), default=_BEGINNINGS[0])
    # What must be seen: where both rates are lowest, with room around it, and the marks.
    wanted = [_ROOM * float(np.min(np.maximum(c.apcer, c.bpcer))) for c in curves.values()]
    wanted += [rate for curve in curves.values() for mark in curve.marks for rate in mark]
    end = next((e for e in _ENDS if e > max(wanted)), _ENDS[-1])
    figure = new_figure(WIDTH, HEIGHT + 20 * ((len(curves) + 1) // 2))
    (axis,) = new_axes(figure)
    limits = ndtri(begin), ndtri(end)
    axis.plot(limits, limits, color=INK, alpha=2 * FAINT, linewidth=1, linestyle=":")
    handles = []
    for number, curve in enumerate(curves.values()):
        style = look(number)
        # A rate of 0 lies at minus infinity; it is drawn at the axes' beginning.
        across, up = (
            ndtri(np.clip(values, begin, _ENDS[-1])) for values in (curve.apcer, curve.bpcer)
        )
        handles += axis.plot(across, up, color=style.colour, linestyle=style.line, linewidth=1.8)
        if curve.marks:
            marked = ndtri(np.clip(np.array(curve.marks), begin, end))
            axis.plot(
                *marked.T, style.marker, color=style.colour, markersize=7, clip_on=False, zorder=3
            )
            handles[-1].set_marker(style.marker)
            handles[-1].set_markevery([])
    ticks = [tick for tick in _TICKS if begin <= tick <= end]
    labels = [f"{100 * tick:g}" for tick in ticks]
    axis.set_xticks(ndtri(ticks), labels)
    axis.set_yticks(ndtri(ticks), labels)
    axis.set(xlim=limits, ylim=limits, xlabel=f"APCER of {attacks}, %", ylabel="BPCER, %")
    axis.grid(color=INK, alpha=FAINT, linewidth=0.6)
    axis.set_aspect("equal")
    add_legend(figure, handles, list(curves))
    alt = "; ".join(
        f"{system}: both error rates are {wording.percent(_meeting(curve))} where they meet"
        for system, curve in curves.items()
    )
    return Chart(
        name,
        title,
        to_svg(figure, name),
        f"BPCER against APCER of {attacks}, on normal-deviate axes. {alt}.",
    )


def roc_chart(name: str, curves: Mapping[str, Curve], areas: Mapping[str, float]) -> Chart:
    """Draw the share of attacks that are recognised against BPCER.

    Args:
        name: of the chart.
        curves: by system, all attacks pooled.
        areas: area under each system's curve, a fraction of 1.
    """
    figure = new_figure(WIDTH, HEIGHT + 20 * ((len(curves) + 1) // 2))
    (axis,) = new_axes(figure)
    axis.plot([0, 100], [0, 100], color=INK, alpha=2 * FAINT, linewidth=1, linestyle=":")
    handles = []
    for number, curve in enumerate(curves.values()):
        style = look(number)
        across, up = 100 * curve.bpcer, 100 * (1 - curve.apcer)
        handles += axis.plot(across, up, color=style.colour, linestyle=style.line, linewidth=1.8)
        handles[-1].set(marker=style.marker, markersize=6, markevery=_MARKED)
    axis.set(xlim=(-2, 102), ylim=(-2, 102), xlabel="BPCER, %", ylabel="attacks recognised, %")
    axis.grid(color=INK, alpha=FAINT, linewidth=0.6)
    axis.set_aspect("equal")
    add_legend(figure, handles, list(curves))
    alt = "; ".join(f"{system}: area {wording.area(areas[system])}" for system in curves)
    return Chart(
        name,
        "Receiver operating characteristic (ROC)",
        to_svg(figure, name),
        f"Share of attacks recognised against BPCER, all attacks pooled. {alt}.",
    )


def _meeting(curve):
    """The rate where the two error rates of a curve are closest."""
    nearest = int(np.argmin(np.abs(curve.apcer - curve.bpcer)))
    return float((curve.apcer[nearest] + curve.bpcer[nearest]) / 2)
