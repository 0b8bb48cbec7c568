"""Spoof scores compared with hand computations, and their direction: higher for attacks."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from despoof_keras.metadata import SCORE_NAMES
from despoof_keras.models.scores import (
    averaging_stages,
    depth_score,
    noise_score,
    spoof_scores,
    zero_one_map_score,
)

numpy = keras.ops.convert_to_numpy


def filled(values, side, channels):
    """Return a batch of constant maps, one for each value."""
    values = np.asarray(values, np.float32).reshape(-1, 1, 1, 1)
    return tf.constant(np.broadcast_to(values, (len(values), side, side, channels)))


def test_noise_score_is_the_mean_absolute_noise_over_all_channels():
    noise = np.zeros((2, 2, 2, 6), np.float32)
    noise[0, ..., :3] = [1.0, -2.0, 3.0]  # (1 + 2 + 3) / 6
    noise[1, 0, 0] = -1.2  # 6 * 1.2 / 24
    np.testing.assert_allclose(noise_score(noise), [1.0, 0.3], rtol=1e-6)


def test_zero_one_map_score_is_the_signed_mean():
    zero_one_map = np.reshape([[0.5, -0.5, 1.0, 0.2]], (1, 2, 2, 1)).astype(np.float32)
    np.testing.assert_allclose(zero_one_map_score(zero_one_map), [0.3], rtol=1e-6)


def test_depth_score_is_minus_the_mean_depth():
    depth = np.reshape([[0.5, -0.1, 1.0, 0.2]], (1, 2, 2, 1)).astype(np.float32)
    np.testing.assert_allclose(depth_score(depth), [-0.4], rtol=1e-6)


def test_scores_are_higher_for_attacks():
    outputs = {  # a live face, then an attack
        "noise": filled([0.02, -0.5], 8, 6),
        "zero_one_map": filled([0.1, 0.9], 2, 1),
        "depth": filled([0.6, 0.0], 2, 1),
    }
    scores = spoof_scores(outputs)
    assert set(scores) == set(SCORE_NAMES) == {"noise", "zero_one_map", "depth"}
    for live, attack in (numpy(score) for score in scores.values()):
        assert live < attack


@pytest.mark.parametrize("names", [(), ("depth",), ("noise", "zero_one_map")])
def test_missing_outputs_have_no_score(names):
    outputs = {name: filled([0.25], 4, 1) for name in (*names, "live_estimate")}
    scores = spoof_scores(outputs)
    assert set(scores) == set(names)
    assert all(abs(float(score[0])) == 0.25 for score in scores.values())


def test_half_precision_outputs_are_averaged_in_float32():
    # The sum of 6 * 64 * 64 values of 8 exceeds 65504, the largest number in float16.
    score = noise_score(tf.constant(np.full((1, 64, 64, 6), 8.0, np.float16)))
    assert score.dtype == tf.float32
    assert float(score[0]) == 8.0


def added_in_half(values):
    """The sum over the first axis, in half precision, one value after the other."""
    total = np.zeros(values.shape[1:], np.float16)
    for value in values:
        total = total + value
    return total


@pytest.mark.parametrize("side", [64, 96, 224, 256])
def test_stages_keep_their_mean_on_hardware_that_adds_in_half_precision(side):
    noise = np.random.default_rng(side).gamma(2, 1, (side, side, 6)).astype(np.float16)
    exact = noise.mean(dtype=np.float64)
    at_once = added_in_half(noise.reshape(-1))
    assert abs(at_once / exact / noise.size - 1) > 0.5
    x = noise
    for stage in averaging_stages(side):
        parts = x.reshape(len(x) // stage, stage, len(x) // stage, stage, 6)
        parts = parts.transpose(1, 3, 0, 2, 4).reshape(stage * stage, *parts.shape[::2])
        x = added_in_half(parts) / np.float16(stage * stage)
    assert x.shape == (1, 1, 6)
    assert added_in_half(x.ravel()) / 6 == pytest.approx(exact, rel=1e-3)


@pytest.mark.parametrize(("side", "stages"), [(1, []), (8, [2, 2, 2]), (28, [2, 2, 7]), (97, [97])])
def test_stages_are_the_prime_factors_of_a_side(side, stages):
    assert averaging_stages(side) == stages


def test_a_map_that_is_no_square_is_averaged_over_both_sides():
    maps = np.arange(2 * 6 * 4, dtype=np.float32).reshape(2, 6, 4, 1)
    np.testing.assert_allclose(zero_one_map_score(tf.constant(maps)), maps.mean((1, 2, 3)))
