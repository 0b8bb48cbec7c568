"""Clips compressed as H.264: rates that are kept, losses that grow, frames in their places."""

import cv2
import numpy as np
import pytest

from despoof_keras.errors import DataError
from despoof_keras.evaluation.robustness.conditions import FAMILIES
from despoof_keras.evaluation.robustness.h264 import H264, check_encoder, recompressed

RATES = FAMILIES["h264"].strengths


@pytest.fixture(scope="module")
def clip(astronaut):
    """A photograph that the camera pans over."""
    return [np.ascontiguousarray(astronaut[i : i + 160, 2 * i : 2 * i + 121]) for i in range(20)]


@pytest.fixture(scope="module")
def decoded(clip):
    made = {which: [] for which in range(len(RATES))}
    for which, number, picture in recompressed(enumerate(clip), RATES):
        assert number == len(made[which])
        made[which].append(picture)
    return made


def test_every_picture_comes_back_in_its_place_and_size(clip, decoded):
    for pictures in decoded.values():
        assert len(pictures) == len(clip)
        assert {picture.shape for picture in pictures} == {clip[0].shape}  # of an odd width
        assert {picture.dtype for picture in pictures} == {np.dtype(np.uint8)}
    # At a low rate a picture may be more like the one before.
    for rate in (0, 1):
        for number, picture in enumerate(decoded[rate]):
            gaps = [np.abs(picture.astype(int) - other).mean() for other in clip]
            assert np.argmin(gaps) == number


def test_a_lower_rate_loses_more(clip, decoded):
    losses = [
        np.mean([cv2.PSNR(a, np.ascontiguousarray(b)) for a, b in zip(clip, own, strict=True)])
        for own in decoded.values()
    ]
    assert losses == sorted(losses, reverse=True)
    assert losses[0] < 45


def test_a_clip_has_about_the_rate_that_was_asked_for(clip):
    for rate in RATES:
        coder = H264((121, 160), rate)
        for picture in clip * 6:
            list(coder.pass_on(picture))
        list(coder.rest())
        assert coder.bits / (len(clip) * 6 * 121 * 160) == pytest.approx(rate, rel=0.25)


def test_the_same_clip_gives_the_same_pictures(clip, decoded):
    again = [picture for _, _, picture in recompressed(enumerate(clip), RATES[:1])]
    for picture, before in zip(again, decoded[0], strict=True):
        np.testing.assert_array_equal(picture, before)


def test_a_new_size_begins_a_new_stream(clip):
    pictures = [(0, clip[0]), (1, clip[1]), (5, clip[2][:100, :80]), (7, clip[3][:100, :80])]
    made = list(recompressed(pictures, [0.3]))
    assert [(number, picture.shape[:2]) for _, number, picture in made] == [
        (0, (160, 121)),
        (1, (160, 121)),
        (5, (100, 80)),
        (7, (100, 80)),
    ]


def test_no_picture_gives_none():
    assert list(recompressed([], RATES)) == []


def test_a_build_without_the_encoder_is_told_of(monkeypatch):
    monkeypatch.setattr("av.codecs_available", {"mjpeg"})
    with pytest.raises(DataError, match=r"libx264.*--families"):
        check_encoder()
