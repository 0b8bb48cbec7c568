"""Error rates and thresholds compared with hand computations."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from despoof_keras.errors import DataError
from despoof_keras.evaluation import metrics

NAN, INF = float("nan"), float("inf")

# Bona fide 1 2 3 6, attacks 4 5 7 8 (print 4 7, replay 5 8).
BONA_FIDE = [3.0, 1.0, 6.0, 2.0]
ATTACK = [4.0, 5.0, 7.0, 8.0]
SPECIES = ["print", "replay", "print", "replay"]


def test_rates_by_hand():
    # t = 4.5: of the bona fide, only 6 is classified as an attack; of the attacks, 4 (print) is
    # missed.
    assert metrics.bpcer(BONA_FIDE, 4.5) == 1 / 4
    assert metrics.apcer_per_species(ATTACK, SPECIES, 4.5) == {"print": 1 / 2, "replay": 0.0}
    assert metrics.apcer(ATTACK, SPECIES, 4.5) == 1 / 2
    assert metrics.acer(BONA_FIDE, ATTACK, SPECIES, 4.5) == (1 / 2 + 1 / 4) / 2
    # Pooled, 1 of 4 attacks is missed.
    assert metrics.hter(BONA_FIDE, ATTACK, 4.5) == (1 / 4 + 1 / 4) / 2


def test_a_score_at_the_threshold_is_an_attack():
    # Bona fide 6 is a false alarm at t = 6; only attack 4 is missed at t = 5.
    assert metrics.bpcer(BONA_FIDE, 6.0) == 1 / 4
    assert metrics.bpcer(BONA_FIDE, np.nextafter(6.0, INF)) == 0.0
    assert metrics.apcer_per_species(ATTACK, SPECIES, 5.0) == {"print": 1 / 2, "replay": 0.0}


def test_det_curve_by_hand():
    thresholds, apcer, bpcer = metrics.det_curve(BONA_FIDE, ATTACK)
    assert thresholds[:-1].tolist() == [1.0, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5]
    assert thresholds[-1] == np.nextafter(8.0, INF)
    assert apcer.tolist() == [0, 0, 0, 0, 1 / 4, 2 / 4, 2 / 4, 3 / 4, 1]
    assert bpcer.tolist() == [1, 3 / 4, 2 / 4, 1 / 4, 1 / 4, 1 / 4, 0, 0, 0]
    # Worst species: print 4 is missed from 4.5 on, replay 5 from 5.5 on.
    assert metrics.det_curve(BONA_FIDE, ATTACK, SPECIES)[1].tolist() == [
        0, 0, 0, 0, 1 / 2, 1 / 2, 1 / 2, 1, 1
    ]  # fmt: skip


def test_eer_by_hand():
    # In the curve above the two rates meet at 4.5, 1/4 each.
    assert metrics.eer(BONA_FIDE, ATTACK) == (1 / 4, 4.5)
    assert metrics.threshold_at_eer(BONA_FIDE, ATTACK) == 4.5
    # Separated classes: the middle of the gap.
    assert metrics.eer([0.0, 1.0], [3.0, 9.0]) == (0.0, 2.0)
    # All scores the wrong way round.
    assert metrics.eer([3.0, 9.0], [0.0, 1.0]) == (1.0, 2.0)


def test_eer_ties_go_to_the_lowest_threshold_as_in_bob():
    # Bona fide 1 3 5, attacks 2 4: thresholds 1.5, 2.5, 3.5, 4.5 give APCER 0, 1/2, 1/2, 1 and
    # BPCER 2/3, 2/3, 1/3, 1/3; |difference| 2/3, 1/6, 1/6, 2/3: 2.5 and 3.5 tie, and 2.5 has the
    # higher HTER. For bob the scores are -5 -3 -1 and -4 -2; of the thresholds -3.5 and -2.5 it
    # chooses the highest, -2.5, which is 2.5 here.
    rate, threshold = metrics.eer([1.0, 3.0, 5.0], [2.0, 4.0])
    assert threshold == 2.5
    assert rate == pytest.approx((1 / 2 + 2 / 3) / 2)


def test_eer_tie_is_not_decided_by_rounding():
    # Bona fide 0 9, attacks 1 2 3: 1.5 gives APCER 1/3, BPCER 1/2; 2.5 gives 2/3 and 1/2. Both
    # differ by 1/6, but in floating point |1/3 - 1/2| is greater than |2/3 - 1/2|.
    assert abs(1 / 3 - 1 / 2) > abs(2 / 3 - 1 / 2)
    assert metrics.eer([0.0, 9.0], [1.0, 2.0, 3.0])[1] == 1.5


def test_eer_of_a_constant_score_is_a_half():
    rate, threshold = metrics.eer([1.0, 1.0, 1.0], [1.0, 1.0])
    assert rate == 0.5
    # bob's only candidate here accepts everything as bona fide.
    assert metrics.bpcer([1.0], threshold) == 0.0


def test_eer_does_not_change_if_classes_and_signs_are_swapped():
    rng = np.random.default_rng(1)
    for _ in range(50):
        # Classes of equal size without ties: the rates meet exactly, at a single threshold.
        bona_fide, attack = rng.normal(size=(2, 25))
        rate = metrics.eer(bona_fide, attack + 1)[0]
        assert rate == metrics.eer(-(attack + 1), -bona_fide)[0]


def test_thresholds_lie_between_neighbouring_floats():
    low = 1.0
    high = np.nextafter(low, 2.0)
    assert metrics.eer([low], [high]) == (0.0, high)
    assert metrics.bpcer([low], high) == 0.0
    huge = 0.9 * np.finfo(np.float64).max  # the sum of two such numbers overflows
    assert metrics.eer([-huge], [huge]) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("bound", "threshold"), [(0.0, 6.5), (0.24, 6.5), (0.25, 3.5), (0.5, 2.5), (1.0, 1.0)]
)
def test_threshold_at_bpcer_by_hand(bound, threshold):
    # The lowest threshold of the curve above whose BPCER meets the bound.
    assert metrics.threshold_at_bpcer(BONA_FIDE, ATTACK, bound) == threshold


@pytest.mark.parametrize(
    ("species", "bound", "threshold"),
    [
        (None, 0.0, 3.5),  # BPCER 1/4 at 3.5
        (None, 0.25, 3.5),  # 4.5 meets the bound too, but has the same BPCER and is higher
        (None, 0.5, 6.5),  # BPCER 0
        (SPECIES, 0.49, 3.5),  # print reaches 1/2 at 4.5
        (SPECIES, 0.5, 6.5),
        (None, 1.0, 6.5),
    ],
)
def test_threshold_at_apcer_by_hand(species, bound, threshold):
    assert metrics.threshold_at_apcer(BONA_FIDE, ATTACK, species, bound) == threshold


def test_bounds_are_exact():
    # 1 of 20 is 5 %, which meets the bound; 2 of 20 does not.
    bona_fide = np.arange(20.0)
    threshold = metrics.threshold_at_bpcer(bona_fide, [100.0], 0.05)
    assert threshold == 18.5
    assert metrics.bpcer(bona_fide, threshold) == 0.05
    threshold = metrics.threshold_at_apcer([-100.0, 30.0], np.arange(20.0), None, 0.05)
    assert metrics.hter([-100.0], np.arange(20.0), threshold) <= 0.05 / 2


def test_threshold_bounds_hold_and_no_better_candidate_exists():
    rng = np.random.default_rng(2)
    for _ in range(30):
        bona_fide = rng.integers(0, 12, 17).astype(float)  # many ties
        attack = rng.integers(4, 16, 23).astype(float)
        species = rng.choice(["a", "b", "c"], 23)
        bound = rng.uniform(0, 0.6)
        at_bpcer = metrics.threshold_at_bpcer(bona_fide, attack, bound)
        at_apcer = metrics.threshold_at_apcer(bona_fide, attack, species, bound)
        assert metrics.bpcer(bona_fide, at_bpcer) <= bound
        assert metrics.apcer(attack, species, at_apcer) <= bound
        for threshold in np.arange(-1.0, 18.0, 0.5):
            if metrics.bpcer(bona_fide, threshold) <= bound:
                assert metrics.apcer(attack, species, threshold) >= metrics.apcer(
                    attack, species, at_bpcer
                )
            if metrics.apcer(attack, species, threshold) <= bound:
                assert metrics.bpcer(bona_fide, threshold) >= metrics.bpcer(bona_fide, at_apcer)


def test_det_curve_is_monotone_and_agrees_with_the_rates():
    rng = np.random.default_rng(3)
    bona_fide = rng.normal(size=40).round(1)
    attack = rng.normal(1, 1, size=60).round(1)
    species = rng.choice(["print", "replay"], 60)
    thresholds, apcer, bpcer = metrics.det_curve(bona_fide, attack, species)
    assert (np.diff(thresholds) > 0).all()
    assert (np.diff(apcer) >= 0).all()
    assert (np.diff(bpcer) <= 0).all()
    assert (apcer[0], bpcer[0], apcer[-1], bpcer[-1]) == (0, 1, 1, 0)
    for t, misses, alarms in zip(thresholds, apcer, bpcer, strict=True):
        assert metrics.apcer(attack, species, t) == misses
        assert metrics.bpcer(bona_fide, t) == alarms


def test_auc_by_hand():
    # Of 16 pairs of attack and bona fide, 14 are in order; 4 and 5 are below 6.
    assert metrics.auc(BONA_FIDE, ATTACK) == 14 / 16
    assert metrics.auc([1.0, 1.0], [1.0]) == 0.5
    assert metrics.auc([2.0], [1.0]) == 0.0


def test_auc_agrees_with_scikit_learn():
    rng = np.random.default_rng(4)
    for decimals in (0, 1, 8):
        bona_fide = rng.normal(size=57).round(decimals)
        attack = rng.normal(0.7, 2, size=101).round(decimals)
        expected = roc_auc_score([0] * 57 + [1] * 101, np.concatenate([bona_fide, attack]))
        assert metrics.auc(bona_fide, attack) == pytest.approx(expected, abs=1e-12)


def test_rates_depend_only_on_the_order_of_scores():
    rng = np.random.default_rng(5)
    bona_fide, attack = rng.normal(size=31), rng.normal(1, 1, size=47)
    rate, threshold = metrics.eer(bona_fide, attack)
    stretched_rate, stretched = metrics.eer(np.exp(bona_fide), np.exp(attack))
    assert stretched_rate == rate
    assert metrics.bpcer(np.exp(bona_fide), stretched) == metrics.bpcer(bona_fide, threshold)
    assert metrics.auc(np.exp(bona_fide), np.exp(attack)) == metrics.auc(bona_fide, attack)


def calls(bona_fide, attack, species):
    """Return a call of every function that takes the scores of both classes."""
    return [
        lambda: metrics.hter(bona_fide, attack, 0.5),
        lambda: metrics.acer(bona_fide, attack, species, 0.5),
        lambda: metrics.eer(bona_fide, attack),
        lambda: metrics.threshold_at_eer(bona_fide, attack),
        lambda: metrics.threshold_at_bpcer(bona_fide, attack, 0.1),
        lambda: metrics.threshold_at_apcer(bona_fide, attack, species, 0.1),
        lambda: metrics.auc(bona_fide, attack),
        lambda: metrics.det_curve(bona_fide, attack, species),
    ]


@pytest.mark.parametrize("bad", [[], [NAN], [INF], [-INF], [[0.5]]])
def test_a_class_without_finite_scores_raises(bad):
    for call in calls(bad, [0.5], ["print"]):
        with pytest.raises(DataError, match="bona fide score"):
            call()
    for call in calls([0.5], bad, ["print"] * len(bad)):
        with pytest.raises(DataError, match="attack score"):
            call()
    with pytest.raises(DataError, match="bona fide score"):
        metrics.bpcer(bad, 0.5)
    with pytest.raises(DataError, match="attack score"):
        metrics.apcer(bad, ["print"] * len(bad), 0.5)


def test_the_error_about_nan_scores_names_the_remedy():
    with pytest.raises(DataError, match=r"received 2 NaN .*split_failures.* and 1 infinite"):
        metrics.bpcer([0.1, NAN, NAN, INF], 0.5)


def test_other_bad_arguments():
    with pytest.raises(DataError, match="species: expected 2 names"):
        metrics.apcer([0.1, 0.2], ["print"], 0.5)
    with pytest.raises(DataError, match="threshold: expected a number; received NaN"):
        metrics.bpcer([0.1], NAN)
    with pytest.raises(DataError, match="threshold: expected a number; received NaN"):
        metrics.apcer([0.1], ["print"], NAN)
    for bound in (-0.1, 5, NAN):
        with pytest.raises(DataError, match="max_bpcer: expected a fraction"):
            metrics.threshold_at_bpcer([0.1], [0.2], bound)
        with pytest.raises(DataError, match="max_apcer: expected a fraction"):
            metrics.threshold_at_apcer([0.1], [0.2], None, bound)


def test_split_failures_counts_only_nan():
    acquired, rate = metrics.split_failures([0.1, NAN, INF, NAN, 0.2])
    assert acquired.tolist() == [True, False, True, False, True]
    assert rate == pytest.approx(2 / 5)
    assert metrics.split_failures([0.1])[1] == 0.0
    with pytest.raises(DataError, match="at least one"):
        metrics.split_failures([])


def test_summarise_folds_uses_the_population_deviation():
    # 1, 2, 6: mean 3, squared deviations 4 + 1 + 9 = 14, divided by 3.
    assert metrics.summarise_folds([1.0, 2.0, 6.0]) == {
        "mean": 3.0,
        "std": pytest.approx((14 / 3) ** 0.5),
        "folds": 3,
    }
    nested = metrics.summarise_folds(
        [{"acer": 0.1, "apcer": {"print": 0.0}}, {"acer": 0.3, "apcer": {"print": 1.0}}]
    )
    assert nested["acer"] == {"mean": pytest.approx(0.2), "std": pytest.approx(0.1), "folds": 2}
    assert nested["apcer"]["print"] == {"mean": 0.5, "std": 0.5, "folds": 2}


def test_summarise_folds_needs_folds_with_the_same_keys():
    with pytest.raises(DataError, match="at least one"):
        metrics.summarise_folds([])
    with pytest.raises(DataError, match="same keys"):
        metrics.summarise_folds([{"acer": 0.1}, {"bpcer": 0.1}])


# Bona fide and attack scores, bona fide high, with the threshold, FAR and FRR that bob.measure
# 6.1.1's `eer_threshold` and `farfrr` give.
OF_BOB = [
    ([1, 3, 3, 3, 2, 3], [2, 1, -3, 2, 1], 1.5, 2 / 5, 1 / 6),
    ([2, 1, 5, 4, -3], [0, -1, 1, 0, -1, -2, -1], 0.5, 1 / 7, 1 / 5),
    ([6, 0, 1, 6, 3, 3], [0, -1, 0, 0], 0.5, 0, 1 / 6),
    ([4, 0, 4, 2, 0, 1], [1, -2, 1, -1], 0.5, 1 / 2, 1 / 3),
    ([-1, 3, 4, 1], [1, -2, -2, 0, -1, 0, 2], 0.5, 2 / 7, 1 / 4),
    ([4, 2, -1, 0, 4], [2, 1, 2, -1, -3, 0, -1], 0.5, 3 / 7, 2 / 5),
    ([1, 4, -3, 2, 2, -1, 3], [-1, 0, 1, 1, 2, 1, 0], 1.5, 1 / 7, 3 / 7),
]


@pytest.mark.parametrize(("bona_fide", "attack", "threshold", "far", "frr"), OF_BOB)
def test_ties_are_decided_as_by_bob(bona_fide, attack, threshold, far, frr):
    bona_fide, attack = -np.array(bona_fide), -np.array(attack)
    rate, own_threshold = metrics.eer(bona_fide, attack)
    assert own_threshold == -threshold
    assert rate == pytest.approx((far + frr) / 2)
    assert metrics.apcer(attack, ["print"] * len(attack), own_threshold) == pytest.approx(far)
    assert metrics.bpcer(bona_fide, own_threshold) == pytest.approx(frr)
