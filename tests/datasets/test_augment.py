"""Simulated attacks of bona fide faces: repeatable, of any size; and what is refused."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from despoof_keras import datasets
from despoof_keras.datasets import SimulatedAttack, SimulatedCapture
from despoof_keras.datasets.samples import check_species
from despoof_keras.errors import DataError

EYES = (40.0, 50.0, 80.0, 52.0)


@pytest.fixture(scope="module")
def image(astronaut):
    return np.ascontiguousarray(astronaut[60:171, 160:283])  # of odd sides


def outcomes(attack, image, numbers=(None,) * 4):
    return [attack(image, EYES, number) for number in numbers]


def assert_equal(one, other):
    for first, second in zip(one, other, strict=True):
        for left, right in zip(first, second, strict=True):
            np.testing.assert_array_equal(left, right)


def test_size_and_kind_of_a_picture_stay_and_the_species_is_told(image):
    found = outcomes(SimulatedAttack(seed=3), image, range(12))
    for picture, eyes, pai in found:
        assert picture.shape == image.shape
        assert picture.dtype == np.uint8
        assert eyes.shape == (4,)
        np.testing.assert_allclose(eyes, EYES, atol=12)
        check_species(pai)
        assert np.abs(picture.astype(int) - image).mean() > 3
    assert {pai for *_, pai in found} == {"simulated_print", "simulated_replay"}
    for kind in ("print", "replay"):
        only = outcomes(SimulatedAttack(kind), image)
        assert {pai for *_, pai in only} == {f"simulated_{kind}"}


def test_the_same_seed_gives_the_same_attacks_one_after_the_other_or_by_number(image):
    first = outcomes(SimulatedAttack(seed=1), image)
    assert_equal(outcomes(SimulatedAttack(seed=1), image), first)
    assert_equal(outcomes(SimulatedAttack(seed=1), image, range(4)), first)
    other = outcomes(SimulatedAttack(seed=2), image)
    assert not np.array_equal(other[0][0], first[0][0])
    assert not np.array_equal(first[0][0], first[1][0])


def test_media_fill_the_picture_unless_a_border_is_asked_for(image):
    """Without a border and by the physics is what is meant where nothing is said."""
    for kind in ("print", "replay"):
        usual = outcomes(SimulatedAttack(kind), image)
        said = outcomes(SimulatedAttack(kind, by="physics", border=False), image)
        assert_equal([each[:2] for each in usual], [each[:2] for each in said])
        bordered = outcomes(SimulatedAttack(kind, border=True), image)
        assert all((one[0] != other[0]).any() for one, other in zip(usual, bordered, strict=True))


def test_threads_and_copies_give_the_same(image):
    attack = SimulatedAttack(seed=5)
    expected = outcomes(attack, image, range(6))
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda number: attack(image, EYES, number), range(6)))
    assert_equal(found, expected)
    attack = SimulatedAttack(seed=5)
    attack(image, EYES)
    assert_equal(outcomes(pickle.loads(pickle.dumps(attack)), image), expected[1:5])


def test_a_capture_leaves_the_eyes_and_takes_another_picture(image):
    capture = SimulatedCapture(seed=1)
    picture, eyes = capture(image, EYES)
    np.testing.assert_array_equal(eyes, EYES)
    assert picture.shape == image.shape
    # What is seen is the same: only light, colours, sharpness and noise are others.
    greys = [each.astype(float).mean(axis=2).ravel() for each in (picture, image)]
    assert np.corrcoef(greys)[0, 1] > 0.9
    assert not np.array_equal(capture(image, EYES)[0], picture)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda image: (image.astype(np.float32), EYES), "image: expected uint8"),
        (lambda image: (image[..., 0], EYES), r"image: expected uint8 \(height, width, 3\)"),
        (lambda image: (image[:20, :20], (4, 5, 9, 5)), "image: expected at least 32 x 32"),
        (lambda image: (image, (40, 50, 900, 50)), "eyes: expected them in the image of 123 x 111"),
        (lambda image: (image, (80, 50, 40, 50)), "other order"),
        (lambda image: (image, (40, 50, 80)), "eyes: expected four numbers"),
    ],
)
@pytest.mark.parametrize("made", [SimulatedAttack(), SimulatedCapture()])
def test_what_is_no_picture_of_a_face_is_refused(made, change, message, image):
    with pytest.raises(DataError, match=message):
        made(*change(image))


def test_there_is_no_other_kind_and_no_other_name():
    with pytest.raises(DataError, match="kind: expected one of print, replay"):
        SimulatedAttack("mask")
    with pytest.raises(AttributeError, match="Simulated"):
        datasets.Simulated  # noqa: B018
