"""Batch norm statistics that are the same on every replica when they are used and kept."""

import keras
import tensorflow as tf


class SharedStatistics(keras.callbacks.Callback):
    """Averages moving statistics, and their moving averages, over the replicas.

    Without synchronized batch norm each replica follows its own part of the batches. A checkpoint
    holds one set of statistics, so a resumed run starts from the same on every replica; a run that
    goes on has to do so as well, or the two would end with different weights. The model that is
    validated is the one that is kept, too: this is done before every validation.

    It has to stand before `AveragedValidation`. On one replica it does nothing.
    """

    def __init__(self):
        super().__init__()
        self._share = None

    def on_test_begin(self, logs=None):
        if self.model.distribute_strategy.num_replicas_in_sync > 1:
            if self._share is None:
                self._share = _sharing(self.model)
            self._share()


def _sharing(model):
    variables = model.averaged_variables()
    kept = [one for one, of in zip(model.averages, variables, strict=False) if not of.trainable]
    statistics = [one.value for one in (*(v for v in variables if not v.trainable), *kept)]

    def share():
        replica = tf.distribute.get_replica_context()
        values = [tf.identity(one) for one in statistics]
        means = replica.all_reduce(tf.distribute.ReduceOp.MEAN, values)
        for variable, mean in zip(statistics, means, strict=True):
            variable.assign(mean)

    return tf.function(lambda: model.distribute_strategy.run(share))
