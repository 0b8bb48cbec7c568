"""Folders whose names are not UTF-8: data are read from them, and written to others."""

import json
import os
import shutil

import pytest

from despoof_keras.datasets import Data
from despoof_keras.datasets.crops import CropSettings
from despoof_keras.datasets.find_eyes import with_eye_files
from despoof_keras.datasets.prepare import prepare_crops, prepare_data
from despoof_keras.errors import DataError
from despoof_keras.synthesis import write_oulu_npu

SETTINGS = CropSettings(32, 1, face_depth="generic")
STRANGE = os.fsdecode(b"d\xe9\xff")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("names") / STRANGE
    write_oulu_npu(root, subjects=(1, 1, 1), frames=1, size=(96, 72), progress=False)
    return root


def test_a_data_set_in_a_folder_of_any_name_is_read(root, tmp_path):
    data = Data(root, tmp_path, processes=2)
    assert data.title.endswith(r"d\xe9\xff")
    json.dumps(data.title, ensure_ascii=False).encode()
    crops = prepare_data(data, data.load()["train"], SETTINGS)
    assert sum(crops.counts.values()) == 60


def test_what_is_wrong_there_is_one_message(root, tmp_path):
    copy = shutil.copytree(root, tmp_path / STRANGE)
    video = copy / "Train_files" / "1_1_01_2.avi"
    video.write_bytes(b"")
    samples = Data(copy, "cache").load()["train"]
    with pytest.raises(DataError, match=r"1_1_01_2\.avi"):
        prepare_crops(samples, tmp_path / "crops", SETTINGS, processes=2)
    crops = prepare_crops(samples, tmp_path / "crops", SETTINGS, processes=2, skip_bad=True)
    assert list(crops.left_out) == ["1_1_01_2"]


def test_eyes_are_found_there(root, tmp_path):
    samples = Data(root, "cache").load()["dev"][:2]
    for sample in samples:
        object.__setattr__(sample, "eye_path", None)
    found = with_eye_files(samples, tmp_path / "eyes", processes=2, skip_bad=True)
    assert len(found) == 2


def test_a_cache_of_such_a_name_is_refused(root, tmp_path):
    samples = Data(root, "cache").load()["train"]
    with pytest.raises(DataError, match=r"d\\udce9\\udcff': expected a path in UTF-8"):
        prepare_crops(samples, tmp_path / STRANGE, SETTINGS)
