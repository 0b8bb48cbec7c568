"""Batches with other shares of classes, species and data sets than the data have."""

import dataclasses
from collections import Counter

import numpy as np
import pytest
import tensorflow as tf

from despoof_keras.datasets import oulu_npu
from despoof_keras.datasets.balance import Balance
from despoof_keras.datasets.batches import evaluation_batches, steps_per_epoch, training_batches
from despoof_keras.datasets.prepare import CropSettings, prepare_crops
from despoof_keras.datasets.shards import frames_in_order
from despoof_keras.errors import DataError

SIZE, BATCH = 16, 8


@pytest.fixture(scope="module")
def crops(small_set, tmp_path_factory):
    """Crops without a margin, of videos that come from two data sets."""
    samples = [
        dataclasses.replace(sample, groups=(("data_set", f"set {sample.phone % 2}"),))
        for sample in oulu_npu.load(small_set, 1)["train"]
    ]
    folder = tmp_path_factory.mktemp("crops")
    return prepare_crops(samples, folder, CropSettings(SIZE, 2, 0))


@pytest.fixture(scope="module")
def sample_of(crops):
    """From the bytes of a crop, or of its mirror image, to its video."""
    by_key = {sample.key: sample for sample in crops.samples}
    found = {}
    images = (image for batch in evaluation_batches(crops) for image in batch["image"].numpy())
    for shown, image in zip(frames_in_order(crops), images, strict=True):
        for view in (image, image[:, ::-1]):
            found[view.tobytes()] = by_key[shown.key]
    return found


def batches(crops, balance, steps=50, **options):
    return list(training_batches(crops, BATCH, steps, 1, balance=balance, **options))


def shown(crops, sample_of, balance, **options):
    """The videos that are drawn, of both classes."""
    drawn = [
        sample_of[image.tobytes()]
        for batch in batches(crops, balance, **options)
        for image in batch["image"].numpy()
    ]
    return [sample for sample in drawn if not sample.label], [s for s in drawn if s.label]


def shares(samples, column):
    counts = Counter(column(sample) for sample in samples)
    return {value: count / len(samples) for value, count in counts.items()}


@pytest.mark.parametrize(
    ("share", "labels"),
    [
        (0.5, [0, 1, 0, 1, 0, 1, 0, 1]),
        (0.25, [0, 0, 0, 1, 0, 0, 0, 1]),
        (0.75, [0, 1, 1, 1, 0, 1, 1, 1]),
        (0.125, [0, 0, 0, 0, 0, 0, 0, 1]),
    ],
)
def test_the_classes_have_their_share_of_every_part_of_a_batch(share, labels, crops):
    for batch in batches(crops, Balance(share), steps=3):
        assert batch["label"].numpy().tolist() == labels
        np.testing.assert_array_equal(batch["instrument"] > 0, batch["label"] > 0)


def test_an_epoch_shows_as_many_crops_as_there_are_of_the_class_that_takes_longer(crops):
    bona_fide, attacks = crops.counts[0], crops.counts[1]
    assert attacks > bona_fide
    assert steps_per_epoch(crops, BATCH) == attacks // 4
    assert steps_per_epoch(crops, BATCH, Balance(0.875)) == max(attacks // 7, bona_fide)
    more = dataclasses.replace(crops, counts={0: attacks, 1: bona_fide})
    assert steps_per_epoch(more, BATCH) == attacks // 4


def test_without_weights_species_are_drawn_as_often_as_there_are_crops_of_them(crops, sample_of):
    _, attacks = shown(crops, sample_of, Balance(), steps=crops.counts[1] // 4)
    counts = Counter(sample.key for sample in attacks)
    assert set(counts.values()) == {2}  # each frame of every attack once


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ({"print_1": 3}, {"print_1": 1 / 2, **dict.fromkeys(("print_2", "replay_1"), 1 / 6)}),
        ({"replay_2": 0, "print_2": 0.5}, {"print_1": 0.4, "print_2": 0.2, "replay_1": 0.4}),
    ],
)
def test_species_are_drawn_by_their_weights(weights, expected, crops, sample_of):
    bona_fide, attacks = shown(crops, sample_of, Balance(weights={"pai": weights}), steps=150)
    found = shares(attacks, lambda sample: sample.pai)
    for pai, share in expected.items():
        assert found[pai] == pytest.approx(share, abs=0.06)
    assert ("replay_2" in found) is ("replay_2" not in weights)
    # All bona fide presentations are one species, so nothing changes there.
    assert len({sample.key for sample in bona_fide}) > 10


def test_data_sets_and_instruments_multiply(crops, sample_of):
    weights = {"instrument": {"replay": 3.0}, "data_set": {"set 1": 4.0}}
    bona_fide, attacks = shown(crops, sample_of, Balance(weights=weights), steps=150)
    found = shares(bona_fide, lambda sample: sample.groups[0][1])
    assert found["set 1"] == pytest.approx(4 / 5, abs=0.06)
    found = shares(attacks, lambda sample: (sample.instrument, sample.groups[0][1]))
    for pair, share in ((("replay", "set 1"), 12 / 20), (("print", "set 0"), 1 / 20)):
        assert found[pair] == pytest.approx(share, abs=0.06)


def test_what_is_drawn_depends_on_the_seed_alone(crops):
    balance = Balance(0.25, {"pai": {"print_1": 3}, "session": {}})

    def run(**options):
        drawn = training_batches(crops, BATCH, 4, 2, balance=balance, **options)
        return [batch["image"].numpy() for batch in drawn]

    whole = run(seed=1)
    tf.random.set_seed(99)
    np.testing.assert_array_equal(run(seed=1), whole)
    np.testing.assert_array_equal(run(seed=1, initial_epoch=1), whole[4:])
    assert not np.array_equal(run(seed=2), whole)


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ({"pai": {"print_9": 1}}, r"values of pai.*print_1, .*received 'print_9'"),
        ({"camera": {}}, r"one of pai, instrument.*, data_set; received 'camera'"),
        ({"data_set": {"set 0": 0, "set 1": 0}}, "all crops of one have the weight 0"),
    ],
)
def test_weights_that_do_not_fit_the_data_are_named(weights, expected, crops):
    with pytest.raises(DataError, match=f"sampling_weights: .*{expected}"):
        batches(crops, Balance(weights=weights))


def test_batches_that_cannot_be_shared_are_refused(crops):
    with pytest.raises(ValueError, match=r"batch_size: .*0\.3 attacks.*received 8"):
        batches(crops, Balance(0.3))
