"""`fit` and `evaluate` with `MultiWorkerMirroredStrategy`, which Keras 3 does not support.

Keras builds a model by tracing it symbolically, and it reduces the results of a step over the
replicas of its own process. Both fail if there are replicas in other processes (keras issue
20585). Here the model is built beforehand, and a step itself averages its results over all
replicas. The two methods overridden here are private to Keras, which is why its version is bounded
in setup.cfg.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from despoof_keras.distribution.strategy import Distribution
from despoof_keras.errors import DataError, TrainingError


class DistributedFit:
    """Mixin for a `keras.Model` that is built before `fit` and whose steps return metrics."""

    def _maybe_symbolic_build(self, *args, **kwargs):
        """Do nothing, because the model is built already."""

    def _make_function(self, step_function):
        strategy = self.distribute_strategy
        if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
            return super()._make_function(step_function)

        def replica_step(data):
            # Stacked, so that a single exchange gives every machine the same metrics.
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


def check_same_epoch(distribution: Distribution, epoch: int, folder: str | Path) -> None:
    """Check that all machines resume from the same checkpoint.

    Args:
        distribution: where the run trains.
        epoch: finished epochs of the newest checkpoint that this machine sees, 0 for none.
        folder: the run's folder, for the message.

    Raises:
        TrainingError: the machines see different checkpoints.
    """
    if not _is_same_everywhere(distribution, epoch):
        raise TrainingError(
            f"{folder}: expected a folder that all {distribution.workers} machines share, with the "
            f"same checkpoints; this machine sees {epoch} finished epochs, others do not"
        )


def check_same_settings(distribution: Distribution, settings: Mapping[str, Any]) -> None:
    """Check that all machines were started with the same settings.

    Args:
        distribution: where the run trains.
        settings: mapping of JSON values that must be equal on all machines.

    Raises:
        DataError: the settings differ.
    """
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
    # 40 bits, so that the sum over all machines is exact in float64's 53.
    if not _is_same_everywhere(distribution, int(digest[:10], 16)):
        raise DataError(
            f"expected all {distribution.workers} machines to be started with the same arguments "
            f"on the same data; this machine has {settings}"
        )


def _is_same_everywhere(distribution: Distribution, number: int) -> bool:
    """Tell whether all machines have the same whole number."""
    if distribution.workers == 1:
        return True

    def add_up():
        replica = tf.distribute.get_replica_context()
        value = tf.constant(float(number), tf.float64)
        return replica.all_reduce(tf.distribute.ReduceOp.SUM, value)

    total = tf.function(lambda: distribution.strategy.run(add_up))()
    total = distribution.strategy.experimental_local_results(total)[0]
    # A machine whose number happens to be the mean goes on, but the others stop, and it with them.
    return float(total) == number * distribution.replicas


@contextlib.contextmanager
def report_lost_machines(distribution: Distribution) -> Iterator[None]:
    """Turn TensorFlow's errors about a lost machine into a `TrainingError`."""
    try:
        yield
    except (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.InternalError) as error:
        if distribution.workers == 1:
            raise
        raise TrainingError(
            f"another of the {distribution.workers} machines has stopped or cannot be reached. "
            "Start all of them again with --resume; they go on after the last finished epoch"
        ) from error
