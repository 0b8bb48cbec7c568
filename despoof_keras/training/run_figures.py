"""The figures of a run, from the score files that it leaves."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from despoof_keras.evaluation import metrics
from despoof_keras.evaluation.rates import FUSION
from despoof_keras.evaluation.report.page import System
from despoof_keras.evaluation.score_files import read_scores
from despoof_keras.evaluation.score_table import ScoreTable
from despoof_keras.evaluation.summary import summarise
from despoof_keras.metadata import SCORE_NAMES

NAMES = (*SCORE_NAMES, FUSION)
# Where `results.json` has all figures of each score.
SUMMARY = "summary"
# What `results.json` has of a summary under the score's name in "scores"; the rest stands under
# "summary". By name there and name in the summary.
_RATES = {
    "threshold": "threshold",
    "apcer": "apcer_instruments",
    "apcer_species": "apcer_species",
    "bpcer": "bpcer",
    "acer": "acer",
    "acer_species": "acer_species",
    "hter": "hter",
    "auc": "auc",
    "failures_to_acquire": "failures_to_acquire",
    "eer_dev": "eer_dev",
}


def score_path(folder: Path, split: str, name: str) -> Path:
    """Return the path of a run's score file."""
    return Path(folder) / "scores" / f"{split}-{name}.csv"


def read_systems(folder: Path) -> dict[str, System]:
    """Read a run's score files, and compute the figures of each score.

    Args:
        folder: of the run.

    Returns:
        Mapping from the name of each score to its dev and test scores with their figures.

    Raises:
        DataError: a score file is missing or damaged, or a split lacks a class.
    """
    systems = {}
    for name in NAMES:
        dev, test = (read_table(score_path(folder, split, name)) for split in ("dev", "test"))
        systems[name] = System(dev, test, summarise(dev, test))
    return systems


def has_scores(folder: Path) -> bool:
    """Whether a run's folder has all of its score files."""
    paths = (score_path(folder, split, name) for split in ("dev", "test") for name in NAMES)
    return all(path.is_file() for path in paths)


def read_table(path: Path) -> ScoreTable:
    """Read a score file of a run; where all is of one person, subjects are not told apart.

    Raises:
        DataError: the file is missing or damaged.
    """
    # Relative to the run's folder, so that figures say the same wherever it lies.
    source = str(Path(path.parent.name) / path.name)
    table = ScoreTable.of(
        read_scores(path), source, "Each video's score is the mean of its frames."
    )
    subjects = table.subjects
    if subjects is not None and len(set(subjects.tolist())) == 1:
        note = (
            f"{table.note} All are of one person: intervals are over videos, and tell nothing of "
            "other persons."
        )
        table = dataclasses.replace(table, subjects=None, note=note)
    return table


def results_of(systems: Mapping[str, System], score: str | None = None) -> dict:
    """What `results.json` says of a run's scores.

    Args:
        systems: as from `read_systems`.
        score: the one that the model is to give; None for the best on dev.

    Returns:
        `{"best_score", "scores", "summary"}`. `best_score` is `score`, or the single score with the
        lowest EER on dev; of equals, the one with the highest AUC on dev. `scores` has the error
        rates of each score: `apcer` is by instrument, with its makes pooled, and `acer` follows
        from the worst of them; `apcer_species` and `acer_species` are bob's reading, which counts
        each make separately. `summary` has all figures of each score, as from `summary.summarise`.
    """
    rank = {
        name: (system.figures["eer_dev"], -_auc(system.dev))
        for name, system in systems.items()
        if name != FUSION
    }
    figures = {name: system.figures for name, system in systems.items()}
    scores = {
        name: {key: values[source] for key, source in _RATES.items()}
        for name, values in figures.items()
    }
    best = score or min(rank, key=rank.__getitem__)
    return {"best_score": best, "scores": scores, SUMMARY: figures}


def _auc(table: ScoreTable) -> float:
    table = table.select(table.acquired)
    scores = table.spoof_scores
    return metrics.auc(scores[table.is_bona_fide], scores[~table.is_bona_fide])
