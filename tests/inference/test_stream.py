"""The stream from files to records: order, reasons, a video's mean, and leaving early."""

import threading

import numpy as np
import pytest
from PIL import Image
from scoring import SIZE, brightness_model, write_clip

from despoof_keras.faces.finder import NO_FACE, OK
from despoof_keras.inference.inputs import expand
from despoof_keras.inference.stream import (
    DRAW,
    FIND,
    NO_FRAME,
    NOT_FINITE,
    READ,
    SCORE,
    read_inputs,
    score_stream,
)
from despoof_keras.utils.threads import BusyTimes


@pytest.fixture(scope="module")
def folder(tmp_path_factory, astronaut):
    """A face, a video of it, a wall, a video of walls, and a text with a picture's name."""
    folder = tmp_path_factory.mktemp("inputs")
    wall = np.full((120, 160, 3), 90, np.uint8)
    Image.fromarray(astronaut).save(folder / "a_face.png")
    write_clip(folder / "b_face.avi", astronaut, 3)
    Image.fromarray(wall).save(folder / "c_wall.png")
    write_clip(folder / "d_wall.avi", wall, 2)
    (folder / "e_text.png").write_text("no picture")
    return folder


@pytest.fixture
def score(folder, finder):
    """Function from a model and `score_stream`'s arguments to the records of some files."""

    def run(*names, model=None, every=1, most=None, **arguments):
        inputs = expand([str(folder / name) for name in names] or [str(folder)], ())
        stream = read_inputs(inputs, every, most)
        return list(score_stream(model or brightness_model(), finder, stream, **arguments))

    return run


def test_records_come_in_the_order_of_the_inputs_with_a_videos_own_after_its_frames(score):
    records = score()
    names = [(record.path.rsplit("/", 1)[1], record.frame) for record in records]
    assert names == [
        ("a_face.png", 0),
        *(("b_face.avi", frame) for frame in (0, 1, 2, None)),
        ("c_wall.png", 0),
        *(("d_wall.avi", frame) for frame in (0, 1, None)),
        ("e_text.png", None),
    ]
    assert [record.status for record in records[:6]] == [OK] * 5 + [NO_FACE]
    assert records[8].status == f"{NO_FRAME}: {NO_FACE} (2 of 2 frames)"
    assert records[9].status.startswith("unreadable: expected an image")


def test_a_videos_score_is_the_mean_of_its_frames(score):
    *frames, video = score("b_face.avi")
    assert video.spoof_score == pytest.approx(np.mean([frame.spoof_score for frame in frames]))
    assert video.is_attack is (video.spoof_score >= 0.25)
    assert video.box is None


def test_frames_are_spaced_and_limited(score):
    assert [r.frame for r in score("b_face.avi", every=2)] == [0, 2, None]
    assert [r.frame for r in score("b_face.avi", most=1)] == [0, None]


def test_without_a_threshold_there_are_scores_and_no_decisions(score):
    (record,) = score("a_face.png", model=brightness_model(threshold=None))
    assert record.is_ok
    assert (record.is_attack, record.threshold) == (None, None)


def test_a_score_that_is_not_finite_is_a_reason(score):
    (record,) = score("a_face.png", model=brightness_model(score=np.nan))
    assert (record.status, record.spoof_score) == (NOT_FINITE, None)


def test_every_scored_face_is_handed_on_with_the_models_outputs(score):
    calls, times = [], BusyTimes()
    score("a_face.png", "c_wall.png", on_face=lambda *call: calls.append(call), times=times)
    ((crop, outputs, record),) = calls
    assert crop.crop.shape == (SIZE, SIZE, 3)
    assert outputs["noise"].shape == (SIZE, SIZE, 6)
    assert float(outputs["score"]) == pytest.approx(record.spoof_score)
    assert set(times.seconds) == {READ, FIND, SCORE, DRAW}
    assert times.counts[FIND] == 2


def test_the_frames_to_come_are_announced(folder):
    counts = []
    list(read_inputs(expand([str(folder)], ()), every=2, expect=counts.append))
    assert counts == [1, 2, 1, 1]


def test_leaving_early_ends_the_threads(folder, finder):
    before = set(threading.enumerate())
    inputs = expand([str(folder / "b_face.avi")] * 50, ())
    records = score_stream(brightness_model(), finder, read_inputs(inputs))
    assert next(records).is_ok
    records.close()
    assert set(threading.enumerate()) <= before
