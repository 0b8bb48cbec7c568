"""The figures of a system: hand-computed cases, and what must not change them."""

import dataclasses
import json

import numpy as np
import pytest
from random_scores import random_table

from despoof_keras.errors import DataError
from despoof_keras.evaluation import metrics
from despoof_keras.evaluation.score_table import ScoreTable
from despoof_keras.evaluation.summary import summarise


def by_hand(scores, subjects=True):
    """Twelve presentations of two subjects: four bona fide, four prints of two makes, replays."""
    pais = np.repeat(["bona_fide", "print_1", "print_2", "replay_1"], [4, 2, 2, 4])
    names = np.array(list("abababababab"))
    phones = np.array(list("112211221122"))
    keys = tuple(map(str, range(12)))
    groups = {"phone": phones}
    return ScoreTable(
        keys, pais, np.array(scores, float), names if subjects else None, groups, "s.csv"
    )


DEV = by_hand([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
# Threshold 3.5: one bona fide presentation of four is rejected, one print of make 2 and two of
# four replays pass.
TEST = by_hand([0, 1, 2, 9, 4, 5, 6, 3, 8, 9, 1, 2])


def test_hand_computed_rates():
    figures = summarise(DEV, TEST, resamples=50)
    assert figures["threshold"] == 3.5
    assert figures["eer_dev"] == 0.0
    assert figures["bpcer"] == 0.25
    assert figures["apcer_instruments"] == {"print": 0.25, "replay": 0.5}
    assert figures["apcer_species"] == {"print_1": 0.0, "print_2": 0.5, "replay_1": 0.5}
    assert figures["apcer"] == 0.5
    assert figures["acer"] == 0.375
    assert figures["hter"] == (3 / 8 + 1 / 4) / 2
    assert figures["bpcer_at_apcer"] == {"0.01": 0.25, "0.05": 0.25, "0.10": 0.25}
    assert figures["achieved_apcer"] == {"0.01": 0.5, "0.05": 0.5, "0.10": 0.5}
    assert figures["species"]["print_1"]["count"] == 2
    assert figures["species"]["print_1"]["bpcer_at_apcer"]["0.01"] == 0.25
    assert figures["subjects"] == {"dev": 2, "test": 2}
    assert figures["counts"]["test"] == {"bona_fide": 4, "print_1": 2, "print_2": 2, "replay_1": 4}


def test_hand_computed_groups():
    phone = summarise(DEV, TEST, resamples=50)["groups"]["phone"]
    # Phone 1: bona fide 0, 1; prints 4, 5; replays 8, 9. Phone 2: 2, 9; 6, 3; 1, 2.
    first, second = phone["values"]["1"], phone["values"]["2"]
    assert (first["bpcer"], first["apcer"], first["bona_fide"], first["attack"]) == (0, 0, 2, 4)
    assert (second["bpcer"], second["apcer"]) == (0.5, 1.0)
    assert phone["largest_difference"]["bpcer"]["difference"] == 0.5
    assert phone["largest_difference"]["bpcer"]["between"] == ["2", "1"]
    assert phone["largest_difference"]["apcer"]["difference"] == 1.0


def test_points_are_those_of_the_metrics():
    dev, test = random_table(1, decimals=1), random_table(2, decimals=1)
    figures = summarise(dev, test, resamples=20)
    bona_fide, attack = test.spoof_scores[test.is_bona_fide], test.spoof_scores[~test.is_bona_fide]
    instruments = test.instruments[~test.is_bona_fide]
    threshold = figures["threshold"]
    assert figures["acer"] == metrics.acer(bona_fide, attack, instruments, threshold)
    assert figures["hter"] == metrics.hter(bona_fide, attack, threshold)
    assert figures["auc"] == pytest.approx(metrics.auc(bona_fide, attack))
    for bound, value in figures["threshold_at_apcer"].items():
        dev_attack = dev.spoof_scores[~dev.is_bona_fide]
        dev_instruments = dev.instruments[~dev.is_bona_fide]
        assert metrics.apcer(dev_attack, dev_instruments, value) <= float(bound)
        assert figures["bpcer_at_apcer"][bound] == metrics.bpcer(bona_fide, value)
        assert figures["achieved_apcer"][bound] == metrics.apcer(attack, instruments, value)


def limits_of(figures, path=()):
    """All intervals with their figures, from anywhere in the summary."""
    for name, limits in figures.get("intervals", {}).items():
        if isinstance(limits, dict):
            for key, own in limits.items():
                yield (*path, name, key), figures[name][key], own
        else:
            yield (*path, name), figures[name], limits
    for name, inner in figures.items():
        if isinstance(inner, dict) and name != "intervals":
            yield from limits_of(inner, (*path, name))


@pytest.mark.parametrize("seed", range(5))
def test_intervals_are_in_order(seed):
    figures = summarise(random_table(seed), random_table(seed + 50, gap=4.0), resamples=100)
    listed = list(limits_of(figures))
    assert len(listed) > 30
    for path, point, limits in listed:
        assert 0.0 <= limits[0] <= point <= limits[1] <= 1.0, path


def test_nothing_that_errs_has_an_interval_wider_than_nothing():
    figures = summarise(random_table(1, gap=90.0), random_table(2, gap=90.0), resamples=50)
    assert figures["acer"] == 0.0
    upper = 1.0 - 0.025 ** (1 / 6)  # none of six subjects
    for name in ("apcer", "bpcer", "acer", "hter", "eer_dev"):
        np.testing.assert_allclose(figures["intervals"][name], [0.0, upper])
    np.testing.assert_allclose(figures["intervals"]["auc"], [1.0 - upper, 1.0])


def rounded(value):
    if isinstance(value, dict):
        return {name: rounded(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [rounded(inner) for inner in value]
    return round(value, 9) if isinstance(value, float) else value


def test_order_of_rows_and_monotone_transforms_change_nothing():
    dev, test = random_table(1), random_table(2)
    figures = summarise(dev, test, resamples=100)
    random = np.random.default_rng(0)
    shuffled = [table.take(random.permutation(len(table.keys))) for table in (dev, test)]
    assert rounded(summarise(*shuffled, resamples=100)) == rounded(figures)
    bent = [
        type(table)(
            table.keys, table.pais, np.exp(table.spoof_scores / 3), table.subjects, table.groups
        )
        for table in (dev, test)
    ]
    moved = summarise(*bent, resamples=100)
    # The thresholds lie midway, elsewhere than the transformed ones, but decide alike on dev.
    assert moved["auc"] == pytest.approx(figures["auc"])
    assert moved["eer_dev"] == figures["eer_dev"]
    assert moved["bpcer"] == pytest.approx(figures["bpcer"], abs=1 / 24)


def test_subjects_twice_over_leave_the_rates():
    dev, test = random_table(1), random_table(2)
    twice = test.take(np.tile(np.arange(len(test.keys)), 2))
    subjects = np.concatenate([test.subjects, np.char.add(test.subjects, "x")])
    twice = type(test)(twice.keys, twice.pais, twice.spoof_scores, subjects, twice.groups)
    single, double = (summarise(dev, table, resamples=200) for table in (test, twice))
    for name in ("apcer", "bpcer", "acer", "hter", "auc"):
        assert double[name] == pytest.approx(single[name])
        widths = [high - low for low, high in (f["intervals"][name] for f in (single, double))]
        assert widths[1] < widths[0]


def test_failures_to_acquire_are_counted_and_left_out():
    scores = np.array([0, 1, 2, np.nan, 4, 5, 6, 3, 8, 9, 1, np.nan])
    figures = summarise(DEV, by_hand(scores), resamples=20)
    assert figures["failures_to_acquire"] == 2
    assert figures["species"]["replay_1"]["failures_to_acquire"] == 1
    assert figures["species"]["replay_1"]["apcer"] == pytest.approx(1 / 3)
    assert figures["bpcer"] == 0.0
    assert figures["groups"]["phone"]["values"]["2"]["bona_fide"] == 1


def test_without_subjects_presentations_are_drawn():
    dev, test = by_hand(DEV.spoof_scores, subjects=False), by_hand(TEST.spoof_scores, False)
    figures = summarise(dev, test, resamples=20)
    assert figures["resampling"]["unit"] == "presentation"
    assert figures["subjects"] == {"dev": None, "test": None}


def test_species_that_dev_lacks_have_no_threshold_of_their_own():
    dev = DEV.select(DEV.pais != "print_2")
    species = summarise(dev, TEST, resamples=20)["species"]
    assert species["print_2"]["bpcer_at_apcer"] is None
    assert species["print_2"]["intervals"]["bpcer_at_apcer"] is None
    assert species["print_2"]["apcer"] == 0.5
    assert species["print_1"]["bpcer_at_apcer"] is not None


def test_the_figures_are_json():
    figures = summarise(random_table(1), random_table(2), resamples=20)
    assert json.loads(json.dumps(figures, allow_nan=False)) == figures


def test_a_split_without_a_class_is_an_error():
    with pytest.raises(DataError, match=r"s\.csv: test: expected scores of bona fide and attack"):
        summarise(DEV, TEST.select(TEST.is_bona_fide))
    lost = by_hand([0, 1, 2, 9, 4, 5, 6, 3, *[np.nan] * 4])
    with pytest.raises(DataError, match="no presentation of replay has one"):
        summarise(DEV, lost)
    alone = TEST.select(TEST.subjects == "a")
    with pytest.raises(DataError, match="at least two subjects"):
        summarise(DEV, alone)


def one_kind_without_errors():
    """Replays never pass; prints of half the subjects do."""
    test = random_table(2, subjects=10, gap=90.0)
    scores = test.spoof_scores.copy()
    passing = np.char.startswith(test.pais, "print") & (test.subjects.astype(int) < 5)
    scores[passing] = -90.0
    return dataclasses.replace(test, spoof_scores=scores)


def test_a_mean_has_the_interval_of_the_draws_and_its_part_without_errors_an_exact_one():
    figures = summarise(random_table(1, gap=90.0), one_kind_without_errors(), resamples=200)
    limits = figures["intervals"]
    upper = 1.0 - 0.025 ** (1 / 10)  # none of ten subjects
    assert figures["apcer_instruments"] == {"print": 0.5, "replay": 0.0}
    np.testing.assert_allclose(limits["bpcer"], [0.0, upper])
    np.testing.assert_allclose(figures["instruments"]["replay"]["intervals"]["apcer"], [0.0, upper])
    low, high = limits["apcer"]
    assert 0.1 < low < 0.5 < high < 0.9
    # No draw rejects a bona fide presentation.
    np.testing.assert_allclose(limits["acer"], [low / 2, high / 2])
    assert figures["resampling"]["incomplete"] == 0.0


def test_resamples_that_lack_an_instrument_are_told():
    test = random_table(2)
    only_first = (test.pais == "replay_1") & (test.subjects != "0")
    figures = summarise(random_table(1), test.select(~only_first), resamples=400)
    # One subject of six has all replays: (5 / 6)^6 of the resamples go without.
    assert figures["resampling"]["incomplete"] == pytest.approx((5 / 6) ** 6, abs=0.1)
    low, high = figures["instruments"]["replay"]["intervals"]["apcer"]
    assert high - low > 0.5  # a single subject says little


def test_groups_without_errors_may_differ():
    table = random_table(2, gap=90.0)
    largest = summarise(random_table(1, gap=90.0), table, resamples=50)["groups"]["phone"][
        "largest_difference"
    ]
    upper = 1.0 - 0.025 ** (1 / 6)
    assert largest["bpcer"]["difference"] == 0.0
    np.testing.assert_allclose(largest["bpcer"]["interval"], [-upper, upper])


def test_names_of_species_and_groups_are_names_alone():
    dev, test = random_table(1), random_table(2)

    def renamed(table):
        names = {"bona_fide": "bona_fide", "print_1": "z_1", "print_2": "z_2", "replay_1": "a_1"}
        pais = np.array([names[pai] for pai in table.pais])
        return dataclasses.replace(table, pais=pais, groups={"camera": table.groups["phone"]})

    first = summarise(dev, test, resamples=50)
    second = summarise(renamed(dev), renamed(test), resamples=50)
    for name in ("apcer", "acer", "auc", "bpcer_at_apcer"):
        assert rounded(first[name]) == rounded(second[name])
    assert rounded(first["intervals"]) == rounded(second["intervals"])
    assert rounded(first["species"]["print_2"]) == rounded(second["species"]["z_2"])
    assert rounded(first["groups"]["phone"]) == rounded(second["groups"]["camera"])


def test_a_group_that_lacks_an_instrument_has_the_interval_of_the_others():
    test = random_table(2, gap=90.0)
    test = test.select((test.pais != "replay_1") | (test.groups["phone"] != "1"))
    values = summarise(random_table(1, gap=90.0), test, resamples=50)["groups"]["phone"]["values"]
    upper = 1.0 - 0.025 ** (1 / 6)
    for value in values.values():
        np.testing.assert_allclose(value["intervals"]["apcer"], [0.0, upper])
