"""The same weights from the same seed: in every process, and whatever else the machine does."""

import functools
import operator

import keras
import tensorflow as tf


def make_repeatable(seed, compiled=False):
    """Seeds all random numbers of this process and makes its computations repeatable.

    Besides TensorFlow's own determinism this turns off its graph rewriting (Grappler): that gathers
    sums into operations of more terms (AddN), which start with whichever term's memory is free
    first, so that the rounding depends on the threads' timing.

    Args:
        seed: whole number.
        compiled: gradients are compiled with XLA. It has no gradient of max pooling that
            TensorFlow takes for deterministic, and fails when determinism is asked for; on a CPU
            what it compiles is repeatable without.
    """
    keras.utils.set_random_seed(seed)
    if not compiled:
        tf.config.experimental.enable_op_determinism()
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})


def fan_out(tensor, count):
    """A tensor for several uses, whose gradients are added up in the order of the uses.

    TensorFlow adds the gradients of three or more uses by an AddN, see `make_repeatable`.

    Args:
        tensor: any.
        count: number of uses.

    Returns:
        Tuple of `count` tensors of the same value.
    """

    @tf.custom_gradient
    def copies(value):
        def gradient(*parts):
            return functools.reduce(operator.add, parts)

        return tuple(tf.identity(value) for _ in range(count)), gradient

    return copies(tensor)
