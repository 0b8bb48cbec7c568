"""The list of videos without a score beside the scores, and a picture of a clip with bad lines."""

import csv
import os
from types import SimpleNamespace

import numpy as np
from media_files import write_video

from despoof_keras.datasets.left_out import LeftOutFile
from despoof_keras.datasets.samples import VideoSample
from despoof_keras.datasets.splits import Splits
from despoof_keras.metadata import ModelMetadata
from despoof_keras.training.experiment import _middle_crop, write_left_out


def test_videos_left_out_are_listed_with_their_reasons(tmp_path):
    path = tmp_path / "scores" / "left_out.csv"
    folder = os.fsdecode(b"\xff")
    reason = f"{folder}/1_1_21_1.avi: expected a video, the file is empty"
    crops = {split: SimpleNamespace(left_out={}) for split in ("train", "dev", "test")}
    write_left_out(tmp_path, Splits({}), crops)
    assert not path.exists()
    crops["dev"].left_out["1_1_21_1"] = reason
    of_layout = (LeftOutFile("train", "Protocols/Train.txt:3", "1_1_01_1 is listed twice"),)
    write_left_out(tmp_path, Splits({}, of_layout), crops)
    with path.open(newline="", encoding="utf-8") as file:
        of_layout, row = csv.DictReader(file)
    assert list(of_layout.values()) == [
        "train",
        "Protocols/Train.txt:3",
        "1_1_01_1 is listed twice",
    ]
    assert (row["split"], row["test_label"]) == ("dev", "1_1_21_1")
    assert row["reason"].endswith("1_1_21_1.avi: expected a video, the file is empty")
    # A run that is gone on with may find the videos mended.
    write_left_out(tmp_path, Splits({}), {**crops, "dev": SimpleNamespace(left_out={})})
    assert not path.exists()


def test_a_picture_shows_a_frame_that_was_scored(tmp_path):
    path = tmp_path / "clip.avi"
    write_video(path, [np.full((80, 80, 3), 20 * n, np.uint8) for n in range(5)])
    eyes = path.with_suffix(".txt")
    good = "20,40,60,40"
    eyes.write_text(f"0,{good}\n1,{good}\n2,60,40,20,40\n4,{good}\n")
    sample = VideoSample(path, "clip", 1, 1, "bona_fide", eye_path=eyes)
    crop = _middle_crop(sample, [0, 3, 4], ModelMetadata(image_size=32))
    np.testing.assert_allclose(crop, 60 / 256, atol=3 / 256)
