"""`fit` and `evaluate` under `MultiWorkerMirroredStrategy`, which Keras 3 cannot do by itself.

Keras builds a model by tracing it symbolically and reduces what a step returns over the replicas
of this process; both fail where replicas live in other processes (keras issue 20585). The
despoofer is built beforehand, and its step returns figures that need no reduction. The two methods
overridden here are private to Keras, which is why its version is bounded in setup.cfg.
"""

import tensorflow as tf


class DistributedFit:
    """Mixed into a `keras.Model` that is built before `fit` and whose step returns metrics."""

    def _maybe_symbolic_build(self, *args, **kwargs):
        """Nothing: the model is built."""

    def _make_function(self, step_function):
        if not _has_other_workers(self.distribute_strategy):
            return super()._make_function(step_function)

        @tf.function(reduce_retracing=True)
        def step(iterator):
            per_replica = self.distribute_strategy.run(step_function, args=(next(iterator),))
            results = self.distribute_strategy.experimental_local_results
            return {name: results(value)[0] for name, value in per_replica.items()}

        return step


def _has_other_workers(strategy):
    return isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)
