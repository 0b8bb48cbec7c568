"""Pictures of scored faces, their names, and the overlay on a frame."""

import numpy as np
import pytest
from PIL import Image
from scoring import SIZE, brightness_model

from despoof_keras.errors import DataError
from despoof_keras.inference.drawing import (
    COLOURS,
    PanelWriter,
    caption,
    draw_overlay,
    file_name,
    writable_folder,
)
from despoof_keras.inference.records import ScoreRecord
from despoof_keras.inference.stream import FaceCrop

RECORD = ScoreRecord("a.png", 0, "ok", 0.5, is_attack=True, box=[40.2, 60.0, 50.0, 30.0])


def test_names_are_flat_and_differ_by_folder_frame_and_face():
    names = [
        file_name("photos/a.jpg", 3),
        file_name("other/a.jpg", 3),
        file_name("photos/a.jpg", 4),
        file_name("photos/a.jpg", 3, 1),
    ]
    assert len(set(names)) == 4
    assert names[0].startswith("a.jpg-")
    assert names[0].endswith("-00003.png")
    assert names[3].endswith("-00003-face2.png")
    assert not [name for name in names if "/" in name]


def test_a_long_strange_name_becomes_a_file_name(tmp_path):
    name = file_name("ü /\n" * 200 + "*" * 300 + "\udcff.jpg", 0)
    (tmp_path / name).touch()


@pytest.mark.parametrize(
    ("record", "text"),
    [
        (RECORD, "attack 0.500"),
        (ScoreRecord("a", 0, "ok", 0.1, is_attack=False), "bona fide 0.100"),
        (ScoreRecord("a", 0, "ok", 0.1), "no threshold 0.100"),
        (ScoreRecord("a", 0, "no face found"), "no face found"),
    ],
)
def test_captions_tell_the_decision_or_the_reason(record, text):
    assert caption(record) == text


def test_the_overlay_marks_the_face_on_a_copy():
    image = np.full((200, 240, 3), 128, np.uint8)
    drawn = draw_overlay(image, RECORD)
    assert (image == 128).all()
    assert tuple(drawn[75, 40]) == COLOURS[True]
    assert (drawn[70:80, 50:80] == 128).all()  # nothing inside the box
    assert (drawn[40:58, 40:150] != 128).any()  # the caption above it


def test_a_face_gets_a_picture_of_panels(tmp_path):
    crop = np.random.default_rng(1).uniform(0, 255, (SIZE, SIZE, 3)).astype(np.float32)
    outputs = {k: v[0] for k, v in brightness_model().despoof(crop[None]).items()}
    PanelWriter(tmp_path / "new" / "folder")(
        FaceCrop("a.png", 7, face=None, crop=crop, index=0), outputs, RECORD
    )
    (path,) = (tmp_path / "new" / "folder").iterdir()
    assert path.name == file_name("a.png", 7)
    width, height = Image.open(path).size
    assert width > 4 * height


def test_a_folder_that_cannot_be_one_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="file: expected a folder to write into"):
        writable_folder(tmp_path / "file")
