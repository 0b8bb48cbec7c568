"""Resampling of subjects: the weights, the percentiles, figures without spread."""

import numpy as np
import pytest
from random_scores import random_table
from scipy import stats
from sklearn.metrics import roc_auc_score

from despoof_keras.errors import DataError
from despoof_keras.evaluation import metrics
from despoof_keras.evaluation.bootstrap import (
    difference_interval,
    distribution,
    exact_interval,
    has_spread,
    interval,
    percentiles,
)
from despoof_keras.evaluation.system_rates import SystemRates
from despoof_keras.evaluation.thresholds import Thresholds
from despoof_keras.evaluation.weighted_rates import Units, weighted_aucs, weighted_eer


def drawn_weights(units, resamples=40, seed=3):
    kept = []

    def keep(weights):
        kept.append(weights)
        return weights[:, :1].T

    distribution(keep, units, 1, resamples, seed)
    return np.concatenate(kept)


def repeated(table, units, weights):
    """The table in which every presentation occurs as often as its unit was drawn."""
    return table.take(np.repeat(np.arange(len(table.keys)), weights[units.codes].astype(int)))


def test_weights_count_what_was_drawn():
    weights = drawn_weights(units=7, resamples=500)
    assert weights.shape == (500, 7)
    assert (weights.sum(axis=1) == 7).all()
    assert set(np.unique(weights)) <= set(range(8))
    # Each unit is drawn once on average; the mean of 500 has a standard error of 0.04.
    np.testing.assert_allclose(weights.mean(axis=0), 1.0, atol=0.25)


def test_small_batches_draw_the_same(monkeypatch):
    whole = distribution(lambda w: w.T, 5, 1, 60, seed=1)
    monkeypatch.setattr("despoof_keras.evaluation.bootstrap._MOST_WEIGHTS", 35)
    np.testing.assert_array_equal(distribution(lambda w: w.T, 5, 1, 60, seed=1), whole)
    assert (distribution(lambda w: w.T, 5, 1, 60, seed=2) != whole).any()


@pytest.mark.parametrize("units", [0, 1])
def test_one_subject_cannot_be_drawn_from(units):
    with pytest.raises(DataError, match=f"two subjects.*received {units}"):
        distribution(lambda w: w.T, units, 1)


def test_percentiles_contain_the_figure():
    samples = np.linspace(0.1, 0.3, 201)
    np.testing.assert_allclose(interval(samples, 0.2, units=9), [0.105, 0.295])
    # The worst of several rates is often larger in resamples than in the data.
    np.testing.assert_allclose(interval(samples, 0.05, units=9), [0.05, 0.295])
    assert interval(np.array([np.nan, np.nan]), 0.2, units=9) is None
    assert interval(samples, np.nan, units=9) is None
    np.testing.assert_allclose(interval(np.append(samples, np.nan), 0.2, units=9), [0.105, 0.295])


def test_no_error_of_n_subjects_has_the_exact_interval():
    # Clopper and Pearson: with no error of n, the upper limit solves (1 - p)^n = 0.025.
    expected = 1.0 - 0.025 ** (1 / 20)
    np.testing.assert_allclose(interval(np.zeros(9), 0.0, units=20), [0.0, expected])
    np.testing.assert_allclose(interval(np.ones(9), 1.0, units=20), [1.0 - expected, 1.0])
    assert exact_interval(0.0, 0) == [0.0, 1.0]


@pytest.mark.parametrize(("errors", "units"), [(0, 7), (3, 7), (7, 7), (1, 55)])
def test_the_exact_interval_is_that_of_scipy(errors, units):
    expected = stats.binomtest(errors, units).proportion_ci(0.95, "exact")
    np.testing.assert_allclose(exact_interval(errors / units, units), [*expected], atol=1e-12)


def test_figures_without_spread_are_told_by_what_they_are_not_by_their_value():
    # A single subject, of whose videos a third is rejected, is drawn again and again.
    assert not has_spread(np.full(9, 1 / 3), 1 / 3)
    low, high = interval(np.full(9, 1 / 3), 1 / 3, units=1)
    assert low < 0.05
    assert high > 0.95
    assert has_spread(np.array([0.0, 0.5, np.nan]), 0.0)
    assert interval(np.array([0.0, 0.5] * 50), 0.0, units=3)[1] == 0.5


def test_percentiles_without_the_figure():
    np.testing.assert_allclose(percentiles(np.linspace(-1, 1, 401)), [-0.95, 0.95])
    assert percentiles(np.array([np.nan])) is None


def test_two_figures_without_spread_leave_open_which_is_larger():
    none, one, spread = np.zeros(9), np.ones(9), np.linspace(0.1, 0.3, 9)
    # Up to 0.16 and up to 0.5, though neither is seen to move.
    limits = [[0.0, 0.16], [0.0, 0.5]]
    np.testing.assert_allclose(difference_interval([none, none], [0.0, 0.0], limits), [-0.5, 0.16])
    limits = [[0.84, 1.0], [0.0, 0.5]]
    np.testing.assert_allclose(difference_interval([one, none], [1.0, 0.0], limits), [0.34, 1.0])
    # Draws that move a figure tell how the difference moves, and equal systems do not differ.
    limits = [[0.1, 0.3], [0.0, 0.5]]
    expected = np.quantile(spread, [0.025, 0.975])
    np.testing.assert_allclose(difference_interval([spread, none], [0.2, 0.0], limits), expected)
    assert difference_interval([spread, spread], [0.2, 0.2], [limits[0]] * 2) == [0.0, 0.0]
    assert difference_interval([spread, none], [np.nan, 0.0], [None, limits[1]]) is None


