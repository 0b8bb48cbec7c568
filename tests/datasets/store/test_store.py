"""Stores of a whole data set: contents, interruptions, damage, and the same bytes by Beam."""

import dataclasses
import json
import random
import shutil
import signal
import subprocess
import sys

import pytest
from deadly import DeadlyPath
from recipe_runs import PATIENCE

from despoof_keras.cli import main
from despoof_keras.datasets.crops import CropSettings
from despoof_keras.datasets.data_sets import load
from despoof_keras.datasets.find_eyes import find_eyes
from despoof_keras.datasets.shards import read_index
from despoof_keras.datasets.store.build import prepare_store
from despoof_keras.datasets.store.contents import contents_of
from despoof_keras.datasets.store.manifest import problems_of, read_manifest
from despoof_keras.errors import DataError
from despoof_keras.synthesis import write_embedded_set

SETTINGS = CropSettings(image_size=32, frames_per_video=1, face_depth="generic")
ARGUMENTS = ("--image-size", "32", "--frames-per-video", "1", "--face-depth", "generic")


def files_of(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def command(root, store, *further):
    return ["data", "prepare", "--dataset", "oulu_npu", str(root), "--output", str(store), *further]


@pytest.fixture(scope="module")
def store(small_set, tmp_path_factory):
    """A finished store of all protocols; tests copy it to change it."""
    folder = tmp_path_factory.mktemp("stores") / "whole"
    assert prepare_store(contents_of("oulu_npu", small_set, SETTINGS), folder)
    return folder


def test_it_holds_every_video_once_and_knows_all_protocols(small_set, store):
    manifest, described = read_manifest(store), json.loads((store / "store.json").read_text())
    indices = [read_index(path)[0] for path in sorted((store / "shards").glob("*.tfrecord"))]
    keys = [crop.key for index in indices for crop in index]
    videos = {path.stem for path in small_set.glob("*_files/*.avi")}
    assert sorted(keys) == sorted(described["videos"]) == sorted(videos)
    assert sum(manifest["crops"].values()) == len(keys)
    assert len(described["protocols"]) == 14
    listed = load("oulu_npu", small_set, 4, 3)["dev"]
    assert described["protocols"]["p4-fold3"]["dev"] == [sample.key for sample in listed]


def test_the_same_command_does_nothing_where_all_is_done(small_set, store, capsys):
    before = {path: path.stat().st_mtime_ns for path in store.rglob("*")}
    assert main(command(small_set, store, *ARGUMENTS)) == 0
    assert "nothing was left to do" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in store.rglob("*")} == before


def test_a_moved_data_set_is_the_same(small_set, store, tmp_path):
    moved = tmp_path / "elsewhere"
    shutil.copytree(small_set, moved)
    assert not prepare_store(contents_of("oulu_npu", moved, SETTINGS), store)


def test_other_settings_and_other_videos_are_refused(small_set, store, tmp_path):
    larger = dataclasses.replace(SETTINGS, image_size=64)
    with pytest.raises(DataError, match=r"was begun with settings .*'image_size': 32"):
        prepare_store(contents_of("oulu_npu", small_set, larger), store)
    with pytest.raises(DataError, match="other videos; 1_1_01_1 is no longer a video"):
        prepare_store(contents_of("oulu_npu", small_set, SETTINGS, protocol=3, fold=1), store)
    changed = tmp_path / "changed"
    shutil.copytree(small_set, changed)
    video = next((changed / "Dev_files").glob("*.avi"))
    video.write_bytes(video.read_bytes() + b"\0")
    with pytest.raises(DataError, match=f"the video of {video.stem} is another"):
        prepare_store(contents_of("oulu_npu", changed, SETTINGS), store)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").touch()
    with pytest.raises(DataError, match="expected a store, or an empty folder"):
        prepare_store(contents_of("oulu_npu", small_set, SETTINGS), tmp_path / "full")


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (lambda shard: flip(shard), "its contents have changed"),
        (lambda shard: flip(shard.with_suffix(".json")), "its contents have changed"),
        (lambda shard: shard.write_bytes(shard.read_bytes()[:-1]), "bytes, and had"),
        (lambda shard: shard.unlink(), "it is missing"),
        (lambda shard: (shard.parent / "x.tfrecord").touch(), "it does not belong to the store"),
        (lambda shard: flip(shard.parents[1] / "store.json"), "it was changed"),
    ],
)
def test_verify_names_what_is_damaged(damage, expected, store, tmp_path, capsys):
    copy = tmp_path / "copy"
    shutil.copytree(store, copy)
    assert main(["data", "verify", str(copy)]) == 0
    damage(next((copy / "shards").glob("attack-*.tfrecord")))
    try:
        lines = list(problems_of(copy))
    except DataError:  # the flipped bit has spoilt the syntax
        assert expected == "it was changed"
        return
    assert [expected in line for line in lines] == [True]
    assert main(["data", "verify", str(copy)]) == 1


