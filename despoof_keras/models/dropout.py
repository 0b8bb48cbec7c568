"""Dropout that is the same on one device and on many."""

import keras
import tensorflow as tf
from keras import ops


@keras.saving.register_keras_serializable("despoof_keras")
class BatchDropout(keras.layers.Dropout):
    """`keras.layers.Dropout` over the global batch, of which every replica has its rows.

    Keras' own draws the same numbers on every replica, so that the first sample of each loses the
    same units. Here each replica draws for the whole batch and takes its own rows: two replicas
    drop what one device would drop, and on one device the numbers are those of Keras' layer (XLA
    draws others). All replicas must have as many samples.
    """

    def call(self, inputs, training=False):
        if not training or self.rate == 0:
            return inputs
        replica = tf.distribute.get_replica_context()
        rows = ops.shape(inputs)[0]
        shape = (rows * replica.num_replicas_in_sync, *ops.shape(inputs)[1:])
        seed = tf.cast(self.seed_generator.next(), "int32")
        drawn = tf.random.stateless_uniform(shape, seed, dtype=inputs.dtype)
        first = replica.replica_id_in_sync_group * rows
        kept = ops.cast(drawn[first : first + rows] >= self.rate, inputs.dtype)
        return inputs * kept / (1.0 - self.rate)
