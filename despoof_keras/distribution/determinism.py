"""Repeatable training: the same seed gives the same weights, however threads are scheduled."""

from __future__ import annotations

import functools
import operator

import keras
import tensorflow as tf


def make_repeatable(seed: int, compiled: bool = False) -> None:
    """Seed all random numbers of this process and make its computations repeatable.

    This turns on TensorFlow's determinism and turns off its graph rewriting (Grappler). The latter
    merges sums into operations with more terms (AddN), which start with whichever term's memory is
    free first, so that rounding would depend on the timing of threads.

    Args:
        seed: whole number.
        compiled: whether gradients are compiled with XLA. TensorFlow counts none of XLA's
            gradients of max pooling as deterministic and fails if determinism is demanded; on a
            CPU, code compiled with XLA is repeatable anyway.
    """
    keras.utils.set_random_seed(seed)
    if not compiled:
        tf.config.experimental.enable_op_determinism()
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})


def fan_out(tensor: tf.Tensor, count: int) -> tuple[tf.Tensor, ...]:
    """Copy a tensor for several uses whose gradients are added in the order of the copies.

    TensorFlow itself adds the gradients of three or more uses with an AddN operation, whose order
    of summation varies, see `make_repeatable`.

    Args:
        tensor: any tensor.
        count: number of uses.

    Returns:
        `count` tensors with the same value.
    """

    @tf.custom_gradient
    def copies(value):
        def gradient(*parts):
            return functools.reduce(operator.add, parts)

        return tuple(tf.identity(value) for _ in range(count)), gradient

    return copies(tensor)
