"""Numbers and names as a reader of a report sees them, and default names of systems."""

import pytest

from despoof_keras.evaluation.report import wording
from despoof_keras.evaluation.report.naming import names_of

N = wording.NARROW


def test_rates_are_percentages_with_a_unit():
    assert wording.percent(1 / 48) == f"2.1{N}%"
    assert wording.percent(0.0) == f"0.0{N}%"
    assert wording.percent(-0.0) == f"0.0{N}%"
    assert wording.percent(1.0) == f"100.0{N}%"
    assert wording.percent(None) == wording.MISSING
    assert wording.bound("0.05") == f"5{N}%"
    assert wording.bound("0.10") == f"10{N}%"


def test_differences_have_a_sign_unless_they_vanish():
    assert wording.points(0.021) == "+2.1"
    assert wording.points(-0.021) == f"{wording.MINUS}2.1"
    assert wording.points(-0.0001) == "0.0"
    assert wording.points(0.0001) == "0.0"


def test_intervals_are_in_the_figures_unit():
    assert wording.interval([0, 0.0625]) == "0.0 to 6.2"
    assert wording.interval([-0.05, 0.5]) == f"{wording.MINUS}5.0 to 50.0"
    assert wording.interval([0.98, 1.0], 1.0, 3) == "0.980 to 1.000"
    assert wording.interval(None) == ""


def test_counts_agree_with_their_nouns():
    assert wording.count(1, "subject") == "1 subject"
    assert wording.count(4950, "presentation") == "4,950 presentations"
    counts = {"bona_fide": 48, "print_10": 2, "print_2": 1}
    assert wording.composition({"bona_fide": 1, "attack": 2}) == (
        "1 bona fide; 2 attacks of unnamed species"
    )
    assert wording.composition(counts) == "48 bona fide; 3 attacks: print 2 1, print 10 2"


def test_numbers_in_names_sort_as_numbers():
    names = ["10", "9", "b", "a2", "a10", ""]
    assert sorted(names, key=wording.natural) == ["", "9", "10", "a2", "a10", "b"]


def test_scores_have_four_digits():
    assert [wording.score(value) for value in (0.25, -1.23456, 1234.0, 0.0)] == [
        "0.2500",
        f"{wording.MINUS}1.235",
        "1234",
        "0.000",
    ]


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["runs/a/scores/test-noise.csv", "runs/b/scores/test-noise.csv"], ["a", "b"]),
        (["s/test-noise.csv", "s/test-depth.csv"], ["noise", "depth"]),
        (["s/noise_test.csv", "t/noise_test.csv"], ["s", "t"]),
        (["a/x/test.csv", "b/y/test.csv"], ["a/x", "b/y"]),
        (["ours/test-noise.csv"], ["noise"]),
        (["ours/test.csv"], ["ours"]),
        (["ours/scores/test.csv"], ["ours"]),
        (["runs/p1-seed0/model.keras"], ["p1-seed0"]),
        (["a/test.csv", "a/b/test.csv"], ["test", "b/test"]),
        (["a b/test.csv", "c d/test.csv"], ["a b", "c d"]),
        # Folders that all have in common stand between the parts that differ, too.
        (
            ["full/p1/scores/test-noise.csv", "cnn/p1/scores/test-score.csv"],
            ["full/noise", "cnn"],
        ),
        (
            ["all/p1/scores/test-noise.csv", "c/cnn/p1/scores/test-score.csv"],
            ["all/noise", "c/cnn"],
        ),
        (["p1/scores/test-noise.csv", "p2/scores/test-depth.csv"], ["p1/noise", "p2/depth"]),
        (
            ["a/p1/test-score.csv", "a/p1/test-noise.csv", "b/p1/test-score.csv"],
            ["a", "a/noise", "b"],
        ),
        (["a/score/x.csv", "a/test-score/y.csv"], ["score/x", "test-score/y"]),
        (["a/test.csv", "a/eval.csv"], ["test", "eval"]),
    ],
)
def test_systems_are_named_by_the_parts_in_which_their_paths_differ(paths, names):
    assert names_of(paths, ["dev.csv"] * len(paths)) == names


def test_the_same_test_file_is_told_apart_by_dev_and_else_by_a_number():
    tests = ["s/test.csv", "s/test.csv"]
    assert names_of(tests, ["s/dev1.csv", "s/dev2.csv"]) == ["s, dev dev1", "s, dev dev2"]
    repeated = names_of(tests, ["s/dev.csv", "s/dev.csv"])
    assert len(set(repeated)) == 2
    assert all(name.startswith("s") for name in repeated)
