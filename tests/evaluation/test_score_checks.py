"""What speaks against thresholds of one table for another."""

import dataclasses

import numpy as np
from random_scores import random_table

from despoof_keras.evaluation.score_checks import pair_warnings, turned_scores
from despoof_keras.evaluation.score_presentations import ROW


def renamed(table, start):
    return dataclasses.replace(
        table,
        keys=tuple(start + key for key in table.keys),
        subjects=np.char.add(start, table.subjects),
    )


def test_other_people_and_the_right_sign_give_no_warning():
    assert pair_warnings(renamed(random_table(1), "d"), renamed(random_table(2), "t")) == []


def test_the_same_scores_are_told():
    dev = renamed(random_table(1), "d")
    warnings = pair_warnings(dev, dataclasses.replace(dev, source="other.csv"))
    assert "the same scores" in warnings[0]
    assert "share 6 names of subjects" in warnings[1]


def test_shared_presentations_and_people_are_told():
    dev, test = random_table(1), renamed(random_table(2), "t")
    keys = (dev.keys[0], *test.keys[1:])
    test = dataclasses.replace(test, keys=keys)
    (warning,) = pair_warnings(dev, test)
    assert warning.startswith(f"Dev and test share 1 of 96 presentations, such as {dev.keys[0]}.")
    subjects = np.concatenate([dev.subjects[:1], test.subjects[1:]])
    test = dataclasses.replace(test, subjects=subjects)
    assert "share 1 name of subjects" in pair_warnings(dev, test)[1]


def test_rows_without_names_are_not_the_same():
    dev, test = (
        dataclasses.replace(
            random_table(seed),
            keys=tuple(f"{ROW}{number}" for number in range(96)),
            subjects=None,
        )
        for seed in (1, 2)
    )
    assert pair_warnings(dev, test) == []


def test_scores_the_wrong_way_round_are_told():
    dev = random_table(1, gap=3.0)
    assert turned_scores(dev) == []
    turned = dataclasses.replace(dev, spoof_scores=-dev.spoof_scores, source="dev.csv")
    (warning,) = turned_scores(turned)
    assert warning.startswith("In dev.csv, bona fide presentations score as attacks should")
    assert "--higher" in warning
    # No better than a guess is no sign of it.
    assert turned_scores(random_table(1, gap=0.0)) == []
