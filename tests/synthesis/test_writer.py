"""The embedded data set as written to disk."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from recipe_runs import PATIENCE
from written_sets import decode, tree

from despoof_keras.errors import DataError
from despoof_keras.synthesis import cache_folder, default_root, write_oulu_npu, writer
from despoof_keras.synthesis.layouts import oulu_npu

SMALL = {"subjects": (1, 1, 1), "frames": 2, "size": (64, 48), "progress": False}
CLIPS_PER_SUBJECT = 6 * 3 * 5


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write_oulu_npu(tmp_path_factory.mktemp("set"), seed=3, processes=2, **SMALL)


def test_layout_is_oulu_npus(root):
    for split, subject in (("Train", 1), ("Dev", 21), ("Test", 36)):
        stems = {
            f"{phone}_{session}_{subject:02d}_{file}"
            for phone in range(1, 7)
            for session in range(1, 4)
            for file in range(1, 6)
        }
        folder = root / f"{split}_files"
        assert {path.name for path in folder.iterdir()} == {
            stem + suffix for stem in stems for suffix in (".avi", ".txt")
        }
        depths = {path.stem for path in (root / "Depth_maps" / folder.name).iterdir()}
        assert depths == {stem for stem in stems if stem.endswith("_1")}


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("Protocol_1/{}.txt", (60, 60, 30)),
        ("Protocol_2/{}.txt", (54, 54, 54)),
        ("Protocol_3/{}_6.txt", (75, 75, 15)),
        ("Protocol_4/{}_1.txt", (30, 30, 3)),
    ],
)
def test_protocol_lists_have_oulu_npus_share_of_a_subject(root, name, counts):
    # formats.md's counts divided by OULU-NPU's 20, 15 and 20 subjects
    for split, count in zip(("Train", "Dev", "Test"), counts, strict=True):
        lines = (root / "Protocols" / name.format(split)).read_text().splitlines()
        assert len(set(lines)) == len(lines) == count
        for line in lines:
            label, stem = line.split(",")
            file = int(stem[-1])
            attack = ("-1" if file in (2, 3) else "-2") if split == "Test" else "-1"
            assert label == ("+1" if file == 1 else attack)
            assert (root / f"{split}_files" / f"{stem}.avi").exists()


def test_unseen_sides_of_protocols_stay_out_of_training(root):
    def stems(name):
        lines = (root / "Protocols" / name).read_text().splitlines()
        return [line.split(",")[1].split("_") for line in lines]

    assert {stem[1] for stem in stems("Protocol_1/Train.txt")} == {"1", "2"}
    assert {stem[1] for stem in stems("Protocol_1/Test.txt")} == {"3"}
    assert {stem[0] for stem in stems("Protocol_3/Dev_4.txt")} == set("12356")
    assert {stem[0] for stem in stems("Protocol_3/Test_4.txt")} == {"4"}
    assert {stem[3] for stem in stems("Protocol_4/Test_2.txt")} == {"1", "3", "5"}


def test_videos_decode_to_the_frames_asked_for(root):
    for path in sorted((root / "Test_files").glob("*_3_36_?.avi")):
        frames, announced = decode(path)
        assert frames.shape == (2, 64, 48, 3)
        assert announced == 2
        assert frames.std() > 5  # a picture, not a flat field


def test_eyes_lie_on_the_face_and_follow_the_rendering(root):
    for path in sorted((root / "Depth_maps" / "Train_files").iterdir()):
        depth = np.load(path)["depth"]
        assert depth.shape == (2, 64, 48)
        assert depth.dtype == np.uint8
        assert depth.max() == 255
        assert depth[:, :2].max() == 0  # above the head
        lines = (root / "Train_files" / f"{path.stem}.txt").read_text().splitlines()
        for frame, line in enumerate(lines):
            number, x_right, y_right, x_left, y_left = map(int, line.split(","))
            assert number == frame
            assert x_right < x_left
            # eye sockets lie behind the nose tip, but before the ears
            assert 60 < depth[frame, y_right, x_right] < 230
            assert 60 < depth[frame, y_left, x_left] < 230
            # the middle of the face is nearer than the background beside the head
            middle = depth[frame, (y_right + y_left) // 2, (x_right + x_left) // 2]
            assert middle > depth[frame, :, 0].max()


def test_nothing_about_a_file_tells_its_class(root):
    for phone in range(1, 7):
        sizes = {
            path.stat().st_size
            for split in ("Train", "Dev", "Test")
            for path in (root / f"{split}_files").glob(f"{phone}_*.avi")
        }
        assert len(sizes) == 1


def test_same_seed_same_bytes_with_any_number_of_processes(root, tmp_path):
    again = write_oulu_npu(tmp_path / "again", seed=3, processes=1, **SMALL)
    first, second = tree(root), tree(again)
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []


def test_other_seed_gives_other_pictures(root, tmp_path, monkeypatch):
    keys = oulu_npu.clip_keys
    monkeypatch.setattr(oulu_npu, "clip_keys", lambda subjects: keys(subjects)[:5])
    other = write_oulu_npu(tmp_path, seed=4, processes=1, **SMALL)
    for path in (other / "Train_files").iterdir():
        assert path.read_bytes() != (root / "Train_files" / path.name).read_bytes()


def test_set_that_is_there_is_kept_and_lost_clips_are_not_noticed_as_other(root):
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*.avi")}
    write_oulu_npu(root, seed=3, **SMALL)
    assert before == {path: path.stat().st_mtime_ns for path in root.rglob("*.avi")}


def test_a_data_set_of_others_is_left_alone(tmp_path):
    (tmp_path / "Protocols" / "Protocol_1").mkdir(parents=True)
    (tmp_path / "Protocols" / "Protocol_1" / "Train.txt").write_text("+1,1_1_01_1\n")
    before = tree(tmp_path)
    with pytest.raises(DataError, match=r"expected a new folder.*found Protocols"):
        write_oulu_npu(tmp_path, seed=3, **SMALL)
    assert tree(tmp_path) == before


def test_other_parameters_are_refused(root):
    with pytest.raises(DataError, match=r"expected a set with .*'seed': 5.* found .*'seed': 3"):
        write_oulu_npu(root, seed=5, **SMALL)


@pytest.mark.parametrize(
    "wrong",
    [
        {"subjects": (21, 1, 1)},
        {"subjects": (1, 16, 1)},
        {"subjects": (1, 1)},
        {"size": (63, 48)},
        {"frames": 0},
        {"seed": -1},
    ],
)
def test_parameters_out_of_range_are_refused(tmp_path, wrong):
    with pytest.raises(DataError, match=next(iter(wrong))):
        write_oulu_npu(tmp_path, **{**SMALL, **wrong})
    assert list(tmp_path.iterdir()) == []


def test_interrupted_set_is_finished_with_the_same_bytes(root, tmp_path):
    target = tmp_path / "interrupted"
    code = (
        "from despoof_keras.synthesis import write_oulu_npu\n"
        "if __name__ == '__main__':\n"
        f"    write_oulu_npu({str(target)!r}, seed=3, processes=2, **{SMALL!r})\n"
    )
    script = tmp_path / "write.py"
    script.write_text(code)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen(
        [sys.executable, str(script)], env=environment, stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + PATIENCE
    while len(list(target.rglob("[0-9]*.avi"))) < 20:
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=PATIENCE)
    assert process.returncode != 0
    assert b"KeyboardInterrupt" in error
    assert not (target / writer.PARAMETERS_FILE).exists()
    finished = {path: path.stat().st_mtime_ns for path in target.rglob("[0-9]*.avi")}
    assert len(finished) < 3 * CLIPS_PER_SUBJECT
    write_oulu_npu(target, seed=3, processes=2, **SMALL)
    assert finished == {path: path.stat().st_mtime_ns for path in finished}
    assert tree(target) == tree(root)


def test_parameters_are_recorded(root):
    recorded = json.loads((root / writer.PARAMETERS_FILE).read_text())
    assert recorded == {
        "generator_version": oulu_npu.OULU_NPU.version,
        "subjects": [1, 1, 1],
        "frames": 2,
        "size": [64, 48],
        "seed": 3,
    }


def test_default_root_lies_in_the_cache_and_is_reused(tmp_path, monkeypatch):
    monkeypatch.setenv("DESPOOF_KERAS_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    folder = tmp_path / f"oulu_npu_v{oulu_npu.OULU_NPU.version}_seed7"
    folder.mkdir()
    # A complete set of the default parameters: it must be returned, not written anew.
    (folder / writer.PARAMETERS_FILE).write_text(
        json.dumps(
            {
                "generator_version": oulu_npu.OULU_NPU.version,
                "subjects": [8, 6, 8],
                "frames": 6,
                "size": [320, 240],
                "seed": 7,
            }
        )
    )
    assert default_root(7) == folder
    assert [path.name for path in folder.iterdir()] == [writer.PARAMETERS_FILE]


def test_cache_follows_xdg(tmp_path, monkeypatch):
    monkeypatch.delenv("DESPOOF_KERAS_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "despoof_keras"


def test_importing_does_not_load_tensorflow():
    code = "import sys, despoof_keras.synthesis; sys.exit('tensorflow' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
