"""Spoof scores from network outputs, for training, evaluation and exported graphs alike.

A spoof score is higher for attacks. A video's score is the mean over its frames.

Reference: the released model returns the mean absolute noise; the paper scores by the norm of the
noise and of the depth (section 3.4).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import tensorflow as tf
from keras import ops

from despoof_keras.metadata import SCORE_NAMES
from despoof_keras.models.layers import CHANNELS


def averaging_stages(side: int) -> list[int]:
    """Sides of the squares that are averaged one after the other until one value is left.

    They are the prime factors of `side`, 2 for most stages. A phone's GPU adds in half precision:
    of the thousands of values of a map at once, later ones would be lost beside the sum, and it
    could pass the largest half, 65,504.
    """
    stages, factor = [], 2
    while side > 1:
        while side % factor == 0:
            stages.append(factor)
            side //= factor
        factor += 1
    return stages


def _mean(x):
    """Average over rows and columns by `averaging_stages`, and then over channels."""
    x = ops.cast(x, "float32")
    height, width = x.shape[1:3]
    for stage in itertools.zip_longest(
        averaging_stages(height), averaging_stages(width), fillvalue=1
    ):
        x = ops.average_pool(x, stage, stage, data_format=CHANNELS)
    return ops.reshape(ops.mean(x, axis=-1), (-1,))


def noise_score(noise: tf.Tensor) -> tf.Tensor:
    """Average the absolute noise, `(batch, S, S, 6)`, over pixels and channels to `(batch,)`."""
    return _mean(ops.abs(noise))


def zero_one_map_score(zero_one_map: tf.Tensor) -> tf.Tensor:
    """Average the 0/1 map, `(batch, S / 8, S / 8, 1)`, to `(batch,)`."""
    return _mean(zero_one_map)


def depth_score(depth: tf.Tensor) -> tf.Tensor:
    """Return minus the mean depth, `(batch, S / 8, S / 8, 1)` to `(batch,)`: flat scores high."""
    return -_mean(depth)


def spoof_scores(outputs: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Compute the score of every network output that is present.

    Args:
        outputs: mapping with some or all of `noise`, `zero_one_map` and `depth` (of the input).

    Returns:
        Mapping from score name to `(batch,)`.
    """
    functions = {"noise": noise_score, "zero_one_map": zero_one_map_score, "depth": depth_score}
    return {name: functions[name](outputs[name]) for name in SCORE_NAMES if name in outputs}
