"""Prepared crops and batches: lossless, complete, resumable, the same for the same seed."""

import dataclasses
import json
import shutil

import cv2
import numpy as np
import pytest
import tensorflow as tf

from despoof_keras.datasets import oulu_npu
from despoof_keras.datasets.batches import evaluation_batches, steps_per_epoch, training_batches
from despoof_keras.datasets.eye_files import read_eyes
from despoof_keras.datasets.prepare import CropSettings, prepare_crops
from despoof_keras.datasets.shards import frames_in_order
from despoof_keras.errors import DataError
from despoof_keras.faces.crop import crop_face
from despoof_keras.faces.depth import generic_face_depth, read_depth_maps
from despoof_keras.utils.video.frames import read_frames, spread_indices

SIZE, FRAMES, JITTER = 32, 2, 4
SETTINGS = CropSettings(SIZE, FRAMES, JITTER)


@pytest.fixture(scope="module")
def samples(small_set):
    return oulu_npu.load(small_set, 1)["train"]


@pytest.fixture(scope="module")
def crops(samples, tmp_path_factory):
    return prepare_crops(samples, tmp_path_factory.mktemp("crops"), SETTINGS)


@pytest.fixture
def copied(small_set, tmp_path):
    """A copy of the set to break, and its first training sample."""
    shutil.copytree(small_set, tmp_path / "set")
    return oulu_npu.load(tmp_path / "set", 1)["train"]


def images(batches):
    return [batch["image"].numpy() for batch in batches]


def test_every_frame_is_there_once_with_its_label(samples, crops):
    expected = {(s.key, f, s.label, s.pai) for s in samples for f in range(FRAMES)}
    found = [(f.key, f.frame, f.label, f.pai) for f in frames_in_order(crops)]
    assert len(found) == len(expected)
    assert set(found) == expected


def test_evaluation_batches_hold_the_released_crop_in_index_order(samples, crops):
    plain = prepare_crops(samples, crops.shards[0][0].parents[1], CropSettings(SIZE, FRAMES, 0))
    index = frames_in_order(plain)
    stacked = np.concatenate(images(evaluation_batches(plain, 7)))
    assert len(stacked) == len(index)
    sample_of = {sample.key: sample for sample in samples}
    for shown, image in list(zip(index, stacked, strict=True))[::9]:
        sample = sample_of[shown.key]
        frame = dict(read_frames(sample.path, [shown.frame]))[shown.frame]
        eyes = read_eyes(sample.eye_path)[shown.frame]
        expected = np.rint(crop_face(frame, eyes, SIZE)) / 256
        np.testing.assert_array_equal(image, expected.astype(np.float32))


