"""A threshold on few presentations: by hand, with its band, and what cannot be known."""

import numpy as np
import pytest

from despoof_keras.errors import DataError
from despoof_keras.evaluation.calibration import Aim, calibrate, clips_needed
from despoof_keras.evaluation.score_table import ScoreTable

LIVE = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
PRINTS, REPLAYS = [0.55, 2.0, 2.1, 2.2], [0.95, 3.0, 3.1, 3.2]


def table_of(live=LIVE, prints=(), replays=(), subjects=True):
    scores = [*live, *prints, *replays]
    pais = ["bona_fide"] * len(live) + ["print_1"] * len(prints) + ["replay"] * len(replays)
    # Two clips of each person.
    names = np.array([f"s{number // 2}" for number in range(len(scores))])
    keys = tuple(f"clip{number}" for number in range(len(scores)))
    return ScoreTable(keys, np.array(pais), np.array(scores), names if subjects else None)


@pytest.mark.parametrize(
    ("rate", "threshold", "bpcer"), [(0.2, 0.85, 0.2), (0.1, 0.95, 0.1), (0.25, 0.85, 0.2)]
)
def test_bona_fide_presentations_alone_give_a_threshold_by_their_error_rate(rate, threshold, bpcer):
    found = calibrate(table_of(), Aim("bpcer", rate))
    assert found["threshold"] == pytest.approx(threshold)
    assert found["bpcer"]["rate"] == pytest.approx(bpcer)
    assert found["apcer"] is None
    assert found["outside_band"]["attack_wrong"] is None
    assert found["presentations"] == {"bona_fide": 10, "attack": 0}
    assert found["subjects"] == 5


def test_no_bona_fide_presentation_may_be_refused():
    found = calibrate(table_of(), Aim("bpcer", 0.0))
    assert found["threshold"] == np.nextafter(1.0, 2)
    assert found["bpcer"]["rate"] == 0
    # Of five people none was refused: Clopper and Pearson's upper limit is 1 - 0.025 ** (1 / 5).
    assert found["bpcer"]["interval"] == pytest.approx([0, 1 - 0.025**0.2])


def test_the_bound_on_attacks_is_that_of_the_worst_instrument():
    found = calibrate(table_of(LIVE, PRINTS, REPLAYS), Aim("apcer", 0.25))
    # A quarter of the replays lies below 0.95 and of the prints below 0.55; up to 1.5 it is that.
    assert found["threshold"] == pytest.approx(1.5)
    rates = {name: rate["rate"] for name, rate in found["apcer"].items()}
    assert rates == {"print": 0.25, "replay": 0.25}
    strict = calibrate(table_of(LIVE, PRINTS, REPLAYS), Aim("apcer", 0.0))
    assert strict["threshold"] == pytest.approx(0.525)
    assert strict["bpcer"]["rate"] == 0.5


def test_without_a_bound_both_error_rates_are_equal():
    found = calibrate(table_of(LIVE, PRINTS, REPLAYS), Aim("eer"))
    assert found["needed"] is None
    wrong = sum(score < found["threshold"] for score in PRINTS + REPLAYS) / 8
    assert found["bpcer"]["rate"] == pytest.approx(wrong, abs=0.1)


def test_the_band_is_around_the_threshold_and_shares_add_up():
    table = table_of(LIVE, PRINTS, REPLAYS)
    found = calibrate(table, Aim("bpcer", 0.2))
    low, high = found["uncertain_from"], found["uncertain_to"]
    assert low < found["threshold"] < high
    shares, live, attack = found["outside_band"], np.array(LIVE), np.array(PRINTS + REPLAYS)
    assert shares["bona_fide_wrong"] == np.mean(live >= high)
    assert shares["bona_fide_undecided"] == pytest.approx(np.mean((live >= low) & (live < high)))
    assert shares["attack_wrong"] == np.mean(attack < low)
    assert shares["attack_undecided"] == np.mean((attack >= low) & (attack < high))
    assert calibrate(table, Aim("bpcer", 0.2)) == found  # drawn anew by the same seed


def test_one_persons_clips_have_no_band_and_others_are_drawn_as_wholes():
    table = table_of()
    one = ScoreTable(table.keys, table.pais, table.spoof_scores, np.array(["anna"] * 10))
    found = calibrate(one, Aim("bpcer", 0.2))
    assert found["uncertain_from"] == found["uncertain_to"] == found["threshold"]
    assert found["subjects"] == 1
    unknown = calibrate(table_of(subjects=False), Aim("bpcer", 0.2))
    assert unknown["subjects"] is None
    # Clips that are taken for independent pretend to know more.
    persons = calibrate(table_of(), Aim("bpcer", 0.2))
    width = [each["uncertain_to"] - each["uncertain_from"] for each in (unknown, persons)]
    assert width[0] < width[1]


def test_clips_without_a_face_are_counted_and_belong_to_no_rate():
    table = table_of([*LIVE, np.nan])
    found = calibrate(table, Aim("bpcer", 0.2))
    assert found["failures_to_acquire"] == 1
    assert found["presentations"]["bona_fide"] == 10
    assert found["threshold"] == pytest.approx(0.85)


@pytest.mark.parametrize(
    ("rate", "number"), [(0.05, 59), (0.01, 299), (0.1, 29), (0.5, 5), (0.0, None)]
)
def test_how_many_clips_without_an_error_bound_a_rate(rate, number):
    assert clips_needed(rate) == number
    if number:
        assert (1 - rate) ** number <= 0.05 < (1 - rate) ** (number - 1)


def test_what_cannot_be_known_is_refused():
    with pytest.raises(DataError, match="expected attacks for a threshold by the APCER"):
        calibrate(table_of(), Aim("apcer", 0.05))
    with pytest.raises(DataError, match="expected bona fide presentations"):
        calibrate(table_of([], PRINTS), Aim("bpcer", 0.05))
    for wrong in (-0.1, 1.0, 5, float("nan")):
        with pytest.raises(DataError, match="--bpcer: expected a rate"):
            Aim("bpcer", wrong)
