"""Distributions of spoof scores, one below the other, with the thresholds."""

from collections.abc import Mapping

import numpy as np

from despoof_keras.datasets.samples import BONA_FIDE
from despoof_keras.evaluation.report import wording
from despoof_keras.evaluation.report.charts import WIDTH, Chart
from despoof_keras.evaluation.report.svg import (
    FAINT,
    INK,
    LOOKS,
    add_legend,
    new_axes,
    new_figure,
    plain,
    to_svg,
)
from despoof_keras.evaluation.score_table import ScoreTable

# Pixels of one histogram, and of axis, margins and legend.
_ROW, _FRAME = 52, 92
_BINS = 48
# More species than these are drawn together.
_MOST_SPECIES = 10
_LINES = ("-", "--", ":", "-.")
# Scores beyond these percentiles do not decide about the bins, with a margin.
_OUTLYING = (0.5, 99.5)


def score_chart(name: str, system: str, test: ScoreTable, thresholds: Mapping[str, float]) -> Chart:
    """Draw the scores of each species: bona fide filled, attacks hatched.

    Args:
        name: of the chart.
        system: whose scores they are.
        test: the scores; failures to acquire are left out.
        thresholds: by what they are called in the legend.
    """
    scores = {
        pai: test.spoof_scores[mask & test.acquired] for pai, mask in _species_masks(test).items()
    }
    scores = {pai: values for pai, values in scores.items() if values.size}
    edges = _edges(np.concatenate(list(scores.values())), list(thresholds.values()))
    figure = new_figure(WIDTH, _ROW * len(scores) + _FRAME)
    axes = new_axes(figure, len(scores), 1, sharex=True)
    for axis, (pai, values) in zip(axes, scores.items(), strict=True):
        style = LOOKS[0] if pai == BONA_FIDE else LOOKS[1]
        looks = {"alpha": 0.75} if pai == BONA_FIDE else {"hatch": "////", "fill": False}
        inside = np.clip(values, edges[0], edges[-1])
        axis.hist(
            inside, edges, histtype="stepfilled", edgecolor=style.colour, facecolor=style.colour,
            linewidth=1.2, **looks,
        )  # fmt: skip
        handles = [
            axis.axvline(threshold, color=INK, linewidth=1.3, linestyle=line)
            for threshold, line in zip(thresholds.values(), _LINES, strict=False)
        ]
        axis.set_yticks([])
        axis.spines["left"].set_visible(False)
        axis.set_ylabel(
            f"{plain(wording.species_name(pai), 18)}\n{values.size:,}",
            rotation=0,
            ha="right",
            va="center",
        )
        axis.spines["bottom"].set_alpha(1 if axis is axes[-1] else 2 * FAINT)
        axis.tick_params(axis="x", length=3 if axis is axes[-1] else 0)
    axes[-1].set_xlabel("spoof score (higher: attack)")
    axes[-1].set_xlim(edges[0], edges[-1])
    add_legend(figure, handles, list(thresholds))
    medians = "; ".join(
        f"{wording.species_name(pai)}: median {wording.score(float(np.median(values)))} of "
        f"{wording.count(values.size, 'presentation')}"
        for pai, values in scores.items()
    )
    lines = ", ".join(f"{label} {wording.score(value)}" for label, value in thresholds.items())
    return Chart(
        name,
        f"Spoof scores of {system}",
        to_svg(figure, name),
        f"Histograms of spoof scores by species. {medians}. Thresholds: {lines}.",
    )


def _species_masks(test):
    """Bona fide first, then the species; those beyond the tenth together."""
    species = sorted(set(test.pais.tolist()) - {BONA_FIDE}, key=wording.natural)
    masks = {BONA_FIDE: test.is_bona_fide}
    masks |= {pai: test.pais == pai for pai in species[:_MOST_SPECIES]}
    others = species[_MOST_SPECIES:]
    if others:
        masks[f"{len(others)} other species"] = np.isin(test.pais, others)
    return masks


def _edges(values, thresholds):
    """Edges of the bins: the bulk of the scores and all thresholds, with outliers at the ends."""
    low, high = np.percentile(values, _OUTLYING)
    low, high = min(low, *thresholds), max(high, *thresholds)
    margin = 0.04 * (high - low) or max(abs(low), 1.0) * 1e-3
    # No bins where there are no scores.
    low, high = max(low - margin, min(values.min(), *thresholds) - margin), high + margin
    return np.linspace(low, high, _BINS + 1)