@pytest.mark.parametrize("wanted", [1, 2, FRAMES, FRAMES + 1])
def test_some_frames_of_every_video_are_taken_on_demand(wanted, crops):
    index = frames_in_order(crops)
    spread = spread_indices(FRAMES, wanted)
    chosen = [number for number, shown in enumerate(index) if shown.frame in spread]
    every = np.concatenate(images(evaluation_batches(crops, 7)))
    some = np.concatenate(images(evaluation_batches(crops, 7, frames_per_video=wanted)))
    np.testing.assert_array_equal(some, every[chosen])
    assert len(chosen) == min(wanted, FRAMES) * len({shown.key for shown in index})
    padded = list(evaluation_batches(crops, 7, padded=True, frames_per_video=wanted))
    assert len(padded) == -(-len(chosen) // 7)
    assert sum(float(batch["weight"].numpy().sum()) for batch in padded) == len(chosen)


def test_depth_is_exact_for_bona_fide_and_generic_for_attacks(samples, crops):
    plain = prepare_crops(samples, crops.shards[0][0].parents[1], CropSettings(SIZE, FRAMES, 0))
    index = frames_in_order(plain)
    depths = np.concatenate([b["depth"].numpy() for b in evaluation_batches(plain, 8)])
    sample_of = {sample.key: sample for sample in samples}
    for label in (0, 1):
        position = next(i for i, shown in enumerate(index) if shown.label == label)
        sample, frame = sample_of[index[position].key], index[position].frame
        eyes = read_eyes(sample.eye_path)[frame]
        if label:
            full = generic_face_depth(eyes, SIZE)
        else:
            full = np.rint(crop_face(read_depth_maps(sample.depth_path)[frame], eyes, SIZE))
        expected = full.reshape(SIZE // 8, 8, SIZE // 8, 8).mean(axis=(1, 3)) / 255
        np.testing.assert_allclose(depths[position, ..., 0], expected, atol=1e-6)
        assert expected.max() > 0.3


def test_training_batches_are_half_bona_fide_and_show_every_attack_frame(crops):
    steps = steps_per_epoch(crops, 8)
    assert steps == crops.counts[1] // 4
    batches = list(training_batches(crops, 8, steps, 1))
    assert len(batches) == steps
    for batch in batches:
        assert batch["label"].numpy().tolist() == [0, 1] * 4
        instrument = batch["instrument"].numpy()
        assert (instrument[::2] == 0).all()
        assert set(instrument[1::2]) <= {1, 2}
        assert batch["image"].shape == (8, SIZE, SIZE, 3)
        assert batch["depth"].shape == (8, SIZE // 8, SIZE // 8, 1)


def test_augmented_crops_are_shifted_or_mirrored_pixels_of_the_prepared_ones(samples, crops):
    prepared = {}
    for sample in samples:
        eyes = read_eyes(sample.eye_path)
        for number, frame in read_frames(sample.path):
            crop = np.rint(crop_face(frame, eyes[number], SIZE, JITTER)).astype(np.uint8)
            prepared[sample.key, number] = crop
    windows = {}
    for crop in prepared.values():
        for view in (crop, crop[:, ::-1]):
            for y in range(2 * JITTER + 1):
                for x in range(2 * JITTER + 1):
                    windows[view[y : y + SIZE, x : x + SIZE].tobytes()] = (y, x)
    offsets = set()
    for image in np.concatenate(images(training_batches(crops, 8, 20, 1))):
        key = np.rint(image * 256).astype(np.uint8).tobytes()
        assert key in windows
        offsets.add(windows[key])
    assert len(offsets) > 20


def test_order_and_augmentation_depend_on_seed_and_epoch_alone(crops):
    def run(**kwargs):
        return images(training_batches(crops, 8, 5, 3, amplitude_mixing=0.5, **kwargs))

    whole = run(seed=1)
    tf.random.set_seed(99)
    np.testing.assert_array_equal(run(seed=1), whole)
    np.testing.assert_array_equal(run(seed=1, initial_epoch=2), whole[10:])
    assert not np.array_equal(run(seed=2), whole)
    assert not np.array_equal(whole[:5], whole[5:10])


def test_odd_batches_are_refused(crops):
    with pytest.raises(ValueError, match=r"batch_size.*7"):
        training_batches(crops, 7, 1, 1)


def test_parts_read_apart_make_the_batches_of_all_together(samples, tmp_path):
    # Sixty-odd clips of a class would be needed for two shards, so the shards here are made by
    # hand, of one clip each.
    crops = prepare_crops(samples, tmp_path, SETTINGS)
    split = {}
    for label, paths in crops.shards.items():
        records = [
            r for path in paths for r in tf.data.TFRecordDataset(str(path)).as_numpy_iterator()
        ]
        split[label] = []
        for number in range(3):
            path = tmp_path / f"{label}-{number}.tfrecord"
            with tf.io.TFRecordWriter(str(path)) as writer:
                for record in records[number::3]:
                    writer.write(record)
            split[label].append(path)
    crops = dataclasses.replace(crops, shards=split)

    def run(**kwargs):
        mixing = {"amplitude_mixing": 0.5, "colour_jitter": 0.1}
        return images(training_batches(crops, 8, 4, 2, seed=3, parts=2, **mixing, **kwargs))

    whole, first, second = run(), run(own_parts=[0]), run(own_parts=[1])
    np.testing.assert_array_equal(whole, np.concatenate([first, second], axis=1))
    seen = [{image.tobytes() for batch in part for image in batch} for part in (first, second)]
    assert not seen[0] & seen[1]
    with pytest.raises(DataError, match=r"data_parts: expected at most 3.*received 4"):
        training_batches(crops, 8, 1, 1, parts=4)
    with pytest.raises(ValueError, match=r"batch_size: .*each of 3 parts; received 8"):
        training_batches(crops, 8, 1, 1, parts=3)


def test_padding_fills_the_last_batch_with_rows_that_do_not_count(crops):
    plain = list(evaluation_batches(crops, 7))
    padded = list(evaluation_batches(crops, 7, padded=True))
    assert len(padded) == len(plain)
    assert all(len(batch["label"]) == 7 for batch in padded)
    weights = np.concatenate([batch["weight"] for batch in padded])
    total = sum(crops.counts.values())
    assert weights.tolist() == [1.0] * total + [0.0] * (len(weights) - total)
    np.testing.assert_array_equal(
        np.concatenate(images(padded))[:total], np.concatenate(images(plain))
    )


def test_finished_shards_are_kept_and_missing_ones_made_again(samples, tmp_path):
    first = prepare_crops(samples, tmp_path, SETTINGS, processes=1)
    paths = first.shards[0] + first.shards[1]
    contents = {path: path.read_bytes() for path in paths}
    paths[0].unlink()
    kept = paths[1].stat().st_mtime_ns
    second = prepare_crops(samples, tmp_path, SETTINGS, processes=2)
    assert second == first
    assert {path: path.read_bytes() for path in paths} == contents
    assert paths[1].stat().st_mtime_ns == kept
    assert not list(tmp_path.rglob("*.part*"))


def test_a_changed_video_or_setting_is_prepared_anew(copied, tmp_path):
    first = prepare_crops(copied, tmp_path / "crops", SETTINGS)
    other = prepare_crops(copied, tmp_path / "crops", CropSettings(SIZE, 1, JITTER))
    assert other.counts[1] == first.counts[1] // 2
    shutil.copy(copied[1].path, copied[0].path)
    changed = prepare_crops(copied, tmp_path / "crops", SETTINGS)
    assert changed.shards != first.shards


def _truncate(sample):
    sample.path.write_bytes(sample.path.read_bytes()[:3000])
    return sample.path


def _empty_eyes(sample):
    sample.eye_path.write_text("")
    return sample.eye_path


def _malformed_eyes(sample):
    sample.eye_path.write_text("0,12,nonsense,40,12\n")
    return sample.eye_path


def _no_eyes(sample):
    sample.eye_path.unlink()
    return sample.eye_path


def _eyes_outside(sample):
    sample.eye_path.write_text("0,9000,9000,9040,9000\n")
    return sample.eye_path


@pytest.mark.parametrize(
    "spoil", [_truncate, _empty_eyes, _malformed_eyes, _no_eyes, _eyes_outside]
)
def test_a_bad_video_or_eye_file_is_named_and_can_be_skipped(spoil, copied, tmp_path, caplog):
    named = spoil(copied[3])
    with pytest.raises(DataError, match=named.name):
        prepare_crops(copied, tmp_path / "crops", SETTINGS)
    crops = prepare_crops(copied, tmp_path / "crops", SETTINGS, skip_bad=True)
    assert len(crops.skipped) == 1
    assert named.name in crops.skipped[0]
    assert "1 of 60 videos left out" in caplog.text
    assert sum(crops.counts.values()) == (len(copied) - 1) * FRAMES
    with pytest.raises(DataError, match=named.name):
        prepare_crops(copied, tmp_path / "crops", SETTINGS)


def test_nothing_left_of_a_class_is_an_error_even_when_skipping(copied, tmp_path):
    few = [s for s in copied if s.pai == "bona_fide"][:1] + copied[1:2]
    assert few[1].label == 1
    _no_eyes(few[0])
    with pytest.raises(DataError, match="bona fide"):
        prepare_crops(few, tmp_path, SETTINGS, skip_bad=True)


def test_nothing_left_of_an_instrument_is_an_error_even_when_skipping(copied, tmp_path):
    for sample in copied:
        if sample.instrument == "replay":
            _no_eyes(sample)
    with pytest.raises(DataError, match="expected replay crops; none is left of 24 videos"):
        prepare_crops(copied, tmp_path, SETTINGS, skip_bad=True)


def test_prepared_images_are_stored_losslessly(samples, crops):
    path = crops.shards[1][0]
    entry = json.loads(path.with_suffix(".json").read_text())["frames"][0]
    record = next(iter(tf.data.TFRecordDataset(str(path)))).numpy()
    example = tf.train.Example.FromString(record)
    png = np.frombuffer(example.features.feature["image"].bytes_list.value[0], np.uint8)
    stored = cv2.imdecode(png, cv2.IMREAD_COLOR)[..., ::-1]
    sample = next(s for s in samples if s.key == entry["key"])
    frame = dict(read_frames(sample.path, [entry["frame"]]))[entry["frame"]]
    eyes = read_eyes(sample.eye_path)[entry["frame"]]
    np.testing.assert_array_equal(stored, np.rint(crop_face(frame, eyes, SIZE, JITTER)))
