"""What scores must be like for there to be rates, and what looks like a mistake."""

from __future__ import annotations

import numpy as np

from despoof_keras.errors import DataError, shown
from despoof_keras.evaluation import metrics
from despoof_keras.evaluation.score_presentations import ROW
from despoof_keras.evaluation.score_table import ScoreTable

# Below this area under dev's ROC curve, the scores are more likely turned round than that bad: a
# guess has 0.5.
TURNED_AUC = 0.3


def check_table(table: ScoreTable) -> None:
    """Check that a table has error rates.

    Raises:
        DataError: a class, or every score of it or of an instrument, is missing; all scores are the
            same; all presentations are of one subject.
    """
    source = table.source or "scores"
    acquired = table.select(table.acquired)
    for what, mask, with_score in (
        ("bona fide", table.is_bona_fide, acquired.is_bona_fide),
        ("attack", ~table.is_bona_fide, ~acquired.is_bona_fide),
    ):
        if not mask.any():
            raise DataError(
                f"{source}: expected bona fide and attack presentations; no row is of "
                f"{'an attack' if what == 'attack' else 'a bona fide one'}"
            )
        if not with_score.any():
            raise DataError(
                f"{source}: expected scores of {what} presentations; none of the "
                f"{np.count_nonzero(mask)} has one"
            )
    lost = sorted(set(table.instruments) - set(acquired.instruments))
    if lost:
        raise DataError(
            f"{source}: expected a score of every attack instrument; no presentation of "
            f"{shown(', '.join(lost))} has one. Without its rows, it would be left out"
        )
    if len(set(acquired.spoof_scores.tolist())) == 1:
        raise DataError(
            f"{source}: expected scores that differ; all {len(acquired.keys)} are the same"
        )
    if table.subjects is not None and len(set(table.subjects.tolist())) == 1:
        raise DataError(
            f"{source}: expected presentations of at least two subjects; all are of "
            f"{shown(table.subjects[0])}. Without names of subjects, intervals would be over "
            "presentations"
        )


def pair_warnings(dev: ScoreTable, test: ScoreTable) -> list[str]:
    """Say what speaks against applying thresholds of one table to another.

    Returns:
        Whole sentences for the reader of a report; none where nothing is suspicious.
    """
    warnings = []
    shared = set(dev.keys) & set(test.keys)
    if dev.keys == test.keys and np.array_equal(
        dev.spoof_scores, test.spoof_scores, equal_nan=True
    ):
        warnings.append(
            "Dev and test have the same scores. A threshold that is chosen on the presentations it "
            "is tested on makes the rates too low."
        )
    elif any(not key.startswith(ROW) for key in shared):
        example = next(key for key in test.keys if key in shared)
        warnings.append(
            f"Dev and test share {len(shared):,} of {len(test.keys):,} presentations, such as "
            f"{shown(example)}. The thresholds fit them better than they would others."
        )
    if dev.subjects is not None and test.subjects is not None:
        people = set(dev.subjects.tolist()) & set(test.subjects.tolist())
        if people:
            noun = "name" if len(people) == 1 else "names"
            warnings.append(
                f"Dev and test share {len(people):,} {noun} of subjects. If they are the same "
                "people, the thresholds fit the test better than they would strangers."
            )
    return warnings + turned_scores(dev)


def turned_scores(dev: ScoreTable) -> list[str]:
    """A warning where dev's scores are so wrong that they may be turned round, else none."""
    dev = dev.select(dev.acquired)
    area = metrics.auc(dev.spoof_scores[dev.is_bona_fide], dev.spoof_scores[~dev.is_bona_fide])
    if area >= TURNED_AUC:
        return []
    return [
        f"In {dev.source or 'dev'}, bona fide presentations score as attacks should: the area "
        f"under the ROC curve is {area:.3f}. If the file's scores are the other way round, say so "
        "with --higher attack or --higher bona_fide."
    ]
