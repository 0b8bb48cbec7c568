"""Identity of data: the same wherever they lie, another when a file or a list has changed."""

import dataclasses
import os
import shutil

import pytest

from despoof_keras.datasets import Data
from despoof_keras.datasets.crops import CropSettings
from despoof_keras.datasets.fingerprint import (
    BLOCK,
    WHOLE,
    content_stamp,
    describe,
    difference,
    fingerprint,
)
from despoof_keras.datasets.prepare import prepare_crops
from despoof_keras.datasets.samples import SPLITS
from despoof_keras.synthesis import write_oulu_npu

SETTINGS = CropSettings(32, 1, face_depth="generic")


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    root = tmp_path_factory.mktemp("data") / "set"
    return write_oulu_npu(root, subjects=(1, 1, 1), frames=1, size=(96, 72), progress=False)


@pytest.fixture
def root(original, tmp_path):
    return shutil.copytree(original, tmp_path / "set")


def contents(root, **fields):
    splits = Data(root, "cache", **fields).load()
    return {split: describe(splits[split]) for split in SPLITS}


def test_the_same_data_are_the_same_wherever_they_lie(original, root, tmp_path, monkeypatch):
    expected = fingerprint(contents(original))
    assert fingerprint(contents(root)) == expected
    for path in root.rglob("*"):
        os.utime(path, (1, 1))
    (tmp_path / "link").symlink_to(root)
    moved = root.rename(tmp_path / "moved")
    (tmp_path / "again").symlink_to(moved)
    monkeypatch.chdir(tmp_path)
    for spelled in (moved, "moved", "./moved/", "moved/../moved", tmp_path / "again"):
        assert fingerprint(contents(spelled)) == expected


def other_video(root):
    path = root / "Train_files" / "1_1_01_1.avi"
    shutil.copyfile(root / "Train_files" / "1_2_01_1.avi", path)
    return "train: the video of 1_1_01_1 is another"


def other_byte_at_the_same_time(root):
    path = root / "Dev_files" / "1_1_21_1.avi"
    state, content = path.stat(), bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    return "dev: the video of 1_1_21_1 is another"


def other_eyes(root):
    path = root / "Test_files" / "1_3_36_1.txt"
    path.write_text(path.read_text().replace("0,", "0,1", 1))
    return "test: the eye file of 1_3_36_1 is another"


def no_eyes(root):
    (root / "Test_files" / "1_3_36_1.txt").unlink()
    return "test: the eye file of 1_3_36_1 is missing"


def other_depth(root):
    folder = root / "Depth_maps" / "Train_files"
    shutil.copyfile(folder / "1_1_01_1.npz", folder / "2_1_01_1.npz")
    return "train: the depth file of 2_1_01_1 is another"


def shorter_list(root):
    path = root / "Protocols" / "Protocol_1" / "Dev.txt"
    path.write_text("\n".join(path.read_text().splitlines()[:-1]))
    return "is no longer a video of dev"


def other_order(root):
    path = root / "Protocols" / "Protocol_1" / "Dev.txt"
    path.write_text("\n".join(path.read_text().splitlines()[::-1]))
    return "the videos of dev are listed in another order"


@pytest.mark.parametrize(
    "change",
    [
        other_video,
        other_byte_at_the_same_time,
        other_eyes,
        no_eyes,
        other_depth,
        shorter_list,
        other_order,
    ],
)
def test_other_data_are_told_apart_by_name(change, root):
    before = contents(root)
    expected = change(root)
    now = contents(root)
    assert fingerprint(now) != fingerprint(before)
    assert expected in difference(before, now)


def test_a_longer_list_and_many_differences_are_counted():
    was = {"train": {"a": ["print_1", 1, 1, 1, "x", None, None]}}
    now = {"train": {"a": ["print_2", 1, 1, 1, "y", None, None], "b": [*was["train"]["a"]]}}
    expected = "train: the species of a was print_1 and is print_2 (2 more differences)"
    assert difference(was, now) == expected


def test_files_of_another_protocol_do_not_matter(root):
    before = contents(root, protocol=3, fold=1)
    shutil.copyfile(root / "Test_files" / "2_1_36_1.avi", root / "Test_files" / "2_1_36_2.avi")
    assert contents(root, protocol=3, fold=1) == before


def test_a_large_file_is_told_by_its_ends_its_middle_and_its_size(tmp_path):
    path = tmp_path / "large"
    content = bytearray(3 * WHOLE)
    path.write_bytes(content)
    stamps = {content_stamp(path)}
    for place in (0, BLOCK - 1, len(content) // 2, len(content) - 1):
        changed = content.copy()
        changed[place] = 1
        path.write_bytes(changed)
        stamps.add(content_stamp(path))
    path.write_bytes(content + b"\0")
    stamps.add(content_stamp(path))
    assert len(stamps) == 6
    path.write_bytes(content[:WHOLE])
    whole = content_stamp(path)
    content[BLOCK + 1] = 1
    path.write_bytes(content[:WHOLE])
    assert content_stamp(path) != whole


def test_what_is_not_there_has_no_stamp(tmp_path):
    assert content_stamp(None) is None
    assert content_stamp(tmp_path / "nowhere") is None
    assert content_stamp(tmp_path) is None


def test_crops_of_moved_data_are_not_made_anew_and_those_of_other_data_are(root, tmp_path):
    def prepared(folder):
        samples = Data(folder, "cache").load()["train"]
        return prepare_crops(samples, tmp_path / "crops", SETTINGS, processes=1)

    first = prepared(root)
    made = {path: path.stat().st_mtime_ns for path in (tmp_path / "crops").rglob("*.tfrecord")}
    moved = prepared(root.rename(tmp_path / "moved"))
    assert moved.shards == first.shards
    assert moved.fingerprint == first.fingerprint
    assert {path: path.stat().st_mtime_ns for path in made} == made
    other_video(tmp_path / "moved")
    other = prepared(tmp_path / "moved")
    assert other.fingerprint != first.fingerprint
    assert not set(other.shards[0]) & set(first.shards[0])
    samples = [dataclasses.replace(s, depth_path=None) for s in moved.samples]
    assert fingerprint(describe(samples)) != moved.fingerprint
