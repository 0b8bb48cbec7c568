"""Repeatable training: gradients are summed in an order that does not depend on threads."""

import numpy as np
import pytest
import tensorflow as tf

from despoof_keras.distribution.determinism import fan_out
from despoof_keras.training.config import TrainingConfig
from despoof_keras.training.fit import build_despoofer, compile_despoofer


def test_gradients_are_added_in_the_order_of_the_uses():
    value = tf.Variable(1.0)

    @tf.function
    def gradient(factors):
        with tf.GradientTape() as tape:
            parts = fan_out(tf.convert_to_tensor(value), 3)
            total = sum(factors[number] * part for number, part in enumerate(parts))
        return tape.gradient(total, value)

    # In float32, adding 1 to 1e8 changes nothing.
    for factors in ([1.0, 1e8, -1e8], [1e8, -1e8, 1.0], [-1e8, 1.0, 1e8]):
        first, second, third = np.float32(factors)
        assert gradient(tf.constant(factors)).numpy() == (first + second) + third
    assert gradient(tf.constant([1e8, -1e8, 1.0])).numpy() == 1.0


def test_every_copy_has_the_value():
    assert [float(part) for part in fan_out(tf.constant(2.5), 4)] == [2.5] * 4


@pytest.mark.slow
def test_no_sum_in_a_training_step_depends_on_which_memory_is_free():
    config = TrainingConfig(image_size=32, jitter=0, pooling="late", decoder_stride=2)
    model = build_despoofer(config)
    compile_despoofer(model, config, steps=1)
    batch = {
        "image": tf.random.stateless_uniform((2, 32, 32, 3), (0, 1)),
        "depth": tf.ones((2, 4, 4, 1)),
        "label": tf.constant([0.0, 1.0]),
        "instrument": tf.constant([0, 1]),
    }
    step = tf.function(lambda: model.train_step(batch)).get_concrete_function()
    sums = [op for op in step.graph.get_operations() if op.type == "AddN" and len(op.inputs) > 2]
    # AddN starts with a term whose memory is free; it is always the first if nothing else reads it.
    assert all(len(term.consumers()) == 1 for op in sums for term in op.inputs)
