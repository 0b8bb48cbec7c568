"""Paired differences between systems, and the curves."""

import dataclasses

import numpy as np
import pytest
from random_scores import random_table

from despoof_keras.errors import DataError
from despoof_keras.evaluation.comparison import compare
from despoof_keras.evaluation.curves import det_points, roc_points
from despoof_keras.evaluation.summary import summarise


def shifted(table, scores):
    return dataclasses.replace(table, spoof_scores=scores)


def test_the_difference_is_that_of_the_figures():
    dev, test, other = random_table(1), random_table(2), random_table(3)
    (comparison,) = compare({"a": (dev, test), "b": (dev, other)}, resamples=100)
    figures = [summarise(dev, table, resamples=20) for table in (test, other)]
    assert comparison["systems"] == ["a", "b"]
    assert comparison["presentations"] == len(test.keys)
    for name in ("apcer", "bpcer", "acer", "auc"):
        assert comparison["difference"][name] == pytest.approx(figures[0][name] - figures[1][name])
        low, high = comparison["intervals"][name]
        assert low <= comparison["difference"][name] <= high


def test_the_same_scores_do_not_differ_in_any_order():
    dev, test = random_table(1), random_table(2)
    turned = test.take(np.arange(len(test.keys))[::-1])
    (comparison,) = compare({"a": (dev, test), "b": (dev, turned)}, resamples=100)
    assert set(comparison["difference"]["bpcer_at_apcer"].values()) == {0.0}
    assert comparison["intervals"]["auc"] == pytest.approx([0.0, 0.0], abs=1e-12)


def test_pairing_narrows_the_interval_where_both_fail_on_the_same_people():
    dev, test = random_table(1, subjects=20), random_table(2, subjects=20)
    noise = np.random.default_rng(0).normal(0, 0.1, len(test.keys))
    close = shifted(test, test.spoof_scores + noise)
    (comparison,) = compare({"a": (dev, test), "b": (dev, close)}, resamples=300)
    low, high = comparison["intervals"]["auc"]
    own_low, own_high = summarise(dev, test, resamples=300)["intervals"]["auc"]
    assert high - low < (own_high - own_low) / 3


def test_systems_without_errors_may_differ():
    dev, test = random_table(1, gap=90.0), random_table(2, gap=90.0)
    (comparison,) = compare({"a": (dev, test), "b": (dev, test)}, resamples=50)
    upper = 1.0 - 0.025 ** (1 / 6)  # none of six subjects, for either system
    np.testing.assert_allclose(comparison["intervals"]["bpcer"], [-upper, upper])
    np.testing.assert_allclose(comparison["intervals"]["acer"], [-upper, upper])
    # With the same errors, they are as good as each other.
    dev, test = random_table(1, gap=0.5), random_table(2, gap=0.5)
    (comparison,) = compare({"a": (dev, test), "b": (dev, test)}, resamples=50)
    np.testing.assert_allclose(comparison["intervals"]["acer"], [0.0, 0.0], atol=1e-12)


def test_all_pairs_or_those_that_are_named():
    systems = {name: (random_table(1), random_table(seed)) for seed, name in enumerate("abc")}
    names = [c["systems"] for c in compare(systems, resamples=10)]
    assert names == [["a", "b"], ["a", "c"], ["b", "c"]]
    (only,) = compare(systems, resamples=10, pairs=[("c", "a")])
    assert only["systems"] == ["c", "a"]


def test_other_presentations_are_an_error_that_names_one():
    dev, test = random_table(1), random_table(2)
    fewer = dataclasses.replace(test.take(np.arange(1, len(test.keys))), source="b.csv")
    with pytest.raises(DataError, match=f"{test.keys[0]} has no row in b.csv"):
        compare({"a": (dev, test), "b": (dev, fewer)})
    with pytest.raises(DataError, match=f"{test.keys[0]} has no row"):
        compare({"b": (dev, fewer), "a": (dev, test)})
    pais = test.pais.copy()
    pais[3] = "mask"
    other = dataclasses.replace(test, pais=pais, source="b.csv")
    with pytest.raises(DataError, match=f"b.csv: {test.keys[3]}: expected the species"):
        compare({"a": (dev, test), "b": (dev, other)})


@pytest.mark.parametrize("decimals", [None, 0])
def test_curves_are_those_of_the_rates(decimals):
    table = random_table(4, decimals=decimals)
    bona_fide = table.spoof_scores[table.is_bona_fide]
    attack = table.spoof_scores[~table.is_bona_fide]
    apcer, bpcer = det_points(table)
    # Every point is the pair of rates at some threshold, an attack being what is not below it.
    pairs = {
        (np.mean(attack < t), np.mean(bona_fide >= t))
        for t in [*table.spoof_scores, table.spoof_scores.max() + 1]
    }
    assert {(round(a, 9), round(b, 9)) for a, b in zip(apcer, bpcer, strict=True)} <= {
        (round(a, 9), round(b, 9)) for a, b in pairs
    }
    assert (np.diff(apcer) >= 0).all()
    assert (np.diff(bpcer) <= 0).all()
    alarms, detected = roc_points(table)
    area = (
        np.trapezoid(detected, alarms) if hasattr(np, "trapezoid") else np.trapz(detected, alarms)
    )
    assert area == pytest.approx(summarise(table, table, resamples=5)["auc"])


def test_long_curves_are_thinned_to_their_ends():
    table = random_table(5, subjects=60, repeats=5)
    apcer, _ = det_points(table, most=50)
    whole, _ = det_points(table, most=10**6)
    assert len(apcer) <= 50 < len(whole)
    assert (apcer[0], apcer[-1]) == (whole[0], whole[-1])


def test_thinned_curves_keep_their_tails():
    table = random_table(5, subjects=80, repeats=8)
    apcer, bpcer = det_points(table, most=100)
    # Half of the points lie beyond the middle of the axes, where few presentations are.
    assert np.count_nonzero((apcer < 0.05) | (bpcer < 0.05)) > 30
    assert (apcer[(apcer > 0) & (apcer < 0.005)]).size >= 3
