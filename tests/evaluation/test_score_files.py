"""Score files: round trip, bob's columns and sign, videos from frames."""

import csv
import math

import numpy as np
import pytest

from despoof_keras.datasets import VideoSample
from despoof_keras.errors import DataError
from despoof_keras.evaluation.score_files import (
    PresentationScore,
    mean_of_frames,
    read_scores,
    video_scores,
    write_scores,
)

BONA_FIDE = VideoSample("1_1_20_1.avi", "1_1_20_1", subject=20, session=1, pai="bona_fide", phone=1)
REPLAY = VideoSample("2_3_20_4.avi", "2_3_20_4", subject=20, session=3, pai="replay_1", phone=2)
NAN = float("nan")


@pytest.mark.parametrize(
    ("scores", "mean"), [([2.0], 2.0), ([1.0, NAN, 3.0], 2.0), ([1.0, math.inf], math.inf)]
)
def test_a_video_scores_the_mean_of_its_scored_frames(scores, mean):
    assert mean_of_frames(scores) == mean
    assert mean_of_frames(np.array(scores, np.float32)) == mean


@pytest.mark.parametrize("scores", [[], [NAN, NAN]])
def test_a_video_without_a_scored_frame_has_no_score(scores):
    assert math.isnan(mean_of_frames(scores))


def test_the_file_as_bob_reads_it(tmp_path):
    path = tmp_path / "run" / "scores-dev.csv"
    rows = [
        PresentationScore.of(BONA_FIDE, np.float32(0.125), frame=25),
        PresentationScore.of(REPLAY, 0.5),
        PresentationScore.of(REPLAY, NAN, frame=0),
    ]
    assert write_scores(path, rows) == 1
    assert path.read_text() == (
        "claimed_id,test_label,is_bonafide,attack_type,session,phone,frame,spoof_score,score\n"
        "20,1_1_20_1,True,,1,1,25,0.125,-0.125\n"
        "20,2_3_20_4,False,replay_1,3,2,,0.5,-0.5\n"
        "20,2_3_20_4,False,replay_1,3,2,0,nan,nan\n"
    )
    # bob: float(row["score"]), bona fide by is_bonafide, higher for bona fide.
    with open(path, newline="") as file:
        bob = {
            row["is_bonafide"].lower(): float(row["score"])
            for row in list(csv.DictReader(file))[:2]
        }
    assert bob["true"] > bob["false"]


def test_round_trip_is_exact(tmp_path):
    rng = np.random.default_rng(0)
    rows = [
        PresentationScore.of(sample, score, frame)
        for sample in (BONA_FIDE, REPLAY)
        for frame, score in enumerate([*rng.normal(size=20), 0.0, 1e-300, -1e300])
    ]
    assert write_scores(tmp_path / "scores.csv", rows) == 0
    assert read_scores(tmp_path / "scores.csv") == rows


def test_unknown_fields_and_awkward_names_survive(tmp_path):
    rows = [PresentationScore('real/a "b", c', "mask", 1.5, subject="client_é")]
    write_scores(tmp_path / "scores.csv", rows)
    assert read_scores(tmp_path / "scores.csv") == rows


def test_nan_survives(tmp_path):
    write_scores(tmp_path / "scores.csv", [PresentationScore("a", "print_1", NAN)])
    (row,) = read_scores(tmp_path / "scores.csv")
    assert math.isnan(row.spoof_score)


def test_reads_a_file_of_bob(tmp_path):
    path = tmp_path / "scores-eval.csv"
    path.write_text(
        "claimed_id,test_label,is_bonafide,attack_type,score,video_key\r\n"
        "7,real/x.mov,true,,0.75,k\r\n"
        "c8,attack/y.mov,FALSE,print/1,-2,k\r\n"
    )
    groups = {"video_key": "k"}
    assert read_scores(path) == [
        PresentationScore("real/x.mov", "bona_fide", -0.75, subject=7, groups=groups),
        PresentationScore("attack/y.mov", "print/1", 2.0, subject="c8", groups=groups),
    ]


HEADER = "claimed_id,test_label,is_bonafide,attack_type,spoof_score,score\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "missing"),
        ("a,b\n1,2\n", "claimed_id, test_label, is_bonafide, attack_type, score missing"),
        (HEADER + "1,a,True,,0.5,-0.5\n1,b,True,,x,-0.5\n", "csv:3: expected numbers"),
        (HEADER + "1,a,True,,0.5,\n", "csv:2: expected numbers"),
        (HEADER + "1,a,True\n", "csv:2: expected numbers"),
        (HEADER + "1,a,yes,,0.5,-0.5\n", "csv:2: .*is_bonafide.*yes"),
        (HEADER + "1,a,True,,0.5,0.5\n", "csv:2: expected score to be minus spoof_score"),
        (HEADER + "1,a,True,,nan,0.5\n", "csv:2: expected score to be minus spoof_score"),
        (HEADER + "1,a,False,,0.5,-0.5\n", "csv:2: expected the species of an attack"),
    ],
)
def test_malformed_files_name_file_and_line(tmp_path, text, message):
    path = tmp_path / "scores.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=message) as error:
        read_scores(path)
    assert "scores.csv" in str(error.value)


def test_missing_file(tmp_path):
    with pytest.raises(DataError, match=r"nowhere.csv: expected a score file"):
        read_scores(tmp_path / "nowhere.csv")


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "scores.csv"
    write_scores(path, [PresentationScore("a", "print_1", 1.0)])
    with pytest.raises(TypeError):
        write_scores(
            path, [PresentationScore("b", "print_1", 1.0), PresentationScore("c", "p", None)]
        )
    assert [row.key for row in read_scores(path)] == ["a"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["scores.csv"]


def test_videos_are_means_of_their_frames():
    frames = [
        PresentationScore.of(REPLAY, 1.0, frame=0),
        PresentationScore.of(BONA_FIDE, NAN, frame=0),
        PresentationScore.of(REPLAY, NAN, frame=5),
        PresentationScore.of(REPLAY, 4.0, frame=9),
    ]
    replay, bona_fide = video_scores(frames)
    # The frame without a score does not count: (1 + 4) / 2.
    assert replay == PresentationScore.of(REPLAY, 2.5)
    assert bona_fide.key == BONA_FIDE.key
    assert math.isnan(bona_fide.spoof_score)
    assert video_scores([]) == []


def test_one_key_is_one_presentation():
    frames = [PresentationScore("a", "print_1", 1.0), PresentationScore("a", "replay_1", 1.0)]
    with pytest.raises(DataError, match=r"a: expected one presentation"):
        video_scores(frames)
