"""Scores of frames to videos, thresholds from dev, rates on test: by hand."""

import dataclasses

import numpy as np
import pytest

from despoof_keras.errors import DataError
from despoof_keras.evaluation.figures import draw_scores, noise_spectrum
from despoof_keras.evaluation.rates import add_fusion, dev_threshold, rates_at, threshold_rule
from despoof_keras.evaluation.video_scores import FrameScores
from despoof_keras.models.scores import SCORE_NAMES

SPECIES = ("bona_fide", "print_1", "print_2", "replay_1", "replay_2")


def frame_scores(values, pais):
    """One frame a video; all scores the same."""
    keys = tuple(f"video_{number}" for number in range(len(values)))
    scores = {name: np.array(values, float) for name in SCORE_NAMES}
    return FrameScores(keys, (0,) * len(values), tuple(pais), scores)


def random_scores(seed, count=40):
    random = np.random.default_rng(seed)
    pais = [SPECIES[number % 5] for number in range(count)]
    attack = np.array([pai != "bona_fide" for pai in pais])
    frames = frame_scores(np.zeros(count), pais)
    scores = {name: random.normal(attack, 0.7) for name in SCORE_NAMES}
    return dataclasses.replace(frames, scores=scores)


def rates_of(dev, test, name="noise"):
    return rates_at(test.by_video(), name, dev_threshold(dev.by_video(), name)[1])


def test_a_video_scores_the_mean_of_its_frames_that_have_a_score():
    frames = FrameScores(
        ("b", "a", "b", "a", "c"),
        (0, 0, 1, 1, 0),
        ("bona_fide", "print_1", "bona_fide", "print_1", "replay_2"),
        {"noise": np.array([1.0, 4.0, 3.0, np.nan, np.nan])},
    )
    videos = frames.by_video()
    assert videos.keys == ("b", "a", "c")
    assert videos.pais == ("bona_fide", "print_1", "replay_2")
    np.testing.assert_array_equal(videos.scores["noise"], [2.0, 4.0, np.nan])


def test_the_threshold_of_dev_leaves_out_what_has_no_score():
    pais = ("bona_fide", "bona_fide", "bona_fide", "print_1", "replay_1", "replay_1")
    videos = frame_scores([1, 2, np.nan, 4, 5, np.nan], pais).by_video()
    assert dev_threshold(videos, "noise") == (0.0, 3.0)


@pytest.mark.parametrize(
    ("source", "named"), [("", ""), ("set, protocol 1", " of set, protocol 1")]
)
def test_the_rule_of_a_threshold_names_the_videos(source, named):
    assert threshold_rule(source) == (
        f"equal error rate of the dev videos{named}, each video's score the mean of its frames"
    )


def test_the_threshold_is_devs_and_the_rates_are_tests():
    # Dev separates at (2 + 4) / 2 = 3. Test at 3: bona fide 1, 5 -> BPCER 1/2; print 2, 8 ->
    # APCER 1/2 (print_1 is missed, print_2 found); replay 7, 9 -> 0. ACER = (1/2 + 1/2) / 2.
    dev = frame_scores([1, 2, 4, 5], ("bona_fide", "bona_fide", "print_1", "replay_1"))
    test = frame_scores([1, 5, 2, 8, 7, 9], ("bona_fide", *SPECIES))
    assert dev_threshold(dev.by_video(), "noise") == (0.0, 3.0)
    rates = rates_of(dev, test)
    assert rates["threshold"] == 3.0
    assert rates["apcer"] == {"print": 0.5, "replay": 0.0}
    assert rates["apcer_species"] == {
        "print_1": 1.0,
        "print_2": 0.0,
        "replay_1": 0.0,
        "replay_2": 0.0,
    }
    assert (rates["bpcer"], rates["acer"], rates["acer_species"]) == (0.5, 0.5, 0.75)
    assert rates["hter"] == (0.25 + 0.5) / 2
    # Of the eight pairs, an attack is above in (2,8,7,9 over 1) + (8,7,9 over 5).
    assert rates["auc"] == 7 / 8


def test_videos_without_a_score_are_counted_not_rated():
    dev = frame_scores([1, 2, 4, 5], ("bona_fide", "bona_fide", "print_1", "replay_1"))
    values, pais = [1, 5, 2, 7, np.nan, np.nan], ("bona_fide", "bona_fide", "print_1", "replay_1")
    rates = rates_of(dev, frame_scores(values, (*pais, "print_1", "bona_fide")))
    assert rates["failures_to_acquire"] == 2
    assert (rates["apcer"], rates["bpcer"]) == ({"print": 1.0, "replay": 0.0}, 0.5)


def test_an_instrument_without_any_score_is_an_error_not_a_rate():
    pais = ("bona_fide", "bona_fide", "print_1", "replay_1")
    dev, test = frame_scores([1, 2, 4, 5], pais), frame_scores([1, 2, np.nan, 5], pais)
    with pytest.raises(DataError, match=r"noise: .*no video of print has one"):
        rates_of(dev, test)


def test_fusion_is_fitted_on_dev_alone_and_is_linear():
    dev, test = random_scores(1), random_scores(2)
    fused_dev, fused_test = add_fusion(dev, test)
    _, other_test = add_fusion(dev, random_scores(3))
    alone = add_fusion(dev, dev)[1]
    np.testing.assert_array_equal(alone.scores["fusion"], fused_dev.scores["fusion"])
    features = [np.stack([f.scores[n] for n in SCORE_NAMES], 1) for f in (test, random_scores(3))]
    fused = [fused_test.scores["fusion"], other_test.scores["fusion"]]
    design = np.column_stack([features[0], np.ones(len(features[0]))])
    weights = np.linalg.lstsq(design, fused[0], rcond=None)[0]
    np.testing.assert_allclose(features[1] @ weights[:3] + weights[3], fused[1], atol=1e-9)
    assert (weights[:3] > 0).all()


def test_fusion_needs_both_classes():
    with pytest.raises(DataError, match="both classes"):
        add_fusion(frame_scores([1, 2], ("print_1", "print_2")), random_scores(1))


def test_spectrum_has_its_peak_where_the_wave_is():
    x = np.arange(32)
    wave = np.tile(np.cos(2 * np.pi * 5 * x / 32), (32, 1))[..., None]
    spectrum = noise_spectrum(wave)
    peaks = {tuple(int(i) for i in index) for index in np.argwhere(spectrum > 1)}
    assert peaks == {(16, 16 - 5), (16, 16 + 5)}
    assert spectrum.max() == pytest.approx(np.log1p(32 * 32 / 2))


def test_score_picture_is_a_png(tmp_path):
    frames = random_scores(1)
    scores = {name: rates_of(frames, frames, name) for name in SCORE_NAMES}
    draw_scores(tmp_path / "scores.png", frames.by_video(), {"scores": scores})
    assert (tmp_path / "scores.png").read_bytes().startswith(b"\x89PNG")
