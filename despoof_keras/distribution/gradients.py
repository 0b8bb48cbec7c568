"""Gradients and weight updates, with the same result on several devices as on a single device.

Keras' optimizers sum the gradients of all replicas at the very end. Clipping and loss scaling come
earlier and would see each replica's part only. If either is used, the parts are therefore summed
first, and each replica passes an equal share of the sum to its optimizer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import ops


def build_optimizers(
    optimizers: Sequence[keras.optimizers.Optimizer],
    networks: Sequence[keras.Model],
    dtype_policy: str,
) -> list[keras.optimizers.Optimizer]:
    """Build each optimizer for the weights of its network. Call this in the strategy's scope.

    Args:
        optimizers: one for each network. With the policy mixed_float16, each is wrapped in a
            `LossScaleOptimizer`.
        networks: networks in the order of the optimizers.
        dtype_policy: name of the networks' dtype policy.

    Returns:
        The built optimizers.

    Raises:
        ValueError: an optimizer would silently train differently on several replicas.
    """
    built = []
    for optimizer, network in zip(optimizers, networks, strict=True):
        if dtype_policy == "mixed_float16" and not _scales(optimizer):
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
        check_optimizer(optimizer, replica_count())
        optimizer.build(network.trainable_variables)
        built.append(optimizer)
    return built


def check_compile_settings(
    settings: Mapping[str, Any], jit_compile: bool, synchronized_norm: bool
) -> None:
    """Check that several replicas train as one would. Call this in the strategy's scope.

    Args:
        settings: further arguments of `keras.Model.compile`.
        jit_compile: whether losses and gradients are compiled with XLA.
        synchronized_norm: whether batch norm is synchronized over the replicas.

    Raises:
        ValueError: the settings would silently train differently on several replicas, or XLA
            cannot compile the step.
    """
    if replica_count() == 1:
        return
    if settings.get("steps_per_execution", 1) != 1:
        raise ValueError(
            "steps_per_execution: expected 1 on several replicas; "
            f"received {settings['steps_per_execution']}"
        )
    if jit_compile and synchronized_norm:
        raise ValueError(
            "jit_compile: expected no synchronized batch norm on several replicas, which XLA "
            "cannot compile; received both"
        )


def replica_count() -> int:
    """Return the number of replicas in the current strategy, 1 without a strategy."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def replica_loss(values: tf.Tensor, optimizer: keras.optimizers.Optimizer) -> tf.Tensor:
    """Reduce a replica's values to its share of the loss, scaled if the optimizer scales losses.

    Args:
        values: `(batch,)`, the losses of the replica's part of the global batch.
        optimizer: optimizer that minimises the loss.

    Returns:
        Scalar: the mean divided by the number of replicas, because gradients are summed over them.
    """
    return optimizer.scale_loss(ops.mean(values) / replica_count())


def gradients_of(
    tape: tf.GradientTape, loss: tf.Tensor, network: keras.Model
) -> list[tf.Tensor | None]:
    """Differentiate a loss with respect to a network's trainable variables."""
    return tape.gradient(loss, [variable.value for variable in network.trainable_variables])


def apply_gradients(
    optimizer: keras.optimizers.Optimizer, gradients: Sequence[tf.Tensor], network: keras.Model
) -> None:
    """Update a network with a replica's gradients, those of its part of the global batch.

    Args:
        optimizer: as from `build_optimizers`.
        gradients: gradients of `replica_loss`, as from `gradients_of`.
        network: network that the gradients belong to.
    """
    replicas = replica_count()
    if replicas > 1 and (_clips(optimizer) or _scales(optimizer)):
        replica = tf.distribute.get_replica_context()
        gradients = replica.all_reduce(tf.distribute.ReduceOp.SUM, list(gradients))
        # These gradients are within the optimizer's own limit, so it does not clip them again.
        gradients = [gradient / replicas for gradient in _clipped(optimizer, gradients)]
    optimizer.apply(gradients, network.trainable_variables)


def check_optimizer(optimizer: keras.optimizers.Optimizer, replicas: int) -> None:
    """Check that an optimizer does the same with several replicas as with one.

    Raises:
        ValueError: the optimizer accumulates gradients or clips scaled gradients.
    """
    if replicas == 1:
        return
    inner = optimizer.inner_optimizer if _scales(optimizer) else optimizer
    if inner.gradient_accumulation_steps is not None:
        raise ValueError(
            "optimizer: expected no gradient_accumulation_steps on several replicas, where Keras "
            f"accumulates wrongly; received {inner.gradient_accumulation_steps}"
        )
    if _scales(optimizer) and _clips(inner):
        raise ValueError(
            "optimizer: expected no clipping with loss scaling (float16) on several replicas, "
            "where it would clip scaled gradients; use bfloat16 or float32 instead"
        )


def _scales(optimizer):
    return isinstance(optimizer, keras.optimizers.LossScaleOptimizer)


def _clips(optimizer):
    limits = (optimizer.clipnorm, optimizer.global_clipnorm, optimizer.clipvalue)
    return any(limit is not None for limit in limits)


def _clipped(optimizer, gradients):
    """Return the gradients clipped as the optimizer does: by norm, by global norm or by value."""
    if optimizer.clipnorm:
        return [tf.clip_by_norm(gradient, optimizer.clipnorm) for gradient in gradients]
    if optimizer.global_clipnorm:
        return tf.clip_by_global_norm(gradients, optimizer.global_clipnorm)[0]
    if optimizer.clipvalue:
        limit = optimizer.clipvalue
        return [tf.clip_by_value(gradient, -limit, limit) for gradient in gradients]
    return gradients
