"""Animated pictures, frame by frame."""

import numpy as np
import pytest
from PIL import Image

from despoof_keras.errors import DataError
from despoof_keras.utils.pictures.animations import Animation, is_animated

FORMATS = ("GIF", "PNG", "WEBP", "AVIF")
GREYS = (10, 90, 170, 250)


def write(path, format_name, frames, **options):
    images = [Image.fromarray(frame) for frame in frames]
    if format_name == "WEBP":
        options["lossless"] = True
    images[0].save(path, format_name, save_all=True, append_images=images[1:], **options)


@pytest.fixture
def flat():
    return [np.full((30, 40, 3), grey, np.uint8) for grey in GREYS]


@pytest.fixture
def noisy():
    random = np.random.default_rng(0)
    return [random.integers(0, 256, (30, 40, 3)).astype(np.uint8) for _ in GREYS]


@pytest.mark.parametrize("format_name", FORMATS)
def test_every_frame_comes_with_its_number(format_name, flat, tmp_path):
    path = tmp_path / "moving"
    write(path, format_name, flat)
    assert is_animated(path, format_name)
    with Animation(path) as animation:
        assert animation.expected == 4
        frames = list(animation.frames(range(1000)))
    assert (animation.damage, animation.note) == (None, None)
    assert [number for number, _ in frames] == [0, 1, 2, 3]
    for (_, frame), grey in zip(frames, GREYS, strict=True):
        assert frame.shape == (30, 40, 3)
        np.testing.assert_allclose(frame, grey, atol=2)
    with Animation(path) as animation:
        assert [number for number, _ in animation.frames([1, 3])] == [1, 3]


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_single_picture_is_no_animation(format_name, flat, tmp_path):
    Image.fromarray(flat[0]).save(tmp_path / "still", format_name)
    assert not is_animated(tmp_path / "still", format_name)


def test_a_pngs_picture_for_other_readers_is_no_frame(flat, tmp_path):
    write(tmp_path / "a.png", "PNG", flat, default_image=True)
    with Animation(tmp_path / "a.png") as animation:
        frames = [int(frame[0, 0, 0]) for _, frame in animation.frames(range(9))]
    assert frames == [90, 170, 250]


@pytest.mark.parametrize("format_name", ["GIF", "PNG"])
def test_a_file_cut_short_is_told_beside_the_frames_that_it_has(format_name, noisy, tmp_path):
    path = tmp_path / "cut"
    write(path, format_name, noisy)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with Animation(path) as animation:
        frames = list(animation.frames(range(9)))
    assert 1 <= len(frames) < 3
    assert animation.damage.startswith(f"{len(frames)} of ")
    path.write_bytes(content[: len(content) // 9])
    with pytest.raises(DataError, match=r"cut: expected a whole image, it is damaged"):
        Animation(path)


def test_a_gif_without_its_end_is_told(flat, tmp_path):
    path = tmp_path / "a.gif"
    write(path, "GIF", flat)
    path.write_bytes(path.read_bytes()[:-1])
    with Animation(path) as animation:
        assert len(list(animation.frames(range(9)))) == 4
    assert animation.note == "incomplete: 4 frames decode, then the file breaks off"


def test_frames_are_turned_upright(flat, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    write(tmp_path / "a.png", "PNG", flat, exif=exif)
    with Animation(tmp_path / "a.png") as animation:
        assert next(animation.frames([0]))[1].shape == (40, 30, 3)
