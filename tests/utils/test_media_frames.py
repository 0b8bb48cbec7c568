"""Frames of pictures, animations and videos through one door."""

import numpy as np
import pytest
from media_files import write_nothing, write_truncated, write_video
from PIL import Image

from despoof_keras.errors import DataError
from despoof_keras.utils.frames import ANIMATION, STILL, VIDEO, medium_of, read_media_frames
from despoof_keras.utils.video.frames import TruncatedVideoError, read_frames

SHADES = (20, 120, 220, 60, 160)


def picture(shade):
    return np.full((24, 32, 3), shade, np.uint8)


@pytest.fixture
def files(tmp_path):
    images = [Image.fromarray(picture(shade)) for shade in SHADES]
    images[0].save(tmp_path / "still.png")
    images[0].save(tmp_path / "animation.png", save_all=True, append_images=images[1:])
    # Two photographs in a file, as of phones that keep a second view, are no animation.
    images[0].save(tmp_path / "views.jpg", "MPO", save_all=True, append_images=images[1:2])
    write_video(tmp_path / "clip.avi", [picture(shade) for shade in SHADES])
    return tmp_path


@pytest.mark.parametrize(
    ("name", "medium", "count"),
    [
        ("still.png", STILL, 1),
        ("views.jpg", STILL, 1),
        ("animation.png", ANIMATION, 5),
        ("clip.avi", VIDEO, 5),
    ],
)
def test_every_medium_gives_its_frames(name, medium, count, files):
    (files / name).rename(files / "renamed.dat")
    path = files / "renamed.dat"
    assert medium_of(path) == medium
    frames = dict(read_media_frames(path))
    assert list(frames) == list(range(count))
    for number, frame in frames.items():
        assert frame.shape == (24, 32, 3)
        assert frame.dtype == np.uint8
        assert np.abs(frame.astype(int) - SHADES[number]).max() <= 3
    assert list(dict(read_media_frames(path, every=2))) == list(range(0, count, 2))
    assert list(dict(read_media_frames(path, [0]))) == [0]
    assert list(dict(read_media_frames(path, []))) == []


def test_chosen_frames_of_an_animation(files):
    frames = dict(read_media_frames(files / "animation.png", [3, 1, 3]))
    assert [(number, frame.mean()) for number, frame in frames.items()] == [(1, 120), (3, 60)]


@pytest.mark.parametrize("name", ["still.png", "animation.png", "clip.avi"])
def test_frames_behind_the_end_are_missing_and_the_file_is_sound(name, files):
    got = []
    with pytest.raises(TruncatedVideoError, match=r"stops after .* frame 9 was wanted") as raised:
        got.extend(read_media_frames(files / name, [0, 9]))
    assert [number for number, _ in got] == [0]
    assert raised.value.is_sound


def test_a_video_is_read_as_ever(files):
    expected = list(read_frames(files / "clip.avi", [1, 4]))
    for (number, frame), (other, same) in zip(
        read_media_frames(files / "clip.avi", [1, 4]), expected, strict=True
    ):
        assert number == other
        np.testing.assert_array_equal(frame, same)


def test_a_photograph_is_turned_upright(tmp_path):
    stored = np.zeros((24, 32, 3), np.uint8)
    stored[:, :16] = 200
    exif = Image.Exif()
    exif[274] = 6  # to be turned clockwise by a quarter
    Image.fromarray(stored).save(tmp_path / "a.png", exif=exif)
    ((_, frame),) = read_media_frames(tmp_path / "a.png")
    np.testing.assert_array_equal(frame, np.rot90(stored, -1))


@pytest.mark.parametrize(
    ("write", "reason"),
    [
        (write_truncated, "damaged"),
        (write_nothing, "empty"),
        (lambda path, picture: path.mkdir(), "a folder"),
        (lambda path, picture: None, "found no such file"),
    ],
)
def test_what_cannot_be_read_is_named(write, reason, tmp_path, astronaut):
    path = tmp_path / "face.jpg"
    write(path, astronaut)
    with pytest.raises(DataError, match=rf"face\.jpg: .*{reason}"):
        list(read_media_frames(path))
