"""The rule that brings HDR's colours to those of ordinary video."""

import numpy as np
import pytest
from video_cases import hdr_signal

from despoof_keras.utils.video.colours import TO_BT709, tone_mapped

BT2020, BT709 = 9, 1


@pytest.mark.parametrize("transfer", ["PQ", "HLG"])
def test_an_ordinary_picture_comes_back(transfer):
    levels = np.arange(0, 256, 15, dtype=np.uint8)
    red, green, blue = np.meshgrid(levels, levels, levels)
    image = np.stack([red, green, blue], -1).reshape(-1, len(levels), 3)
    back = tone_mapped(hdr_signal(image, transfer), transfer, BT2020)
    assert back.dtype == np.uint8
    difference = np.abs(back.astype(int) - image)
    # The knee bends what is brighter than nine tenths of white's light.
    below = image.max(axis=-1) < 240
    assert difference[below].max() <= 6
    assert difference[below].mean() < 0.5
    assert difference.max() <= 7


@pytest.mark.parametrize("transfer", ["PQ", "HLG"])
def test_highlights_stay_apart_and_keep_their_hue(transfer):
    signal = np.zeros((1, 64, 3), np.uint16)
    signal[..., 0] = np.linspace(0, 65535, 64)
    signal[..., 1:] = signal[..., :1] // 2
    ramp = tone_mapped(signal, transfer, BT709)[0].astype(int)
    assert (np.diff(ramp[:, 0]) >= 0).all()
    assert ramp[-1, 0] >= 250
    assert (ramp[:, 0] >= ramp[:, 1]).all()


def test_black_is_black_and_primaries_keep_white():
    assert not tone_mapped(np.zeros((2, 2, 3), np.uint16), "HLG", BT2020).any()
    np.testing.assert_allclose(TO_BT709.sum(axis=1), 1, atol=1e-3)
