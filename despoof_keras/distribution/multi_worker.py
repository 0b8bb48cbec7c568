"""`fit` and `evaluate` under `MultiWorkerMirroredStrategy`, which Keras 3 cannot do by itself.

Keras builds a model by tracing it symbolically and reduces what a step returns over the replicas
of this process; both fail where replicas live in other processes (keras issue 20585). Here the
model is built beforehand, and a step takes the means over all replicas itself. The two methods
overridden here are private to Keras, which is why its version is bounded in setup.cfg.
"""

import contextlib
import hashlib
import json

import tensorflow as tf

from despoof_keras.errors import DataError, TrainingError


class DistributedFit:
    """Mixed into a `keras.Model` that is built before `fit` and whose step returns metrics."""

    def _maybe_symbolic_build(self, *args, **kwargs):
        """Nothing: the model is built."""

    def _make_function(self, step_function):
        strategy = self.distribute_strategy
        if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
            return super()._make_function(step_function)

        def replica_step(data):
            # Every machine gets to see the same figures, in one exchange.
            results = step_function(data)
            stacked = tf.stack(list(results.values()))
            replica = tf.distribute.get_replica_context()
            means = replica.all_reduce(tf.distribute.ReduceOp.MEAN, stacked)
            return dict(zip(results, tf.unstack(means), strict=True))

        @tf.function(reduce_retracing=True)
        def step(iterator):
            per_replica = strategy.run(replica_step, args=(next(iterator),))
            local = strategy.experimental_local_results
            return {name: local(value)[0] for name, value in per_replica.items()}

        return step


def check_same_epoch(distribution, epoch, folder):
    """Makes sure that all machines go on from the same checkpoint.

    Args:
        distribution: `Distribution`.
        epoch: finished epochs of the newest checkpoint that this machine sees, 0 for none.
        folder: of the run, for the message.

    Raises:
        TrainingError: the machines see different ones.
    """
    if not _is_same_everywhere(distribution, epoch):
        raise TrainingError(
            f"{folder}: expected a folder that all {distribution.workers} machines share, with the "
            f"same checkpoints; this one sees {epoch} finished epochs, others a different number"
        )


def check_same_settings(distribution, settings):
    """Makes sure that all machines were started with the same settings.

    Args:
        distribution: `Distribution`.
        settings: what must be the same, a mapping of JSON values.

    Raises:
        DataError: they were not.
    """
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
    # 40 bits: so many that the sum over machines is exact in 53.
    if not _is_same_everywhere(distribution, int(digest[:10], 16)):
        raise DataError(
            f"expected all {distribution.workers} machines to be started with the same arguments "
            f"on the same data; this one has {settings}"
        )


def _is_same_everywhere(distribution, number):
    """Whether all machines have the same whole number."""
    if distribution.workers == 1:
        return True

    def add_up():
        replica = tf.distribute.get_replica_context()
        value = tf.constant(float(number), tf.float64)
        return replica.all_reduce(tf.distribute.ReduceOp.SUM, value)

    total = tf.function(lambda: distribution.strategy.run(add_up))()
    total = distribution.strategy.experimental_local_results(total)[0]
    # Where one machine happens to see the mean of all, the others end and take it with them.
    return float(total) == number * distribution.replicas


@contextlib.contextmanager
def other_machines_watched(distribution):
    """Turns TensorFlow's errors about a lost machine into a `TrainingError`."""
    try:
        yield
    except (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.InternalError) as error:
        if distribution.workers == 1:
            raise
        raise TrainingError(
            f"another of the {distribution.workers} machines has stopped or cannot be reached. "
            "Start all of them again with --resume; they go on after the last finished epoch"
        ) from error
