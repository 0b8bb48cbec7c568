"""Displaced face boxes: against shifted pictures, and against SciPy's interpolation."""

import math

import numpy as np
import pytest
from scipy import ndimage

from despoof_keras.errors import DataError
from despoof_keras.evaluation.robustness.boxes import (
    displaced_crop,
    rotated_crop,
    scaled,
    shifted,
)
from despoof_keras.evaluation.robustness.conditions import Condition
from despoof_keras.faces.crop import RELEASED_CROP, crop_box, crop_face, eye_distance

EYES = np.array([203.0, 101.0, 243.0, 103.0])  # 40 pixels apart: a side of 100
SIZE = 64


@pytest.fixture(scope="module")
def smooth(astronaut):
    """A photograph without fine detail, so that interpolations agree."""
    return ndimage.gaussian_filter(astronaut, (3, 3, 0))


@pytest.mark.parametrize(("direction", "dx", "dy"), [(0, 10, 0), (math.pi / 2, 0, 10)])
def test_a_shifted_box_cuts_what_an_oppositely_shifted_picture_shows(astronaut, direction, dx, dy):
    eyes = shifted(EYES, RELEASED_CROP, 0.1, direction)
    moved = np.roll(astronaut, (-dy, -dx), axis=(0, 1))
    np.testing.assert_array_equal(crop_face(astronaut, eyes, SIZE), crop_face(moved, EYES, SIZE))


def test_the_direction_does_not_change_how_far_a_box_moves():
    for direction in np.linspace(0, 2 * math.pi, 7):
        eyes = shifted(EYES, RELEASED_CROP, 0.2, direction)
        assert np.hypot(*(eyes - EYES)[:2]) == pytest.approx(20)
        assert eye_distance(eyes) == pytest.approx(40)


def test_a_scaled_box_keeps_its_centre():
    x, y, side = crop_box(EYES)
    for factor, expected in ((0.8, 80), (1.2, 120)):
        new_x, new_y, new_side = crop_box(scaled(EYES, RELEASED_CROP, factor))
        assert new_side == expected
        assert (new_x + new_side / 2, new_y + new_side / 2) == (x + side / 2, y + side / 2)


def test_a_rotated_box_shows_what_an_independent_warp_does(smooth):
    x, y, side = crop_box(EYES)
    middle = (side - 1) / 2
    for degrees in (-20, 10):
        angle = math.radians(degrees)
        down, across = np.mgrid[:side, :side] - middle
        columns = x + middle + math.cos(angle) * across - math.sin(angle) * down
        rows = y + middle + math.sin(angle) * across + math.cos(angle) * down
        square = np.stack(
            [
                ndimage.map_coordinates(smooth[..., i].astype(float), [rows, columns], order=3)
                for i in range(3)
            ],
            axis=-1,
        )
        # As the crop of a picture that holds nothing but the square.
        eyes = (30.0, 33.0, 70.0, 33.0)
        assert crop_box(eyes) == (0, 0, side)
        expected = crop_face(square, eyes, SIZE)
        difference = rotated_crop(smooth, EYES, SIZE, RELEASED_CROP, degrees) - expected
        assert np.abs(difference).mean() < 0.5
        assert np.abs(difference).max() < 4


def test_a_box_beyond_the_border_repeats_the_border_when_it_turns():
    frame = np.full((200, 200, 3), 90, np.uint8)
    crop = rotated_crop(frame, np.array([10.0, 20.0, 50.0, 20.0]), SIZE, RELEASED_CROP, 15)
    np.testing.assert_array_equal(crop, 90)


def test_without_strength_the_crop_is_the_same_to_the_bit(astronaut):
    plain = crop_face(astronaut, EYES, SIZE)
    for condition in (("shift", 0.0), ("scale", 1.0), ("rotation", 0.0)):
        crop = displaced_crop(astronaut, EYES, SIZE, RELEASED_CROP, Condition(*condition), 0.3)
        np.testing.assert_array_equal(crop, plain, err_msg=condition[0])


def test_a_box_outside_the_picture_is_refused(astronaut):
    with pytest.raises(DataError, match="outside the image"):
        rotated_crop(astronaut, EYES + 1000, SIZE, RELEASED_CROP, 5)
