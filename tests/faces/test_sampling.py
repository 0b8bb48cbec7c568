"""Resizing and sampling for the face networks, against OpenCV, which did it before."""

import cv2
import numpy as np
import pytest

from despoof_keras.faces import sampling
from despoof_keras.faces.sampling import fit_into_square, resize_smoothly, sample_square


def random_image(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.parametrize("shape", [(480, 640), (300, 257), (512, 512), (1, 700), (2000, 30)])
def test_a_picture_is_reduced_to_the_means_over_areas(shape, monkeypatch):
    image = random_image(*shape)
    scale = 256 / max(shape)
    height, width = (max(1, round(side * scale)) for side in shape)
    expected = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    found = resize_smoothly(image, height, width)
    # OpenCV rounds; its sums are in float32, too.
    assert np.abs(found - expected).max() < 0.501
    monkeypatch.setattr(sampling, "BAND_VALUES", 5000)
    sampling._resize_matrices.cache_clear()
    np.testing.assert_allclose(resize_smoothly(image, height, width), found, atol=1e-3)
    sampling._resize_matrices.cache_clear()


@pytest.mark.parametrize("shape", [(100, 184), (255, 3), (1, 1), (2, 60)])
def test_a_picture_is_enlarged_bilinearly(shape):
    image = random_image(*shape)
    scale = 256 / max(shape)
    height, width = (max(1, round(side * scale)) for side in shape)
    expected = cv2.resize(image.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_allclose(resize_smoothly(image, height, width), expected, atol=0.01)


def test_a_fitted_picture_lies_in_the_middle_of_the_square():
    picture = fit_into_square(np.full((100, 50, 3), 255, np.uint8), 20)
    assert picture.scale == 0.2
    assert picture.offset.tolist() == [5, 0]
    assert (picture.tensor[:, 5:15] == 1).all()
    assert (picture.tensor[:, [0, 4, 15, 19]] == -1).all()


@pytest.mark.parametrize("shape", [(90, 120), (1, 1), (1, 9), (9, 1), (2, 2)])
@pytest.mark.parametrize("degrees", [0, 17, 90, 180, -100])
def test_a_square_is_sampled_with_the_border_repeated(shape, degrees):
    image = random_image(*shape)
    turn = np.radians(degrees)
    cosine, sine = 1.3 * np.cos(turn), 1.3 * np.sin(turn)
    matrix = np.array([[cosine, -sine, 30.2], [sine, cosine, -12.6]])
    expected = cv2.warpAffine(
        image.astype(np.float32),
        matrix,
        (64, 64),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    # OpenCV before 5 places samples on a 32nd of a pixel, which is 8 grey levels of noise at most.
    np.testing.assert_allclose(sample_square(image, matrix, 64), expected, atol=8.1)
    assert np.abs(sample_square(image, matrix, 64) - expected).mean() < 2
