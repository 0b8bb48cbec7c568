"""Gradients to weights on one device or several: what looks at a whole gradient sees all of it.

Keras' optimizers add the replicas' gradients up at the very end. Clipping and loss scaling come
before that and would see each replica's part alone. So where one of the two is on, the parts are
added up first, and every replica hands its optimizer an equal share of the whole.
"""

import keras
import tensorflow as tf


def replica_count():
    """Replicas of the step that is being run, 1 without a strategy."""
    return tf.distribute.get_replica_context().num_replicas_in_sync


def apply_gradients(optimizer, gradients, variables):
    """Applies a replica's gradients, of its part of the global batch.

    Args:
        optimizer: built Keras optimizer, checked by `check_optimizer`.
        gradients: of the replica's share of the loss: the sum over replicas is the gradient.
        variables: Keras variables, in the same order.
    """
    replicas = replica_count()
    if replicas > 1 and (_clips(optimizer) or _scales(optimizer)):
        replica = tf.distribute.get_replica_context()
        gradients = replica.all_reduce(tf.distribute.ReduceOp.SUM, list(gradients))
        # The optimizer's own clipping finds nothing left to do: these are within its limit.
        gradients = [one / replicas for one in _clipped(optimizer, gradients)]
    optimizer.apply(gradients, variables)


def check_optimizer(optimizer, replicas):
    """Makes sure that an optimizer does with several replicas what it does with one.

    Raises:
        ValueError: it accumulates gradients, or clips gradients that are scaled.
    """
    if replicas == 1:
        return
    inner = optimizer.inner_optimizer if _scales(optimizer) else optimizer
    if inner.gradient_accumulation_steps is not None:
        raise ValueError(
            "optimizer: expected no gradient_accumulation_steps on several replicas, where Keras "
            f"adds up wrongly; received {inner.gradient_accumulation_steps}"
        )
    if _scales(optimizer) and _clips(inner):
        raise ValueError(
            "optimizer: expected no clipping under loss scaling (float16) on several replicas: it "
            "would see the scaled gradient; use bfloat16 or float32 with it"
        )


def _scales(optimizer):
    return isinstance(optimizer, keras.optimizers.LossScaleOptimizer)


def _clips(optimizer):
    limits = (optimizer.clipnorm, optimizer.global_clipnorm, optimizer.clipvalue)
    return any(limit is not None for limit in limits)


def _clipped(optimizer, gradients):
    """As the optimizer itself clips: by each weight's norm, by the global norm, or by value."""
    if optimizer.clipnorm:
        return [tf.clip_by_norm(one, optimizer.clipnorm) for one in gradients]
    if optimizer.global_clipnorm:
        return tf.clip_by_global_norm(gradients, optimizer.global_clipnorm)[0]
    if optimizer.clipvalue:
        limit = optimizer.clipvalue
        return [tf.clip_by_value(one, -limit, limit) for one in gradients]
    return gradients
