"""A measurement on videos: what it scores, what flips, and how it goes on after an interruption."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
from media_files import write_video
from scoring import SIZE, brightness_model

from despoof_keras.datasets import Data, oulu_npu
from despoof_keras.datasets.crops import CropSettings
from despoof_keras.datasets.eye_files import write_eyes
from despoof_keras.datasets.prepare import prepare_crops
from despoof_keras.datasets.samples import VideoSample
from despoof_keras.errors import DataError
from despoof_keras.evaluation.labelled_crops import LabelledCrops
from despoof_keras.evaluation.robustness.conditions import Condition, conditions_of
from despoof_keras.evaluation.robustness.journal import Journal, has_journals
from despoof_keras.evaluation.robustness.measure import Measurement, choose, score_videos
from despoof_keras.evaluation.robustness.perturbation import CropJob, perturbed_crops
from despoof_keras.evaluation.robustness.results import RESULTS
from despoof_keras.evaluation.robustness.run import ModelFile, RobustnessRun
from despoof_keras.faces.crop import RELEASED_CROP, CropRule

DARKER = (Condition("darken", 0.5), Condition("gamma", 0.5))
EYES = np.array([40.0, 40.0, 80.0, 40.0])


class Interruption(Exception):
    """Stands for whatever ends a program."""


def plain_sample(folder, key, value, pai="bona_fide", subject=1, frames=2):
    """A video of one grey value, with eyes in its middle."""
    path = folder / f"{key}.avi"
    write_video(path, [np.full((120, 120, 3), value, np.uint8)] * frames)
    write_eyes(path.with_suffix(".txt"), dict.fromkeys(range(frames), EYES))
    return VideoSample(path, key, subject, 1, pai, eye_path=path.with_suffix(".txt"))


def job(sample, conditions, frames=2, **fields):
    return CropJob(sample, conditions, SIZE, RELEASED_CROP, frames, **fields)


@pytest.fixture(scope="module")
def samples(small_set):
    return oulu_npu.load(small_set, 1)["test"]


@pytest.mark.parametrize("side", [2.5, 3.0])
def test_unperturbed_crops_are_those_of_the_evaluation(samples, side, tmp_path):
    rule = RELEASED_CROP.scaled(side)
    settings = CropSettings(SIZE, 2, crop_rule=rule)
    prepared = LabelledCrops.of(prepare_crops(samples, tmp_path, settings))
    for sample in samples[:3]:
        own = [i for i, key in enumerate(prepared.keys) if key == sample.key]
        crops = perturbed_crops(CropJob(sample, (), SIZE, rule, 2))
        np.testing.assert_array_equal(crops.crops[0], prepared.crops[own])


def test_conditions_act_on_the_frame_or_on_the_box(samples):
    sample = samples[0]
    conditions = (Condition("scale", 1.25), Condition("downscale", 0.5), Condition("shift", 0.0))
    made = perturbed_crops(job(sample, conditions, 1))
    assert made.is_cut.all()
    np.testing.assert_array_equal(made.crops[0], made.crops[3])
    assert (made.crops[0] != made.crops[1]).any()
    assert (made.crops[0] != made.crops[2]).any()


def test_the_direction_depends_on_key_and_seed_alone(samples):
    conditions = (Condition("shift", 0.2), Condition("rotation", 20.0))
    first, again, other = (
        perturbed_crops(job(samples[0], conditions, 1, seed=seed)).crops for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(first[0], other[0])
    assert (first[1] != other[1]).any()


def test_the_whole_clip_is_compressed_and_the_chosen_frames_are_cut(samples):
    conditions = conditions_of(["h264"])
    made = perturbed_crops(job(samples[0], conditions, 1))
    assert made.crops.shape == (4, 1, SIZE, SIZE, 3)
    assert made.is_cut.all()
    losses = [np.abs(made.crops[0].astype(int) - crop).mean() for crop in made.crops[1:]]
    assert losses == sorted(losses)
    assert 0 < losses[0] < losses[-1] < 30


def test_a_box_that_leaves_the_picture_is_a_failure_to_acquire(tmp_path):
    sample = plain_sample(tmp_path, "edge", 90)
    # The square lies at the right border, and moves beyond it for some directions.
    write_eyes(sample.eye_path, {0: np.array([128.0, 40.0, 132.0, 40.0])})
    rule = CropRule(2.5, 2.5, 5.0)
    far = Condition("shift", 3.0)
    cut = [
        perturbed_crops(CropJob(sample, (far,), SIZE, rule, 1, seed=seed)).is_cut[:, 0].tolist()
        for seed in range(8)
    ]
    assert all(unperturbed for unperturbed, _ in cut)
    assert {shifted for _, shifted in cut} == {True, False}


def test_scores_flip_exactly_where_the_brightness_passes_the_threshold(tmp_path):
    # Half of the light of 200 is 146, of 160 is 116; the threshold is 128 of 256.
    values = {"a": 200, "b": 160, "c": 100, "d": 220}
    pais = {"a": "print_1", "b": "print_1", "c": "bona_fide", "d": "bona_fide"}
    videos = [plain_sample(tmp_path, key, values[key], pais[key]) for key in values]
    model = brightness_model(threshold=0.5)
    scores = score_videos(
        model, videos, Measurement(DARKER, 2), Journal(tmp_path, "0" * 64), processes=1
    )
    is_attack = {key: (own >= 0.5).tolist() for key, own in scores.items()}
    assert is_attack == {
        "a": [True, True, True],
        "b": [True, False, True],
        "c": [False, False, True],  # gamma 0.5 makes 160 of 100
        "d": [True, True, True],
    }


def test_an_interrupted_measurement_goes_on_to_the_same_file(small_set, tmp_path):
    conditions = conditions_of(["shift", "darken", "h264"])
    data = Data(small_set, tmp_path / "cache", processes=1)
    path = tmp_path / "model"
    path.write_bytes(b"a model")

    def run(folder, model, resume=False):
        work = RobustnessRun(data, Measurement(conditions, 1), folder, resume=resume)
        file = ModelFile("m", path, model)
        done = work.finished([file])
        if not done:
            measured = work.measure(file)
            work.finish({"m": measured.results})
        return done

    model, scored = brightness_model(0.3), []

    def interrupted(crops):
        scored.append(len(crops))
        if len(scored) > 25:
            raise Interruption
        return model.score_batch(crops)

    run(tmp_path / "whole", model)
    broken = dataclasses.replace(model, score_batch=interrupted)
    with pytest.raises(Interruption):
        run(tmp_path / "parts", broken)
    assert not (tmp_path / "parts" / RESULTS).exists()
    # A run that is killed may leave part of a line.
    (journal, *_) = sorted((tmp_path / "parts").glob(".robustness-*"))
    journal.write_text(journal.read_text()[:-5])
    with pytest.raises(DataError, match="--resume"):
        run(tmp_path / "parts", model)
    counts = []

    def counted(crops):
        counts.append(len(crops))
        return model.score_batch(crops)

    run(tmp_path / "parts", dataclasses.replace(model, score_batch=counted), resume=True)
    total = len(oulu_npu.load(small_set, 1)["test"] + oulu_npu.load(small_set, 1)["dev"])
    assert 0 < len(counts) <= total - 24
    whole, parts = (
        json.loads((tmp_path / name / RESULTS).read_text()) for name in ("whole", "parts")
    )
    assert whole == parts
    assert not has_journals(tmp_path / "parts")
    # Nothing is scored again, and nothing else is taken for it.
    assert run(tmp_path / "parts", broken, resume=True) == {"m": whole}
    path.write_bytes(b"another")
    with pytest.raises(DataError, match="of others"):
        run(tmp_path / "parts", model, resume=True)


def test_without_a_threshold_it_is_that_of_dev(small_set, tmp_path):
    path = tmp_path / "model"
    path.touch()
    data = Data(small_set, tmp_path / "cache", processes=1)
    work = RobustnessRun(data, Measurement(conditions_of(["gamma"]), 1), tmp_path / "out")
    own = work.measure(ModelFile("m", path, brightness_model(0.3)))
    none = work.measure(ModelFile("m", path, brightness_model(None)))
    assert own.results["threshold"] == 0.3
    assert none.results["threshold_rule"].startswith("equal error rate of dev")
    low, high = np.nanmin(own.dev.spoof_scores), np.nanmax(own.dev.spoof_scores)
    assert low <= none.results["threshold"] <= high
    np.testing.assert_array_equal(own.test.spoof_scores, none.test.spoof_scores)
    assert own.results["videos"] == len(own.test.keys)


def test_a_bad_video_is_named_or_left_out(small_set, tmp_path):
    copy = shutil.copytree(small_set, tmp_path / "set")
    video = next((copy / "Test_files").glob("*_3_*_1.avi"))
    video.write_bytes(b"no video")
    path = tmp_path / "model"
    path.touch()
    data = Data(copy, tmp_path / "cache", processes=1)
    measurement = Measurement(conditions_of(["gamma", "h264"]), 1)
    file = ModelFile("m", path, brightness_model(0.3))
    with pytest.raises(DataError, match=video.name):
        RobustnessRun(data, measurement, tmp_path / "out").measure(file)
    skipping = dataclasses.replace(data, skip_bad=True)
    results = RobustnessRun(skipping, measurement, tmp_path / "skip").measure(file).results
    assert results["videos_left_out"] == 1


def test_frames_that_do_not_fit_into_the_memory_are_refused():
    with pytest.raises(DataError, match="at least 1; received 0"):
        Measurement((), 0)
    with pytest.raises(DataError, match=r"at most \d+ with crops of 256 pixels"):
        Measurement(conditions_of(), 60).check(256)
    Measurement(conditions_of(), 6).check(256)


def test_videos_are_chosen_from_every_species(samples):
    chosen = choose(samples, 8)
    assert {sample.pai for sample in chosen} == {sample.pai for sample in samples}
    assert sum(sample.label == 0 for sample in chosen) == 4
    assert [sample for sample in samples if sample in chosen] == chosen
    assert choose(samples, None) == samples
    with pytest.raises(DataError, match="received 0"):
        choose(samples, 0)
