"""Eye files for videos that came without: found, filled, kept, and taken up again."""

import dataclasses

import numpy as np
import pytest
from media_files import write_video

from despoof_keras.datasets.eye_files import read_eyes
from despoof_keras.datasets.find_eyes import find_eyes, with_eye_files
from despoof_keras.datasets.samples import VideoSample
from despoof_keras.errors import DataError

STEP = 2  # pixels that the face moves in a frame
FRAMES = 46


@pytest.fixture(scope="module")
def samples(astronaut, tmp_path_factory):
    """A moving face with a short and a long time behind a wall, and a video of a wall alone."""
    folder = tmp_path_factory.mktemp("videos")
    wall = np.full((300, 300, 3), 120, np.uint8)
    scene = astronaut[:300, 60:460]
    hidden = [*range(8, 12), *range(20, 42)]
    pictures = [wall if n in hidden else scene[:, STEP * n : STEP * n + 300] for n in range(FRAMES)]
    write_video(folder / "1_1_01_1.avi", pictures)
    write_video(folder / "1_1_01_2.avi", [wall] * 6)
    return [
        VideoSample(folder / f"1_1_01_{n}.avi", f"1_1_01_{n}", 1, 1, pai)
        for n, pai in ((1, "bona_fide"), (2, "print_1"))
    ]


def test_short_gaps_are_filled_and_long_ones_left_open(samples, finder):
    eyes = find_eyes(samples[0].path, finder, every=1).eyes
    assert set(range(20)) <= set(eyes)
    assert not set(eyes) & set(range(20, 42))
    assert set(range(42, FRAMES)) <= set(eyes)
    across = np.array([eyes[n][0] for n in range(20)])
    np.testing.assert_allclose(across - across[0], -STEP * np.arange(20), atol=3)


def test_every_fifth_frame_gives_nearly_the_same(samples, finder):
    dense = find_eyes(samples[0].path, finder, every=1).eyes
    sparse = find_eyes(samples[0].path, finder, every=5).eyes
    for frame in set(dense) & set(sparse):
        np.testing.assert_allclose(sparse[frame], dense[frame], atol=4)
    assert set(range(16)) <= set(sparse)


def test_found_files_are_kept_and_the_data_set_is_not_touched(samples, tmp_path):
    before = sorted(samples[0].path.parent.iterdir())
    (found,) = with_eye_files(samples[:1], tmp_path, processes=1)
    assert found == dataclasses.replace(samples[0], eye_path=found.eye_path)
    assert found.eye_path.parent == tmp_path
    assert sorted(samples[0].path.parent.iterdir()) == before
    assert 0 in read_eyes(found.eye_path)
    kept = found.eye_path.stat().st_mtime_ns
    (again,) = with_eye_files(samples[:1], tmp_path, processes=1)
    assert again == found
    assert again.eye_path.stat().st_mtime_ns == kept


def test_what_the_data_set_brings_is_used_as_it_is(samples, tmp_path):
    own = tmp_path / "own.txt"
    own.write_text("0,10,10,30,10\n")
    sample = dataclasses.replace(samples[1], eye_path=own)
    assert with_eye_files([sample], tmp_path / "found", processes=1) == [sample]
    assert not (tmp_path / "found").exists()


def test_a_video_without_a_face_is_named_or_left_out(samples, tmp_path, caplog):
    with pytest.raises(DataError, match=r"1_1_01_2\.avi: expected a face"):
        with_eye_files(samples[1:], tmp_path, processes=1)
    assert with_eye_files(samples[1:], tmp_path, processes=1, skip_bad=True) == samples[1:]
    assert "1_1_01_2.avi" in caplog.text
