"""Features of the baselines: by hand, by brute force, and what must not change them."""

import cv2
import numpy as np
import pytest

from despoof_keras.training.comparison import features

SIZE = 16
# A share of the pixels: interpolated neighbours that equal their pixel are rounded either way.
ROUNDED = 2.5 / SIZE**2


@pytest.fixture
def crop():
    return np.random.default_rng(0).integers(0, 120, (SIZE, SIZE, 3), dtype=np.uint8)


@pytest.fixture
def grey_crop(crop):
    return np.repeat(crop[..., :1], 3, axis=2)


def bits(plane, points, radius):
    """For each pixel whether each neighbour on the circle is at least as bright; outside is 0."""
    padded = np.pad(plane.astype(float), 4)
    angles = 2 * np.pi * np.arange(points) / points
    bits = []
    for dy, dx in np.round(radius * np.stack([-np.sin(angles), np.cos(angles)], axis=1), 5):
        y, x = np.floor([dy, dx]).astype(int)
        fy, fx = dy - y, dx - x

        def shifted(a, b):
            return padded[4 + a : 4 + a + SIZE, 4 + b : 4 + b + SIZE]

        upper = (1 - fx) * shifted(y, x) + fx * shifted(y, x + 1)
        lower = (1 - fx) * shifted(y + 1, x) + fx * shifted(y + 1, x + 1)
        bits.append((1 - fy) * upper + fy * lower >= plane)
    return np.stack(bits, axis=-1)


def test_lbp_histograms_are_those_of_the_definition(crop):
    histograms = iter(np.split(features.lbp_histograms(crop), np.cumsum([10, 18] * 6)[:-1]))
    ycrcb = cv2.cvtColor(crop, cv2.COLOR_RGB2YCrCb)
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    for plane in (grey, *np.moveaxis(crop, -1, 0), ycrcb[..., 1], ycrcb[..., 2]):
        for points, radius in ((8, 1), (16, 2)):
            circle = bits(plane, points, radius)
            changes = (circle != np.roll(circle, 1, axis=-1)).sum(axis=-1)
            pattern = np.where(changes <= 2, circle.sum(axis=-1), points + 1)
            expected = [(pattern == number).mean() for number in range(points + 2)]
            np.testing.assert_allclose(next(histograms), expected, atol=ROUNDED)


def test_colour_lbp_histograms_have_a_bin_for_each_uniform_pattern(crop):
    histograms = np.split(features.colour_lbp_histograms(crop), 6)
    planes = [
        plane
        for code in (cv2.COLOR_RGB2HSV, cv2.COLOR_RGB2YCrCb)
        for plane in cv2.split(cv2.cvtColor(crop, code))
    ]
    for histogram, plane in zip(histograms, planes, strict=True):
        circle = bits(plane, 8, 1)
        code = circle @ (1 << np.arange(8))
        is_uniform = (circle != np.roll(circle, 1, axis=-1)).sum(axis=-1) <= 2
        shares = [(code[is_uniform] == number).sum() / code.size for number in range(256)]
        # In whatever order, at most 58 of these are more than 0; the last bin is all others.
        expected = np.sort(shares)[-58:]
        assert histogram[:-1].sum() == pytest.approx(sum(expected), abs=ROUNDED)
        np.testing.assert_allclose(np.sort(histogram[:-1]), expected, atol=ROUNDED)
        assert histogram.sum() == pytest.approx(1)


@pytest.mark.parametrize("describe", [features.lbp_histograms, features.colour_lbp_histograms])
def test_local_binary_patterns_do_not_see_exposure(describe, grey_crop):
    brighter = grey_crop * 2
    np.testing.assert_array_equal(describe(brighter), describe(grey_crop))
    statistics = [features.global_statistics(each) for each in (brighter, grey_crop)]
    np.testing.assert_allclose(statistics[0][:3], 2 * statistics[1][:3])


def test_only_the_published_colour_patterns_tell_a_turned_picture(crop):
    turned = np.rot90(crop).copy()
    np.testing.assert_allclose(
        features.lbp_histograms(turned), features.lbp_histograms(crop), atol=ROUNDED
    )
    change = features.colour_lbp_histograms(turned) - features.colour_lbp_histograms(crop)
    assert np.abs(change).max() > ROUNDED


def test_statistics_of_one_colour():
    crop = np.full((SIZE, SIZE, 3), (0, 0, 200), np.uint8)
    means, deviations, *percentiles = np.split(features.global_statistics(crop)[:54], 9)
    # OpenCV's hue of blue is 120, half of the degrees.
    np.testing.assert_allclose(means, [0, 0, 200, 120, 255, 200])
    np.testing.assert_allclose(deviations, 0)
    for values in percentiles:
        np.testing.assert_allclose(values, means)
    np.testing.assert_allclose(features.global_statistics(crop)[54:], 0, atol=1e-6)


def test_the_energy_of_stripes_is_in_the_ring_of_their_frequency():
    stripes = 100 + 50 * np.cos(2 * np.pi * 0.25 * np.arange(SIZE))
    for grey in (np.tile(stripes, (SIZE, 1)), np.tile(stripes[:, None], SIZE)):
        np.testing.assert_allclose(features.ring_energies(grey), [0, 1000, 0, 0], atol=1e-3)


def test_percentiles_and_deviation_are_of_all_pixels(crop):
    statistics = features.global_statistics(crop)
    red = np.sort(crop[..., 0].ravel())
    assert statistics[0] == pytest.approx(red.mean())
    assert statistics[6] == pytest.approx(np.sqrt(((red - red.mean()) ** 2).mean()))
    # The fourth percentile is the median, after means, deviations and three percentiles of six.
    assert statistics[6 * (2 + 3)] == (red[red.size // 2 - 1] + red[red.size // 2]) / 2


def test_features_of_a_crop_are_computed_once(crop):
    calls = []

    @features.once_for_each_crop
    def describe(crop):
        calls.append(crop)
        return crop.mean(axis=(0, 1))

    other = crop.copy()
    other[0, 0, 0] += 1
    results = [describe(each) for each in (crop, other, crop.copy())]
    assert len(calls) == 2
    np.testing.assert_array_equal(results[0], results[2])
    assert results[0][0] != results[1][0]
