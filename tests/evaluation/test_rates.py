"""Scores by video, thresholds from dev and rates on test, compared with hand computations."""

import dataclasses

import numpy as np
import pytest

from despoof_keras.errors import DataError
from despoof_keras.evaluation.figures import draw_scores, noise_spectrum
from despoof_keras.evaluation.rates import add_fusion, evaluate
from despoof_keras.evaluation.video_scores import FrameScores
from despoof_keras.models.scores import SCORE_NAMES

SPECIES = ("bona_fide", "print_1", "print_2", "replay_1", "replay_2")


def frame_scores(values, pais):
    """Return scores of videos with a single frame, the same values for every score."""
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


def test_a_video_has_the_mean_score_of_its_frames_that_have_one():
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


def test_the_threshold_comes_from_dev_and_the_rates_from_test():
    # Dev separates at (2 + 4) / 2 = 3. Test at 3: bona fide 1, 5 -> BPCER 1/2; print 2, 8 ->
    # APCER 1/2 (print_1 is missed, print_2 detected); replay 7, 9 -> 0. ACER = (1/2 + 1/2) / 2.
    dev = frame_scores([1, 2, 4, 5], ("bona_fide", "bona_fide", "print_1", "replay_1"))
    test = frame_scores([1, 5, 2, 8, 7, 9], ("bona_fide", *SPECIES))
    results = evaluate(dev, test)
    rates = results["scores"]["noise"]
    assert rates["threshold"] == 3.0
    assert rates["eer_dev"] == 0.0
    assert rates["apcer"] == {"print": 0.5, "replay": 0.0}
    assert rates["apcer_species"] == {
        "print_1": 1.0,
        "print_2": 0.0,
        "replay_1": 0.0,
        "replay_2": 0.0,
    }
    assert (rates["bpcer"], rates["acer"], rates["acer_species"]) == (0.5, 0.5, 0.75)
    assert rates["hter"] == (0.25 + 0.5) / 2
    # Of eight pairs the attack is higher in seven: 2, 8, 7 and 9 above 1, and 8, 7 and 9 above 5.
    assert rates["auc"] == 7 / 8


def test_videos_without_a_score_are_counted_and_left_out_of_the_rates():
    dev = frame_scores([1, 2, 4, 5], ("bona_fide", "bona_fide", "print_1", "replay_1"))
    values, pais = [1, 5, 2, 7, np.nan, np.nan], ("bona_fide", "bona_fide", "print_1", "replay_1")
    rates = evaluate(dev, frame_scores(values, (*pais, "print_1", "bona_fide")))["scores"]["noise"]
    assert rates["failures_to_acquire"] == 2
    assert (rates["apcer"], rates["bpcer"]) == ({"print": 1.0, "replay": 0.0}, 0.5)


def test_an_instrument_without_any_score_is_refused():
    pais = ("bona_fide", "bona_fide", "print_1", "replay_1")
    dev, test = frame_scores([1, 2, 4, 5], pais), frame_scores([1, 2, np.nan, 5], pais)
    with pytest.raises(DataError, match=r"noise: .*no video of print has a score"):
        evaluate(dev, test)


def test_the_best_score_is_chosen_on_dev_and_is_never_the_fusion():
    pais = ("bona_fide", "bona_fide", "print_1", "replay_1")
    dev = frame_scores([1, 2, 4, 5], pais)
    worse = {**dev.scores, "noise": np.array([1.0, 4.5, 4.0, 5.0]), "zero_one_map": -np.ones(4)}
    dev = dataclasses.replace(dev, scores={**worse, "fusion": np.arange(4.0)})
    test = frame_scores([1, 2, 4, 5], pais)
    test = dataclasses.replace(test, scores={**test.scores, "fusion": np.arange(4.0)})
    assert evaluate(dev, test)["best_score"] == "depth"


def test_the_fusion_is_fitted_on_dev_only_and_is_linear():
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


def test_the_fusion_needs_both_classes():
    with pytest.raises(DataError, match="both classes"):
        add_fusion(frame_scores([1, 2], ("print_1", "print_2")), random_scores(1))


def test_the_spectrum_has_its_peak_at_the_frequency_of_the_wave():
    x = np.arange(32)
    wave = np.tile(np.cos(2 * np.pi * 5 * x / 32), (32, 1))[..., None]
    spectrum = noise_spectrum(wave)
    peaks = {tuple(int(i) for i in index) for index in np.argwhere(spectrum > 1)}
    assert peaks == {(16, 16 - 5), (16, 16 + 5)}
    assert spectrum.max() == pytest.approx(np.log1p(32 * 32 / 2))


def test_the_figure_of_scores_is_a_png(tmp_path):
    frames = random_scores(1)
    draw_scores(tmp_path / "scores.png", frames.by_video(), evaluate(frames, frames))
    assert (tmp_path / "scores.png").read_bytes().startswith(b"\x89PNG")
