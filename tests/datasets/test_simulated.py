"""Simulated attacks among the videos of a training split."""

import dataclasses

import cv2
import numpy as np
import pytest
import tensorflow as tf

from despoof_keras.datasets import oulu_npu
from despoof_keras.datasets.batches import training_batches
from despoof_keras.datasets.crops import CropSettings
from despoof_keras.datasets.fingerprint import describe, difference
from despoof_keras.datasets.fresh_crops import eyes_in_crop
from despoof_keras.datasets.prepare import prepare_crops
from despoof_keras.datasets.samples import BONA_FIDE, NOTHING, SimulatedVideos
from despoof_keras.datasets.shards import parse_example, read_index
from despoof_keras.datasets.simulated import frame_of, with_simulated
from despoof_keras.errors import DataError
from despoof_keras.faces.crop import RELEASED_CROP, crop_box, crop_face

MADE = SimulatedVideos(attacks=3, captures=1)
SETTINGS = CropSettings(32, 2, jitter=2, simulated=MADE)
PLAIN = dataclasses.replace(SETTINGS, simulated=NOTHING)
EYES = np.array([210.0, 110.0, 250.0, 112.0])


@pytest.fixture(scope="module")
def train(small_set):
    return oulu_npu.load(small_set, 1)["train"]


def test_videos_are_added_for_each_bona_fide_one(train):
    bona_fide = [sample for sample in train if not sample.label]
    found = with_simulated(train, MADE)
    assert found[: len(train)] == list(train)
    added = found[len(train) :]
    assert len({sample.key for sample in found}) == len(found) == len(train) + 4 * len(bona_fide)
    of_first = [sample for sample in added if sample.path == bona_fide[0].path]
    assert [sample.pai for sample in of_first] == [
        "simulated_print",
        "simulated_replay",
        "simulated_print",
        BONA_FIDE,
    ]
    assert [sample.label for sample in of_first] == [1, 1, 1, 0]
    assert [sample.depth_path is None for sample in of_first] == [True, True, True, False]
    assert {sample.subject for sample in of_first} == {bona_fide[0].subject}
    assert with_simulated(train, NOTHING) == list(train)


def test_what_is_told_of_them_is_known_by_its_fingerprint(train):
    (sample,) = with_simulated(train[:1], SimulatedVideos(captures=1))[1:]
    other = dataclasses.replace(sample, simulation=sample.simulation._replace(number=1))
    told = difference({"train": describe([sample])}, {"train": describe([other])})
    assert (
        f"the simulation of {sample.key} was ['capture', 0, 'physics', False, False] and is" in told
    )


def test_a_frame_is_shown_where_the_crop_is_and_left_elsewhere(train, astronaut):
    prints = with_simulated(train, MADE)[len(train) :]
    shown, eyes = frame_of(prints[0].key, prints[0].simulation, 7, astronaut, EYES, SETTINGS)
    np.testing.assert_allclose(eyes, EYES, atol=8)
    assert np.abs(eyes - EYES).max() > 0.1
    changed = np.argwhere((shown != astronaut).any(axis=2))
    side = 2.5 * 40
    assert changed.min(axis=0)[0] > 110 - side
    assert changed.max(axis=0)[0] < 110 + 1.2 * side
    crop, original = (crop_face(*pair, 32, 2) for pair in ((shown, eyes), (astronaut, EYES)))
    # The same face in the same place, border included, but not the same pixels.
    assert np.corrcoef(crop.ravel(), original.ravel())[0, 1] > 0.8
    assert np.abs(crop - original).mean() > 2
    again, _ = frame_of(prints[0].key, prints[0].simulation, 7, astronaut, EYES, SETTINGS)
    np.testing.assert_array_equal(again, shown)
    others = [(prints[0], 8), (prints[2], 7)]
    for sample, index in others:
        made, _ = frame_of(sample.key, sample.simulation, index, astronaut, EYES, SETTINGS)
        assert (made != shown).any()
    captured, eyes = frame_of(prints[3].key, prints[3].simulation, 7, astronaut, EYES, SETTINGS)
    np.testing.assert_array_equal(eyes, EYES)
    assert (captured != astronaut).any()


