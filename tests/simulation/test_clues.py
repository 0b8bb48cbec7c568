"""Marks of print and replay that others put on pictures: what they are, and what they leave."""

import cv2
import numpy as np
import pytest

from despoof_keras.datasets import SimulatedAttack
from despoof_keras.errors import DataError
from despoof_keras.simulation import clues

EYES = (40.0, 50.0, 80.0, 52.0)
ALL = (clues.jittered, clues.with_moire, clues.halftoned, clues.inked, clues.redisplayed)


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def image(astronaut):
    return np.ascontiguousarray(astronaut[60:171, 160:283])  # of odd sides


def flat(value, size=128):
    return np.full((size, size, 3), value, np.uint8)


def saturation(picture):
    return cv2.cvtColor(picture, cv2.COLOR_RGB2HSV)[..., 1].mean()


@pytest.mark.parametrize("mark", ALL, ids=lambda mark: mark.__name__)
def test_a_marked_picture_is_another_of_the_same_size_by_the_same_draws(mark, image):
    before = image.copy()
    marked = mark(image, rng(1))
    assert marked.shape == image.shape
    assert marked.dtype == np.uint8
    np.testing.assert_array_equal(image, before)
    np.testing.assert_array_equal(mark(image, rng(1)), marked)
    assert (mark(image, rng(2)) != marked).any()
    assert (marked != image).any()


def test_jitter_leaves_grey_grey_and_turns_hues():
    grey = clues.jittered(flat(120), rng())
    assert (grey == grey[0, 0, 0]).all()
    red = np.zeros((8, 8, 3), np.uint8)
    red[..., 0] = 200
    turned = [clues.jittered(red, rng(seed)) for seed in range(9)]
    hues = {cv2.cvtColor(each, cv2.COLOR_RGB2HSV)[0, 0, 0] for each in turned}
    assert len(hues) > 5


def test_moire_keeps_the_mean_and_has_the_sum_and_the_difference_of_two_gratings():
    marked = clues.with_moire(flat(128), rng(3))[..., 0].astype(float)
    assert marked.mean() == pytest.approx(128, abs=2)
    assert np.abs(marked / 128 - 1).max() <= clues.MOIRE_SHARE + 0.01
    power = np.abs(np.fft.rfft2(marked - marked.mean())) ** 2
    row, column = (np.abs(np.fft.fftfreq(128)), np.fft.rfftfreq(128))
    frequency = np.hypot(row[:, None], column[None, :])
    # The product of two cosines of frequencies f and g is one of f - g and one of f + g.
    low, high = (power * (frequency < 0.2)).sum(), (power * (frequency >= 0.2)).sum()
    assert 0.2 < low / (low + high) < 0.8
    peak = frequency[np.unravel_index(np.argmax(power * (frequency < 0.2)), power.shape)]
    assert 0 < peak < 1 / clues.MOIRE_PERIOD[0] * 0.3


def test_a_halftone_has_few_levels_and_the_mean_of_its_inks():
    values = np.tile(np.linspace(0, 255, 128).astype(np.uint8)[None, :, None], (128, 1, 3))
    dots, inks = clues.halftoned(values, rng(5)), clues.inked(values, rng(5))
    assert len(np.unique(dots)) <= clues.LEVELS
    means = [each.reshape(8, 16, 8, 16, 3).mean(axis=(1, 3)) for each in (dots, inks)]
    np.testing.assert_allclose(*means, atol=8)
    # Blue noise has little power at low frequencies.
    noise = clues._blue_noise()
    assert sorted(noise.ravel()) == pytest.approx((np.arange(noise.size) + 0.5) / noise.size)
    power = np.abs(np.fft.fft2(noise - noise.mean())) ** 2
    frequency = np.hypot(*np.meshgrid(*2 * (np.fft.fftfreq(len(noise)),)))
    assert power[frequency < 0.1].mean() < 0.1 * power[frequency > 0.3].mean()


def test_inks_are_less_saturated_and_no_lighter_than_paper(image):
    for seed in range(4):
        assert saturation(clues.inked(flat_colours(), rng(seed))) < saturation(flat_colours())
        assert clues.inked(flat(255), rng(seed)).mean() < 255
        assert clues.inked(flat(0), rng(seed)).mean() > 0


def flat_colours():
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (0, 255, 255), (255, 0, 255)]
    return np.repeat(np.array(colours, np.uint8)[:, None], 6, axis=1)


def test_the_ways_are_told_apart_and_leave_the_eyes(image):
    shown = {}
    for by in ("spsc", "fas_aug"):
        for kind in ("print", "replay"):
            picture, eyes, pai = SimulatedAttack(kind, seed=2, by=by)(image, EYES)
            assert pai == f"simulated_{kind}"
            np.testing.assert_array_equal(eyes, EYES)
            shown[by, kind] = picture
    assert len({picture.tobytes() for picture in shown.values()}) == 4
    with pytest.raises(DataError, match="by: expected one of physics, spsc, fas_aug"):
        SimulatedAttack(by="moire")