def test_what_is_no_store_or_not_finished_is_told(small_set, store, tmp_path, capsys):
    assert main(["data", "verify", str(small_set)]) == 2
    assert "expected what a store holds" in capsys.readouterr().err
    shutil.copytree(store, tmp_path / "unfinished")
    (tmp_path / "unfinished" / "manifest.json").unlink()
    assert main(["data", "verify", str(tmp_path / "unfinished")]) == 2
    assert "expected a finished store" in capsys.readouterr().err


def test_a_video_that_kills_its_reader_is_tried_alone_and_told(small_set, tmp_path):
    contents = contents_of("oulu_npu", small_set, SETTINGS, protocol=4, fold=1, skip_bad=True)
    samples = list(contents.samples)
    deadly = samples[7]
    samples[7] = dataclasses.replace(deadly, eye_path=DeadlyPath(deadly.eye_path))
    contents = dataclasses.replace(contents, samples=tuple(samples))
    assert prepare_store(contents, tmp_path / "store", processes=2)
    manifest = read_manifest(tmp_path / "store")
    assert list(manifest["videos_left_out"]) == [deadly.key]
    assert "is killed" in manifest["videos_left_out"][deadly.key]
    assert sum(manifest["crops"].values()) == len(samples) - 1
    strict = dataclasses.replace(contents, skip_bad=False)
    with pytest.raises(DataError, match=f"{deadly.path}: the process that reads it is killed"):
        prepare_store(strict, tmp_path / "strict", processes=2)


def kill_at_random(arguments, store, times, seed):
    """Begin a store again and again, each time killed a little after it has made a shard more."""
    moments = random.Random(seed)
    for _ in range(times):
        before = len(list(store.glob("shards/*.json")))
        process = subprocess.Popen(
            [sys.executable, "-m", "despoof_keras", *arguments],
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while process.poll() is None and len(list(store.glob("shards/*.json"))) <= before:
            pass
        try:
            process.wait(moments.uniform(0, 0.1))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        process.wait(PATIENCE)


@pytest.mark.slow
def test_a_store_that_was_killed_has_the_bytes_of_one_that_was_not(small_set, store, tmp_path):
    folder = tmp_path / "killed"
    arguments = command(small_set, folder, *ARGUMENTS, "--processes", "2")
    kill_at_random(arguments, folder, 2, seed=1)
    finished = {path: path.stat().st_mtime_ns for path in folder.glob("shards/*")}
    assert prepare_store(contents_of("oulu_npu", small_set, SETTINGS), folder)
    assert files_of(folder) == files_of(store)
    indexed = {path for path in finished if path.with_suffix(".json") in finished}
    assert indexed
    assert all(path.stat().st_mtime_ns == finished[path] for path in indexed)


@pytest.mark.slow
def test_beam_makes_the_same_bytes_and_goes_on(small_set, store, tmp_path):
    pytest.importorskip("apache_beam")
    folder = tmp_path / "beam"
    shutil.copytree(store, folder)
    (folder / "manifest.json").unlink()
    shards = sorted((folder / "shards").glob("*.tfrecord"))
    for shard in shards[::2]:
        shard.unlink()
    kept = {path: path.stat().st_mtime_ns for path in shards[1::2]}
    arguments = command(small_set, folder, *ARGUMENTS, "--runner", "DirectRunner")
    subprocess.run([sys.executable, "-m", "despoof_keras", *arguments], check=True)
    assert files_of(folder) == files_of(store)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept


def test_eyes_that_were_placed_by_a_box_are_counted_also_when_it_goes_on(tmp_path, finder, capsys):
    root, store = tmp_path / "set", tmp_path / "store"
    # Faces of a dozen pixels, most of which are not found.
    write_embedded_set(
        "replay_attack", root, subjects=(1, 1, 1), frames=2, size=(48, 64), progress=False
    )
    contents = contents_of("replay_attack", root, SETTINGS, protocol="print")
    assert prepare_store(contents, store)
    counts = read_manifest(store)["eyes_by_box"]
    found = {
        sample.key: find_eyes(sample.path, finder, annotation=sample.annotation).by_box
        for sample in contents.samples
    }
    assert counts == {key: count for key, count in found.items() if count}
    assert len(counts) > 5
    before = files_of(store)
    (store / "manifest.json").unlink()
    for shard in list((store / "shards").glob("attack-*")):
        shard.unlink()
    arguments = ("data", "prepare", "--dataset", "replay_attack", "--protocol", "print", str(root))
    assert main([*arguments, "--output", str(store), *ARGUMENTS]) == 0
    told = f"by the data set's box in {sum(counts.values())} frames of {len(counts)} videos"
    assert told in capsys.readouterr().out
    assert files_of(store) == before
