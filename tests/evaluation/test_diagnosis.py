"""Threshold error and ranking error by hand-computed cases."""

import numpy as np
import pytest

from despoof_keras.evaluation.diagnosis import diagnose
from despoof_keras.evaluation.score_table import ScoreTable


def table(bona_fide, **attacks):
    """Scores of bona fide presentations and of attacks by species."""
    scores = [*bona_fide, *(score for values in attacks.values() for score in values)]
    pais = ["bona_fide"] * len(bona_fide)
    pais += [name for name, values in attacks.items() for _ in values]
    return ScoreTable(tuple(map(str, range(len(scores)))), np.array(pais), np.array(scores, float))


DEV = table([0.0, 0.1, 0.2, 0.3], print_1=[0.7, 0.8, 0.9, 1.0])


def test_scores_that_move_together_are_an_error_of_the_threshold_alone():
    moved = table([0.5, 0.6, 0.7, 0.8], print_1=[1.2, 1.3, 1.4, 1.5])
    figures = diagnose(DEV, moved)
    # Dev's threshold is 0.5: all bona fide presentations of test are called attacks.
    assert figures["threshold"] == pytest.approx(0.5)
    assert (figures["acer"], figures["best_acer"]) == (0.5, 0.0)
    assert figures["threshold_error"] == 0.5
    assert figures["best_threshold"] == pytest.approx(1.0)
    bona_fide = figures["media"]["bona_fide"]
    assert (bona_fide["error"], bona_fide["best_error"]) == (1.0, 0.0)
    # The quartiles of dev are 0.075 and 0.225, the medians 0.15 and 0.65.
    assert bona_fide["shift"] == pytest.approx(0.5 / 0.15)
    assert "auc" not in bona_fide


def test_a_medium_that_looks_live_is_an_error_of_the_ranking():
    unseen = table([0.0, 0.1, 0.2, 0.3], print_1=[0.7, 0.8, 0.9, 1.0], print_2=[0.0, 0.1, 0.2, 0.3])
    figures = diagnose(DEV, unseen)
    # At 0.5 half of the prints are missed. At 0 all bona fide presentations are called attacks, and
    # at 0.25 three quarters of the finer prints are missed: 3/8 of all prints, and 1/4 of the bona
    # fide presentations: (3/8 + 1/4) / 2 is more than 1/4.
    assert figures["acer"] == 0.25
    assert figures["best_acer"] == 0.25
    assert figures["media"]["print_2"]["error"] == 1.0
    assert figures["media"]["print_2"]["auc"] == 0.5
    assert figures["media"]["print_2"]["dev_median"] is None
    assert figures["media"]["print_1"]["auc"] == 1.0


def test_failures_to_acquire_do_not_count():
    without = diagnose(DEV, table([0.0, 0.6], print_1=[0.8]))
    assert diagnose(DEV, table([0.0, np.nan, 0.6], print_1=[0.8, np.nan])) == without
    assert without["acer"] == 0.25
