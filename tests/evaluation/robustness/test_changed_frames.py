"""Changed frames: identities, hand-computed values, and more loss at lower quality."""

import cv2
import numpy as np
import pytest

from despoof_keras.errors import DataError
from despoof_keras.evaluation.robustness.conditions import (
    FAMILIES,
    FRAME,
    SRGB_WHITE,
    conditions_of,
)
from despoof_keras.evaluation.robustness.frames import (
    FRAME_FUNCTIONS,
    balance_gains,
    balanced_for,
    blurred,
    darkened,
    downscaled,
    jpeg,
    with_gamma,
)

EYES = np.array([203.0, 101.0, 243.0, 103.0])
ALL_VALUES = np.repeat(np.arange(256, dtype=np.uint8), 3).reshape(16, 16, 3)


def psnr(picture, other):
    return cv2.PSNR(np.ascontiguousarray(picture), np.ascontiguousarray(other))


def test_every_family_that_acts_on_frames_has_a_function():
    assert {f.name for f in FAMILIES.values() if f.acts_on == FRAME} == set(FRAME_FUNCTIONS)


@pytest.mark.parametrize("condition", conditions_of(FRAME_FUNCTIONS), ids=str)
def test_a_changed_frame_has_the_same_shape_and_type_and_is_another(condition, astronaut):
    frame = astronaut[:301, :303]
    before = frame.copy()
    changed = FRAME_FUNCTIONS[condition.family](frame, condition.strength, EYES)
    assert (changed.shape, changed.dtype) == (frame.shape, np.uint8)
    assert (changed != frame).any()
    np.testing.assert_array_equal(frame, before)
    again = FRAME_FUNCTIONS[condition.family](frame, condition.strength, EYES)
    np.testing.assert_array_equal(changed, again)


@pytest.mark.parametrize(
    "family", [name for name in FRAME_FUNCTIONS if np.isfinite(FAMILIES[name].neutral)]
)
def test_the_neutral_strength_changes_no_bit(family, astronaut):
    for frame in (astronaut, ALL_VALUES):
        changed = FRAME_FUNCTIONS[family](frame, FAMILIES[family].neutral, EYES)
        np.testing.assert_array_equal(changed, frame)


def test_a_constant_picture_stays_constant_when_it_is_reduced_or_blurred():
    frame = np.full((101, 67, 3), (10, 120, 250), np.uint8)
    np.testing.assert_array_equal(downscaled(frame, 0.25, EYES), frame)
    np.testing.assert_array_equal(blurred(frame, 0.04, EYES), frame)


def test_a_reduced_picture_averages_over_areas():
    # Stripes one pixel wide become their mean, without the moiré of a picture that is sampled.
    frame = np.zeros((64, 64, 3), np.uint8)
    frame[:, ::2] = 200
    np.testing.assert_array_equal(downscaled(frame, 0.5, EYES), 100)


def test_a_blur_is_as_wide_as_a_share_of_the_eye_distance():
    frame = np.zeros((201, 201, 3), np.uint8)
    frame[:, 101:] = 255
    # The edge at 100.5 becomes the normal distribution: a standard deviation of 2 % of 200 pixels
    # is 4, and at 4 pixels beyond it lie 84 %.
    line = blurred(frame, 0.02, np.array([0.0, 0.0, 200.0, 0.0]))[100, :, 0] / 255
    assert np.interp(104.5, np.arange(201), line) == pytest.approx(0.841, abs=0.01)


def test_darkening_leaves_a_share_of_the_linear_light():
    # By hand, from IEC 61966-2-1: 255 is a light of 1; half of it has the signal
    # 1.055 * 0.5 ** (1 / 2.4) - 0.055 = 0.7354, or 187.5 of 255; a tenth 0.3492, or 89.04.
    white = np.full((1, 1, 3), 255, np.uint8)
    assert darkened(white, 0.5, EYES)[0, 0, 0] == 188
    assert darkened(white, 0.25, EYES)[0, 0, 0] == 137
    assert darkened(white, 0.1, EYES)[0, 0, 0] == 89
    # Below 10.31 the curve is straight, and so is the share.
    assert darkened(np.full((1, 1, 3), 10, np.uint8), 0.1, EYES)[0, 0, 0] == 1


def test_gamma_is_a_power_of_the_signal():
    grey = np.full((1, 1, 3), 51, np.uint8)  # a fifth
    assert with_gamma(grey, 2.0, EYES)[0, 0, 0] == 10  # 255 / 25 = 10.2
    assert with_gamma(grey, 0.5, EYES)[0, 0, 0] == 114  # 255 / 2.236 = 114.04


def test_balance_for_a_lower_temperature_is_bluer_and_for_a_higher_one_redder():
    np.testing.assert_allclose(balance_gains(SRGB_WHITE), 1)
    for temperature in (4000, 5000):
        red, green, blue = balance_gains(temperature)
        assert red < green == 1 < blue
    for temperature in (9000, 15000):
        red, green, blue = balance_gains(temperature)
        assert red > green == 1 > blue


def test_balance_gains_are_those_of_the_tabulated_illuminant():
    # Illuminant D50 of CIE 15 lies at x = 0.3457, y = 0.3585, and has 5003 K. Its colour in linear
    # sRGB, by the matrix of IEC 61966-2-1 from X = 0.9643, Y = 1, Z = 0.8251:
    d50 = np.array([1.1768, 0.9762, 0.7218])
    d65 = np.array([1.0, 1.0, 1.0])
    expected = d65 / d50 / (d65 / d50)[1]
    np.testing.assert_allclose(balance_gains(5003), expected, atol=0.01)


def test_balanced_grey_follows_the_gains():
    grey = np.full((1, 1, 3), 255, np.uint8)
    red, green, blue = balanced_for(grey, 4000, EYES)[0, 0]
    assert (green, blue) == (255, 255)  # cut off at the end of the range
    light = ((red / 255 + 0.055) / 1.055) ** 2.4
    assert light == pytest.approx(balance_gains(4000)[0], abs=0.01)


def test_jpeg_loses_more_at_lower_quality(astronaut):
    losses = [psnr(jpeg(astronaut, quality, EYES), astronaut) for quality in (90, 70, 50, 30)]
    assert losses == sorted(losses, reverse=True)
    assert losses[0] < 45


def test_jpeg_keeps_the_order_of_colours():
    frame = np.full((32, 32, 3), (200, 100, 40), np.uint8)
    assert np.abs(jpeg(frame, 90, EYES).astype(int) - (200, 100, 40)).max() < 4


def test_an_unknown_family_is_named():
    with pytest.raises(DataError, match=r"families: expected some of shift.*received fog"):
        conditions_of(["fog", "shift"])
    assert [c.family for c in conditions_of(["jpeg", "shift"])] == ["shift"] * 3 + ["jpeg"] * 4


def test_labels_of_a_family_differ():
    for family in FAMILIES.values():
        labels = {family.label(strength) for strength in family.strengths}
        assert len(labels) == len(family.strengths)
        assert family.neutral not in family.strengths
