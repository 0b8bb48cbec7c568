"""Decoding, on real video files written with OpenCV."""

import pickle

import cv2
import numpy as np
import pytest
from media_files import as_nobody

from despoof_keras.errors import DataError
from despoof_keras.utils.video.frames import (
    TruncatedVideoError,
    frame_count,
    read_frames,
    spread_indices,
)

# Frame i is filled with this red; green and blue are fixed, far from each other.
REDS = [20 + 6 * i for i in range(30)]
GREEN, BLUE = 120, 240


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    # A name with numbers in it, as OULU-NPU's: some decoders take it for a series of pictures.
    path = tmp_path_factory.mktemp("video") / "1_1_01_1.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 30, (64, 48))
    noise = np.random.default_rng(0).integers(0, 3, (48, 64, 3), np.uint8)
    for red in REDS:
        writer.write(noise + np.array([BLUE, GREEN, red], np.uint8))
    writer.release()
    return path


def test_frames_are_rgb_in_order(video):
    frames = list(read_frames(video))
    assert [index for index, _ in frames] == list(range(30))
    assert frames[0][1].shape == (48, 64, 3)
    assert frames[0][1].dtype == np.uint8
    for (_, frame), red in zip(frames, REDS, strict=True):
        np.testing.assert_allclose(frame.mean(axis=(0, 1)), [red + 1, GREEN + 1, BLUE + 1], atol=3)


def test_wanted_frames_equal_those_of_a_full_read(video):
    every = dict(read_frames(video))
    some = list(read_frames(video, np.array([17, 3, 29, 3])))
    assert [index for index, _ in some] == [3, 17, 29]
    for index, frame in some:
        np.testing.assert_array_equal(frame, every[index])


def test_no_wanted_frame_reads_none(video):
    assert list(read_frames(video, [])) == []


def test_frame_count(video):
    assert frame_count(video) == 30


def test_a_frame_beyond_the_end_says_how_many_there_are(video):
    with pytest.raises(DataError, match=r"1_1_01_1.avi: .* after 30 decoded frames, frame 30 was"):
        list(read_frames(video, [0, 30]))


def test_negative_indices(video):
    with pytest.raises(DataError, match="indices: expected frame numbers from 0 on; received -1"):
        list(read_frames(video, [-1]))


def test_a_truncated_video_gives_what_it_has_then_an_error(video, tmp_path):
    path = tmp_path / "cut.avi"
    path.write_bytes(video.read_bytes()[: video.stat().st_size * 3 // 4])
    assert frame_count(path) == 30
    got = []
    with pytest.raises(DataError, match=r"cut.avi: the video stops after \d+ decoded frames"):
        got.extend(index for index, _ in read_frames(path))
    assert 0 < len(got) < 30
    first = got[len(got) // 2]
    assert [index for index, _ in read_frames(path, [first])] == [first]


def test_a_video_cut_within_its_header(video, tmp_path):
    path = tmp_path / "stump.avi"
    path.write_bytes(video.read_bytes()[:300])
    with pytest.raises(DataError, match=r"stump.avi: "):
        list(read_frames(path))
    with pytest.raises(DataError, match=r"stump.avi: expected a video"):
        frame_count(path)


def test_files_that_are_no_videos(tmp_path):
    (tmp_path / "empty.avi").touch()
    (tmp_path / "text_1.avi").write_text("no video at all\n" * 100)
    cases = {
        "missing.avi": "missing.avi: expected a video, found no such file",
        "empty.avi": "empty.avi: expected a video, the file is empty",
        "text_1.avi": r"text_1.avi: expected a video that FFmpeg can decode \(1600 bytes\)",
    }
    for name, message in cases.items():
        with pytest.raises(DataError, match=message):
            next(read_frames(tmp_path / name))
        with pytest.raises(DataError, match=message):
            frame_count(tmp_path / name)


@pytest.mark.parametrize(
    ("count", "wanted", "expected"),
    [
        (150, 3, [25, 75, 125]),
        (10, 1, [5]),
        (5, 5, [0, 1, 2, 3, 4]),
        (3, 9, [0, 1, 2]),
        (7, 3, [1, 3, 5]),
        (1, 1, [0]),
    ],
)
def test_spread_indices(count, wanted, expected):
    assert spread_indices(count, wanted) == expected


def test_spread_indices_are_distinct_in_range_and_even():
    for count in range(1, 60):
        for wanted in range(1, count + 1):
            indices = np.array(spread_indices(count, wanted))
            assert len(indices) == wanted
            assert indices[0] >= 0
            assert indices[-1] < count
            if wanted > 1:
                steps = np.diff(indices)
                assert steps.min() >= 1
                assert steps.max() - steps.min() <= 1


@pytest.mark.parametrize(("count", "wanted"), [(0, 3), (3, 0)])
def test_spread_indices_of_nothing(count, wanted):
    with pytest.raises(DataError, match=f"received {wanted} of {count}"):
        spread_indices(count, wanted)


def test_a_truncated_video_tells_how_much_decoded_from_a_worker_process_too(video):
    with pytest.raises(TruncatedVideoError, match="stops after 30 decoded frames") as caught:
        list(read_frames(video, [3, 40]))
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.decoded, again.is_sound, str(again)) == (30, True, str(caught.value))


def test_a_number_of_frames_beyond_all_measure_costs_nothing(video):
    frames = read_frames(video, range(1 << 60))
    assert [next(frames)[0] for _ in range(30)] == list(range(30))
    with pytest.raises(TruncatedVideoError, match="stops after 30 decoded frames"):
        next(frames)
    assert list(read_frames(video, range(0))) == []
    assert [index for index, _ in read_frames(video, range(5, 0, -2))] == [1, 3, 5]


def test_a_video_that_may_not_be_read_is_named(video, tmp_path):
    locked = tmp_path / "locked.avi"
    locked.write_bytes(video.read_bytes())
    locked.chmod(0)
    with (
        as_nobody(tmp_path),
        pytest.raises(DataError, match=r"locked\.avi: expected a video, the file may not"),
    ):
        frame_count(locked)
