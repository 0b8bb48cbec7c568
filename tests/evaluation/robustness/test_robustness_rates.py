"""Rates and flips of all conditions, by hand."""

import math

import numpy as np
import pytest

from despoof_keras.datasets.samples import VideoSample
from despoof_keras.errors import DataError
from despoof_keras.evaluation import metrics
from despoof_keras.evaluation.robustness.conditions import Condition
from despoof_keras.evaluation.robustness.rates import rates_by_condition

NAN = math.nan
PAIS = ("bona_fide", "bona_fide", "print_1", "print_2", "replay_1", "replay_1")
SAMPLES = [VideoSample(f"{i}.avi", str(i), i % 3, 1, pai) for i, pai in enumerate(PAIS)]
CONDITIONS = (Condition("shift", 0.1), Condition("gamma", 2.0), Condition("blur", 0.04))
#                      as is  shift gamma blur
SCORES = np.array(
    [
        [0.1, 0.6, 0.1, NAN],
        [0.7, 0.8, 0.2, NAN],
        [0.9, 0.9, 0.4, 0.9],
        [0.8, 0.5, 0.3, 0.8],
        [0.6, 0.4, 0.7, NAN],
        [0.9, 0.9, NAN, NAN],
    ]
)


@pytest.fixture(scope="module")
def results():
    return rates_by_condition(SAMPLES, CONDITIONS, SCORES, 0.5, resamples=200)


def test_rates_and_flips_are_those_counted_by_hand(results):
    baseline, (shift, gamma, blur) = results["baseline"], results["conditions"]
    assert (baseline["bpcer"], baseline["apcer"], baseline["flips"]) == (0.5, 0.0, 0.0)
    assert (baseline["count"], baseline["failures_to_acquire"]) == (6, 0)
    # A score at the threshold is called an attack.
    assert (shift["bpcer"], shift["apcer"]) == (1.0, 0.5)
    assert shift["apcer_instruments"] == {"print": 0.0, "replay": 0.5}
    assert shift["flips"] == pytest.approx(2 / 6)
    assert (gamma["bpcer"], gamma["apcer"], gamma["flips"]) == (0.0, 1.0, 3 / 5)
    assert gamma["apcer_instruments"] == {"print": 1.0, "replay": 0.0}
    assert (gamma["count"], gamma["failures_to_acquire"]) == (5, 1)
    assert (blur["bpcer"], blur["apcer"], blur["flips"]) == (None, 0.0, 0.0)
    assert blur["apcer_instruments"] == {"print": 0.0}
    assert (shift["family"], shift["label"], shift["strength"]) == ("shift", "10 %", 0.1)
    assert baseline["mean_score_bona_fide"] == pytest.approx(0.4)
    assert baseline["mean_score_attack"] == pytest.approx(0.8)
    assert blur["mean_score_bona_fide"] is None


def test_rates_are_those_of_the_metrics():
    random = np.random.default_rng(3)
    pais = random.choice(sorted(set(PAIS)), 60)
    samples = [VideoSample(f"{i}.avi", str(i), i % 7, 1, str(pai)) for i, pai in enumerate(pais)]
    scores = random.normal(size=(60, 2))
    results = rates_by_condition(samples, CONDITIONS[:1], scores, 0.2, resamples=50)
    is_bona_fide = pais == "bona_fide"
    for column, row in enumerate((results["baseline"], *results["conditions"])):
        bona_fide, attack = scores[is_bona_fide, column], scores[~is_bona_fide, column]
        instruments = [s.instrument for s in samples if s.label]
        assert row["bpcer"] == pytest.approx(metrics.bpcer(bona_fide, 0.2))
        assert row["apcer"] == pytest.approx(metrics.apcer(attack, instruments, 0.2))


def test_intervals_hold_their_rates_and_those_of_a_whole_subject(results):
    for row in (results["baseline"], *results["conditions"]):
        for rate in ("bpcer", "apcer", "flips"):
            limits = row.get(f"{rate}_interval")
            if limits is not None:
                assert 0 <= limits[0] <= row[rate] <= limits[1] <= 1
    # One of the two subjects with a bona fide presentation errs.
    assert results["baseline"]["bpcer_interval"] == [0.0, 1.0]
    assert "flips_interval" not in results["baseline"]
    assert results["conditions"][2]["bpcer_interval"] is None
    assert results["resampling"]["unit"] == "subject"


def test_one_subject_gives_rates_without_intervals():
    samples = [VideoSample(f"{i}.avi", str(i), 1, 1, pai) for i, pai in enumerate(PAIS)]
    results = rates_by_condition(samples, CONDITIONS, SCORES, 0.5)
    assert results["conditions"][0]["bpcer"] == 1.0
    assert "bpcer_interval" not in results["baseline"]


def test_a_class_or_an_instrument_without_a_score_is_refused():
    scores = SCORES.copy()
    scores[4:, 0] = NAN
    with pytest.raises(DataError, match=r"2 of bona_fide, 2 of print, 0 of replay"):
        rates_by_condition(SAMPLES, CONDITIONS, scores, 0.5)
    with pytest.raises(DataError, match=r"received 2 of print, 2 of replay"):
        rates_by_condition(SAMPLES[2:], CONDITIONS, SCORES[2:], 0.5)
