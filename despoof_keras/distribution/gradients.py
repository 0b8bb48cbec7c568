"""Losses to weights, on one device or several, so that the result is that of one device.

Keras' optimizers sum the replicas' gradients at the very end. Clipping and loss scaling come before
that and would see each replica's part alone. Where either is on, the parts are therefore summed
first, and every replica hands its optimizer an equal share of the whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import keras
import tensorflow as tf
from keras import ops


def build_optimizers(
    optimizers: Sequence[keras.optimizers.Optimizer],
    networks: Sequence[keras.Model],
    dtype_policy: str,
) -> list[keras.optimizers.Optimizer]:
    """Build each optimizer on its network's weights, within a strategy's scope.

    Args:
        optimizers: one for each network. Under the mixed_float16 policy each is wrapped in a
            `LossScaleOptimizer`.
        networks: in the same order.
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
    settings: Mapping[str, object], jit_compile: bool, synchronized_norm: bool
) -> None:
    """Make sure, within a strategy's scope, that several replicas train as one would.

    Args:
        settings: further arguments of `keras.Model.compile`.
        jit_compile: losses and gradients are compiled with XLA.
        synchronized_norm: batch norm is synchronized over the replicas.

    Raises:
        ValueError: they would silently train differently, or XLA cannot compile the step.
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
            "jit_compile: expected batch norm that is not synchronized on several replicas, "
            "because XLA cannot compile it; received both"
        )


def replica_count() -> int:
    """Return the number of replicas of the present strategy, 1 without a strategy."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def replica_loss(values: tf.Tensor, optimizer: keras.optimizers.Optimizer) -> tf.Tensor:
    """Reduce a replica's values to its share of the loss, scaled where the optimizer scales it.

    Args:
        values: `(batch,)`, of the replica's part of the global batch.
        optimizer: what the loss is for.

    Returns:
        Scalar. Gradients are summed over replicas, so each mean is divided by their number.
    """
    return optimizer.scale_loss(ops.mean(values) / replica_count())


def gradients_of(
    tape: tf.GradientTape, loss: tf.Tensor, network: keras.Model
) -> list[tf.Tensor | None]:
    """Differentiate a loss by a network's trainable variables."""
    return tape.gradient(loss, [variable.value for variable in network.trainable_variables])


def apply_gradients(
    optimizer: keras.optimizers.Optimizer, gradients: Sequence[tf.Tensor], network: keras.Model
) -> None:
    """Apply a replica's gradients, of its part of the global batch, to a network.

    Args:
        optimizer: as from `build_optimizers`.
        gradients: of `replica_loss`, as from `gradients_of`.
        network: whose trainable variables they belong to.
    """
    replicas = replica_count()
    if replicas > 1 and (_clips(optimizer) or _scales(optimizer)):
        replica = tf.distribute.get_replica_context()
        gradients = replica.all_reduce(tf.distribute.ReduceOp.SUM, list(gradients))
        # The optimizer's own clipping finds nothing left to do: these are within its limit.
        gradients = [gradient / replicas for gradient in _clipped(optimizer, gradients)]
    optimizer.apply(gradients, network.trainable_variables)


def check_optimizer(optimizer: keras.optimizers.Optimizer, replicas: int) -> None:
    """Make sure that an optimizer does with several replicas what it does with one.

    Raises:
        ValueError: it accumulates gradients, or clips gradients that are scaled.
    """
    if replicas == 1:
        return
    inner = optimizer.inner_optimizer if _scales(optimizer) else optimizer
    if inner.gradient_accumulation_steps is not None:
        raise ValueError(
            "optimizer: expected no gradient_accumulation_steps on several replicas, where Keras "
            f"sums wrongly; received {inner.gradient_accumulation_steps}"
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
    """Clip as the optimizer itself does: by each weight's norm, the global norm, or value."""
    if optimizer.clipnorm:
        return [tf.clip_by_norm(gradient, optimizer.clipnorm) for gradient in gradients]
    if optimizer.global_clipnorm:
        return tf.clip_by_global_norm(gradients, optimizer.global_clipnorm)[0]
    if optimizer.clipvalue:
        limit = optimizer.clipvalue
        return [tf.clip_by_value(gradient, -limit, limit) for gradient in gradients]
    return gradients