@pytest.mark.parametrize("decimals", [None, 0])
def test_figures_of_resamples_are_those_of_repeated_presentations(decimals):
    table = random_table(5, decimals=decimals)
    units = Units.of(table)
    thresholds = Thresholds.of(random_table(6, decimals=decimals))
    rates = SystemRates(table, thresholds, units)
    weights = drawn_weights(units.count)
    figures, eers = rates(weights), weighted_eer(table, units, weights)
    for row, own_weights in enumerate(weights):
        own = repeated(table, units, own_weights)
        bona_fide, attack = own.spoof_scores[own.is_bona_fide], own.spoof_scores[~own.is_bona_fide]
        instruments = own.instruments[~own.is_bona_fide]
        at = (bona_fide, attack, instruments, thresholds.eer)
        assert figures["acer",][row] == pytest.approx(metrics.acer(*at))
        assert figures["apcer",][row] == metrics.apcer(*at[1:])
        hter = metrics.hter(bona_fide, attack, thresholds.eer)
        assert figures["hter",][row] == pytest.approx(hter)
        assert figures["auc",][row] == pytest.approx(metrics.auc(bona_fide, attack))
        prints = own.spoof_scores[own.pais == "print_1"]
        assert figures["species", "print_1", "auc"][row] == pytest.approx(
            metrics.auc(bona_fide, prints)
        )
        assert eers[row] == pytest.approx(metrics.eer(bona_fide, attack)[0])
        at_phone = own.select(own.groups["phone"] == "1")
        scores = at_phone.spoof_scores[at_phone.is_bona_fide]
        assert figures["groups", "phone", "1", "bpcer"][row] == metrics.bpcer(
            scores, thresholds.eer
        )


def test_weighted_auc_is_that_of_scikit_learn():
    table = random_table(8, decimals=1)
    units = Units.of(table)
    for weights in drawn_weights(units.count, resamples=10):
        values = weighted_aucs(table, units, weights[None], {"all": ~table.is_bona_fide})
        expected = roc_auc_score(
            ~table.is_bona_fide, table.spoof_scores, sample_weight=weights[units.codes]
        )
        assert values["all"][0] == pytest.approx(expected)


def test_the_interval_is_that_of_scipy_on_subjects():
    table = random_table(9, subjects=12)
    units, threshold = Units.of(table), 1.0
    wrong = [
        table.spoof_scores[(units.codes == unit) & table.is_bona_fide] >= threshold
        for unit in range(units.count)
    ]
    shares = np.array([values.mean() for values in wrong])  # of equal size for all subjects
    expected = stats.bootstrap(
        (shares,), np.mean, n_resamples=2000, method="percentile", random_state=0
    ).confidence_interval
    rates = SystemRates(table, Thresholds(threshold, {}, {}), units)
    samples = distribution(lambda w: rates(w)["bpcer",][None], units.count, 1, 2000)[0]
    np.testing.assert_allclose(interval(samples, rates.points()["bpcer",], 12), expected, atol=0.05)


def test_subjects_who_are_alike_in_all_their_videos_widen_the_interval():
    subjects = np.repeat(np.arange(20), 10)
    scores = (subjects % 4 == 0).astype(float)  # a quarter of the subjects is always rejected
    pais = np.full(200, "bona_fide")
    pais[5::10], scores[5::10] = "print_1", 2.0
    keys = tuple(map(str, range(200)))
    widths = []
    for names in (subjects.astype(str), None):
        table = random_table(0).take(np.zeros(200, int))
        table = type(table)(keys, pais, scores, names)
        units = Units.of(table)
        rates = SystemRates(table, Thresholds(1.0, {}, {}), units)
        samples = distribution(lambda w, r=rates: r(w)["bpcer",][None], units.count, 200)[0]
        low, high = interval(samples, 0.25, units.count)
        widths.append(high - low)
    # Nine bona fide videos of a subject say no more than a single one: three times the width.
    assert widths[0] / widths[1] == pytest.approx(3.0, rel=0.15)


def test_intervals_over_subjects_cover_the_rate_and_those_over_videos_do_not():
    """Every subject has a habit of his own; the rate of all subjects is 0.3 by symmetry of it."""
    random = np.random.default_rng(0)
    covered = {"subject": 0, "presentation": 0}
    runs, subjects, videos = 150, 30, 12
    for _ in range(runs):
        habits = random.choice([0.05, 0.55], subjects)
        wrong = random.random((subjects, videos)) < habits[:, None]
        for unit, shares in (("subject", wrong.mean(axis=1)), ("presentation", wrong.ravel())):
            samples = distribution(lambda w, s=shares: (w @ s / len(s))[None], len(shares), 1, 300)
            low, high = interval(samples[0], wrong.mean(), len(shares))
            covered[unit] += low <= 0.3 <= high
    # 95 % are wanted; 150 runs tell that apart from 88 % or less.
    assert covered["subject"] / runs > 0.88
    assert covered["presentation"] / runs < 0.8
