"""Compression as H.264: what it costs grows as the bit rate falls, and it moves no brightness."""

import numpy as np
import pytest

from despoof_keras.evaluation.robustness.h264 import FRAME_RATE, H264

RATES = (2.0, 0.3, 0.1, 0.03)


def compressed(pictures, rate):
    height, width = pictures[0].shape[:2]
    coder = H264((width, height), rate)
    made = [own for picture in pictures for own in coder.pass_on(picture)]
    return np.array([*made, *coder.rest()]), coder.bits / (height * width * len(pictures))


def psnr(pictures, made):
    return 10 * np.log10(255**2 / np.mean((np.float64(made) - pictures) ** 2))


@pytest.fixture(scope="module")
def clip(astronaut):
    """Two seconds of a photograph that moves, of an odd width and height."""
    photograph = astronaut[:241, :321]
    return np.array([np.roll(photograph, step, axis=1) for step in range(2 * FRAME_RATE)])


def test_fewer_bits_change_more_and_are_as_many_as_were_asked_for(clip):
    outcomes = [compressed(clip, rate) for rate in RATES]
    assert all(made.shape == clip.shape and made.dtype == np.uint8 for made, _ in outcomes)
    qualities = [psnr(clip, made) for made, _ in outcomes]
    assert qualities == sorted(qualities, reverse=True)
    assert qualities[0] - qualities[-1] > 6
    for rate, (_, achieved) in zip(RATES[1:], outcomes[1:], strict=True):
        assert achieved == pytest.approx(rate, rel=0.25)


def test_brightness_and_colour_stay(clip):
    made, _ = compressed(clip, RATES[0])
    differences = (np.float64(made) - clip).mean(axis=(0, 1, 2))
    assert np.abs(differences).max() < 0.5
    grey = np.full((4, 32, 48, 3), 100, np.uint8)
    assert np.abs(np.int16(compressed(grey, RATES[0])[0]) - 100).max() <= 1
