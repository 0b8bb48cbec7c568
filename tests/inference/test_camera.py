"""A camera's frames, here those of a video file."""

import numpy as np
import pytest
from PIL import Image
from scoring import brightness_model, write_clip

from despoof_keras.errors import DataError
from despoof_keras.inference.camera import FrameFolder, camera_records


@pytest.fixture(scope="module")
def clip(tmp_path_factory, astronaut):
    path = tmp_path_factory.mktemp("camera") / "1_1_01_1.avi"
    write_clip(path, astronaut, 4)
    return path


def test_frames_are_scored_in_order_until_the_camera_ends(clip, finder):
    records = list(camera_records(clip, brightness_model(), finder))
    assert [(record.path, record.frame) for record in records] == [
        (f"camera {clip}", frame) for frame in range(4)
    ]
    assert all(record.is_ok for record in records)


def test_frames_are_spaced_and_limited(clip, finder):
    records = camera_records(clip, brightness_model(), finder, every=2)
    assert [record.frame for record in records] == [0, 2]
    records = camera_records(clip, brightness_model(), finder, most=1)
    assert [record.frame for record in records] == [0]


def test_whoever_is_shown_the_frames_can_stop(clip, finder):
    shown = []

    def show(image, number):
        shown.append((image.shape, number))
        return number == 1

    records = list(camera_records(clip, brightness_model(), finder, show=show))
    assert [record.frame for record in records] == [0, 1]
    assert shown == [((512, 512, 3), 0), ((512, 512, 3), 1)]


def test_frames_are_written_with_the_face_marked(clip, finder, tmp_path):
    show = FrameFolder(tmp_path / "frames")
    (record,) = camera_records(clip, brightness_model(threshold=0.0), finder, most=1, show=show)
    (path,) = (tmp_path / "frames").iterdir()
    assert path.name == "camera-00000.png"
    x, y, _, height = (round(number) for number in record.box)
    red, green, blue = np.asarray(Image.open(path)).astype(int)[y + height // 2, x]
    assert red > green + 100  # the box of an attack is red
    assert red > blue + 100


def test_a_camera_that_cannot_be_opened_is_named(finder, tmp_path):
    with pytest.raises(DataError, match=r"camera .*none\.avi: expected a device"):
        list(camera_records(tmp_path / "none.avi", brightness_model(), finder))