def test_they_are_prepared_among_the_others_and_in_batches(train, tmp_path):
    crops = prepare_crops(train, tmp_path, SETTINGS)
    bona_fide = [sample for sample in train if not sample.label]
    plain = prepare_crops(train, tmp_path, PLAIN)
    assert crops.counts[0] == 2 * plain.counts[0]
    assert crops.counts[1] == plain.counts[1] + 3 * 2 * len(bona_fide)
    indexed = [
        frame for label in (0, 1) for path in crops.shards[label] for frame in read_index(path)[0]
    ]
    assert sum(frame.pai == "simulated_print" for frame in indexed) == 2 * 2 * len(bona_fide)
    # What data are known by says nothing of what is made of them.
    assert crops.fingerprint == plain.fingerprint
    assert crops.instruments == ("print", "replay", "simulated_print", "simulated_replay")
    batches = training_batches(crops, 8, 3, 1)
    shown = {int(number) for batch in batches for number in batch["instrument"]}
    assert shown <= set(range(5))
    assert shown & {3, 4}


def test_both_ways_to_make_crops_give_the_same(train, tmp_path):
    one, two = (prepare_crops(train[:5], tmp_path / str(n), SETTINGS, processes=n) for n in (1, 2))
    for label in (0, 1):
        for left, right in zip(one.shards[label], two.shards[label], strict=True):
            assert left.read_bytes() == right.read_bytes()


def test_a_store_has_no_frames_to_make_them_of(train, tmp_path):
    with pytest.raises(DataError, match="store: expected recorded videos alone"):
        prepare_crops(train, tmp_path, SETTINGS, store=tmp_path / "store")


def test_simulation_needs_eyes_in_the_frame(train, astronaut):
    prints = with_simulated(train, MADE)[len(train) :]
    with pytest.raises(DataError, match="eyes: expected them in the image"):
        frame_of(prints[0].key, prints[0].simulation, 0, astronaut[:, :230], EYES, SETTINGS)


FRESH = dataclasses.replace(SETTINGS, simulated=dataclasses.replace(MADE, is_fresh=True))


def test_fresh_crops_are_kept_as_they_are_and_simulated_when_they_are_drawn(train, tmp_path):
    bona_fide = [sample for sample in train if not sample.label]
    crops = prepare_crops(bona_fide[:2], tmp_path, FRESH)
    images = {}
    for path in (path for label in (0, 1) for path in crops.shards[label]):
        for raw in tf.data.TFRecordDataset([str(path)]).as_numpy_iterator():
            record = parse_example(raw)
            images.setdefault(record.key, []).append(record.image)
    recorded = bona_fide[0].key
    for name in ("print0", "print1", "replay0", "capture0"):
        assert images[f"{recorded}~{name}"] == images[recorded]

    def drawn(first=0, epochs=2, seed=4):
        batches = training_batches(crops, 8, 2, epochs, initial_epoch=first, seed=seed)
        return [{name: values.numpy() for name, values in batch.items()} for batch in batches]

    whole = drawn()
    for one, other in zip(whole, drawn(), strict=True):
        np.testing.assert_array_equal(one["image"], other["image"])
    for one, other in zip(whole[2:], drawn(first=1), strict=True):
        np.testing.assert_array_equal(one["image"], other["image"])
    assert (whole[0]["image"] != drawn(seed=5)[0]["image"]).any()
    kept = [png[..., ::-1] for png in map(decoded, images[recorded])]
    attacks = [
        image
        for batch in whole
        for image, label in zip(batch["image"], batch["label"], strict=True)
        if label
    ]
    # No attack is a crop that was kept, nor is any shown twice.
    assert len({image.tobytes() for image in attacks}) == len(attacks) == 16
    windows = {
        window.tobytes()
        for image in kept
        for row in range(5)
        for column in range(5)
        for window in (image[row : row + 32, column : column + 32] / np.float32(256),)
    }
    assert not windows & {image.tobytes() for image in attacks}


def decoded(png):
    return cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)


def test_eyes_are_where_the_rule_puts_them(astronaut):
    settings = CropSettings(64, jitter=4, crop_rule=RELEASED_CROP.scaled(4))
    x, y, side = crop_box(EYES, settings.crop_rule)
    expected = (EYES - [x, y, x, y]) * 64 / side + 4
    np.testing.assert_allclose(eyes_in_crop(settings), expected, atol=1.5)
