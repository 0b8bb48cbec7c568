"""From what a user names to single images and videos."""

import os

import cv2
import numpy as np
import pytest
from media_files import as_nobody
from PIL import Image

from despoof_keras.errors import DataError
from despoof_keras.inference.inputs import Input, expand, video_frames_to_score


@pytest.fixture
def tree(tmp_path):
    picture = Image.fromarray(np.zeros((8, 8, 3), np.uint8))
    (tmp_path / "inner").mkdir()
    for name in ("b.JPG", "a.png", "inner/c.webp", ".hidden.png"):
        picture.save(tmp_path / name, "PNG")
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "inner" / "d.mp4").write_bytes(b"no video yet")
    return tmp_path


def test_a_folder_gives_its_images_and_videos_in_order(tree):
    inputs = list(expand([str(tree)], ()))
    names = ["a.png", "b.JPG", "inner/c.webp", "inner/d.mp4"]
    assert inputs == [Input(str(tree / name), name.endswith("mp4")) for name in names]


def test_files_are_taken_as_named_and_unknown_endings_by_content(tree):
    (tree / "a.png").rename(tree / "photo")
    writer = cv2.VideoWriter(str(tree / "clip.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 10, (64, 64))
    writer.write(np.zeros((64, 64, 3), np.uint8))
    writer.release()
    (tree / "clip.avi").rename(tree / "clip")
    inputs = expand([str(tree / "photo"), str(tree / "clip")], ())
    assert [(item.path, item.is_video) for item in inputs] == [
        (str(tree / "photo"), False),
        (str(tree / "clip"), True),
    ]


def test_a_dash_stands_for_a_list_of_paths(tree):
    lines = [f"{tree / 'a.png'}\n", "\n", "-\n", f"{tree / 'inner'}\r\n"]
    paths = [item.path for item in expand(["x.jpg", "-"], lines)]
    assert paths == [
        "x.jpg",
        str(tree / "a.png"),
        str(tree / "inner" / "c.webp"),
        str(tree / "inner" / "d.mp4"),
    ]


def test_a_folder_without_anything_to_score_is_a_problem(tmp_path):
    (only,) = expand([str(tmp_path)], ())
    assert only.path == str(tmp_path)
    assert "no images or videos" in only.problem


@pytest.mark.parametrize("path", ["nul\0byte.jpg", "x" * 5000, "a/" * 3000 + "b.jpg"])
def test_a_path_that_cannot_be_one_is_a_problem_and_the_rest_goes_on(path, tree):
    bad, good = expand([path, str(tree / "a.png")], ())
    assert bad.path == path
    assert bad.problem.startswith("unreadable")
    assert good == Input(str(tree / "a.png"))


def test_devices_and_pipes_are_problems(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe.jpg", tmp_path / "pipe", "/dev/zero"):
        (only,) = expand([str(path)], ())
        assert "regular file" in only.problem


def test_dangling_links_and_locked_folders_are_told_and_the_rest_is_found(tree):
    (tree / "z.jpg").symlink_to("nowhere.jpg")
    (tree / "locked").mkdir()
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tree / "locked" / "e.png")
    (tree / "locked").chmod(0)
    with as_nobody(tree):
        inputs = list(expand([str(tree)], ()))
    (tree / "locked").chmod(0o755)
    problems = [item for item in inputs if item.problem]
    assert [item.path for item in problems] == [str(tree / "locked")]
    names = [item.path.removeprefix(f"{tree}/") for item in inputs if not item.problem]
    assert names == ["a.png", "b.JPG", "inner/c.webp", "inner/d.mp4", "z.jpg"]


@pytest.mark.parametrize(
    ("every", "most", "expected"),
    [(1, None, [0, 1, 2, 3, 4, 5, 6]), (3, None, [0, 3, 6]), (2, 2, [0, 2]), (9, 5, [0])],
)
def test_frames_are_spaced_and_limited(every, most, expected):
    assert list(video_frames_to_score(7, every, most)) == expected


@pytest.mark.parametrize(("every", "most"), [(0, None), (1, 0)])
def test_spacing_and_limit_are_at_least_one(every, most):
    with pytest.raises(DataError, match="at least 1"):
        video_frames_to_score(7, every, most)
