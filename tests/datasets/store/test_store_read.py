"""Crops out of a store: the bytes of crops out of videos, and what a store cannot give."""

import dataclasses

import pytest

from despoof_keras.datasets.crops import CropSettings
from despoof_keras.datasets.data_sets import load
from despoof_keras.datasets.prepare import prepare_crops
from despoof_keras.datasets.store.build import prepare_store
from despoof_keras.datasets.store.contents import contents_of
from despoof_keras.datasets.store.read import StoreReader
from despoof_keras.errors import DataError

STORED = CropSettings(image_size=32, frames_per_video=None, jitter=3, face_depth="generic")


@pytest.fixture(scope="module")
def store(small_set, tmp_path_factory):
    """All frames of one protocol, with room for shifts."""
    folder = tmp_path_factory.mktemp("read") / "store"
    prepare_store(contents_of("oulu_npu", small_set, STORED, protocol=4, fold=1), folder)
    return folder


def bytes_of(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".tfrecord", ".json")
    }


@pytest.mark.parametrize("jitter", [0, 1, 3])
@pytest.mark.parametrize("frames", [1, None])
def test_crops_of_a_store_are_those_of_the_videos(frames, jitter, small_set, store, tmp_path):
    samples = load("oulu_npu", small_set, 4, 1)["train"]
    settings = dataclasses.replace(STORED, frames_per_video=frames, jitter=jitter)
    direct = prepare_crops(samples, tmp_path / "direct", settings)
    taken = prepare_crops(samples, tmp_path / "taken", settings, store=store)
    assert bytes_of(tmp_path / "taken") == bytes_of(tmp_path / "direct")
    assert taken.counts == direct.counts
    assert taken.fingerprint == direct.fingerprint


def test_videos_need_not_be_there_any_more(small_set, store, tmp_path):
    samples = [
        dataclasses.replace(sample, path=tmp_path / sample.path.name)
        for sample in load("oulu_npu", small_set, 4, 1)["dev"]
    ]
    crops = prepare_crops(samples, tmp_path / "crops", STORED, store=store)
    assert sum(crops.counts.values()) == 2 * len(samples)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"image_size": 64}, "crops with image_size 64; its own were prepared with 32"),
        ({"jitter": 4}, "crops with jitter 4; its own were prepared with 3"),
        ({"face_depth": "mesh"}, "crops with face_depth mesh"),
    ],
)
def test_a_store_of_other_crops_is_refused(changes, expected, small_set, store):
    samples = load("oulu_npu", small_set, 4, 1)["dev"]
    with pytest.raises(DataError, match=expected):
        StoreReader(store).check(samples, dataclasses.replace(STORED, **changes))


def test_a_store_that_lacks_videos_or_frames_is_refused(small_set, store, tmp_path):
    samples = load("oulu_npu", small_set, 1)["train"]
    with pytest.raises(DataError, match="the store has no such video"):
        StoreReader(store).check(samples, STORED)
    few = dataclasses.replace(STORED, frames_per_video=1)
    prepare_store(contents_of("oulu_npu", small_set, few, protocol=4, fold=1), tmp_path / "few")
    reader = StoreReader(tmp_path / "few")
    with pytest.raises(DataError, match="crops with frames_per_video None"):
        reader.check(load("oulu_npu", small_set, 4, 1)["dev"], STORED)
    cut = [
        dataclasses.replace(sample, first_frames=1)
        for sample in load("oulu_npu", small_set, 4, 1)["dev"]
    ]
    with pytest.raises(DataError, match="--frames-per-video all"):
        reader.check(cut, few)


def test_what_a_store_left_out_is_left_out(small_set, tmp_path):
    contents = contents_of("oulu_npu", small_set, STORED, protocol=4, fold=1, skip_bad=True)
    samples = list(contents.samples)
    broken = next(sample for sample in samples if sample.key.startswith("2_1_01_1"))
    place = samples.index(broken)
    (tmp_path / "broken.avi").write_bytes(broken.path.read_bytes()[:2000])
    samples[place] = dataclasses.replace(broken, path=tmp_path / "broken.avi")
    contents = dataclasses.replace(contents, samples=tuple(samples))
    prepare_store(contents, tmp_path / "store")
    chosen = [sample for sample in samples if sample.subject == broken.subject]
    direct = prepare_crops(chosen, tmp_path / "direct", STORED, skip_bad=True)
    taken = prepare_crops(
        chosen, tmp_path / "taken", STORED, skip_bad=True, store=tmp_path / "store"
    )
    assert list(taken.left_out) == [broken.key]
    assert taken.left_out == direct.left_out
    assert bytes_of(tmp_path / "taken") == bytes_of(tmp_path / "direct")
    with pytest.raises(DataError, match="left out of"):
        prepare_crops(chosen, tmp_path / "strict", STORED, store=tmp_path / "store")
