"""Spoof scores from network outputs, for training, evaluation and exported graphs alike.

A spoof score is higher for attacks. A video's score is the mean over its frames.

Reference: the released model returns the mean absolute noise; the paper scores by the norm of the
noise and of the depth (section 3.4).
"""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf
from keras import ops

from despoof_keras.metadata import SCORE_NAMES


def _mean(x):
    """Average over rows, columns and channels, one axis at a time.

    TFLite's MEAN over three axes at once is inaccurate in tflite-runtime 2.14.
    """
    return ops.mean(ops.mean(ops.mean(ops.cast(x, "float32"), axis=1), axis=1), axis=1)


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
