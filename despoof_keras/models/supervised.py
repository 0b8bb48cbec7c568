"""A single network that is trained by itself on the batches of a `Despoofer`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from despoof_keras.distribution.gradients import apply_gradients, gradients_of, replica_loss
from despoof_keras.distribution.multi_worker import DistributedFit
from despoof_keras.models import losses
from despoof_keras.models.layers import HsvRgb
from despoof_keras.models.optimizers import OwnOptimizers
from despoof_keras.models.precision import FULL, OwnPrecision, precision
from despoof_keras.models.scores import depth_score
from despoof_keras.models.weight_averages import WeightAverages


def _label_loss(outputs, data):
    """The cross-entropy of the logit with the label, 1 for attacks."""
    logit = outputs["logit"][:, 0]
    return ops.softplus(logit) - data["label"] * logit


def _depth_loss(outputs, data):
    return losses.depth_loss(outputs["depth"], losses.input_depth(data))


# What a network can be trained on: its loss, a function of its outputs and a batch that returns
# `(batch,)`, and its spoof score, a function of its outputs that does so too.
TARGETS = {
    "label": (_label_loss, lambda outputs: ops.cast(outputs["logit"][:, 0], "float32")),
    "depth": (_depth_loss, lambda outputs: depth_score(outputs["depth"])),
}


@keras.saving.register_keras_serializable("despoof_keras")
class SupervisedNetwork(OwnPrecision, DistributedFit, OwnOptimizers, WeightAverages, keras.Model):
    """A network with a single loss.

    `fit` and `evaluate` take batches as `Despoofer` does. Called on `(batch, S, S, 3)` RGB in
    [0, 1], the model returns the spoof score, `(batch,)`.

    Args:
        network: takes `(batch, S, S, 6)`, HSV then RGB: `build_depth_net`, `build_classifier`.
        target: `"label"`, cross-entropy of its output `logit`, or `"depth"`, mean absolute error of
            its output `depth`, zero for attacks.
        average_decay: as in `Despoofer`.

    Raises:
        ValueError: the target is unknown.
    """

    def __init__(
        self,
        network: keras.Model,
        target: str,
        average_decay: float | None = None,
        **kwargs: Any,
    ):
        super().__init__(**{"dtype": network.dtype_policy, **kwargs})
        if target not in TARGETS:
            raise ValueError(f"target: expected one of {tuple(TARGETS)}; received {target!r}")
        self.network = network
        self.target = target
        self._objective, self._spoof_score = TARGETS[target]
        self._hsv_rgb = HsvRgb(name="hsv_rgb")
        self._mean_loss = keras.metrics.Mean("loss", FULL)
        self.start_averages(average_decay)
        self.built = True

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return [self._mean_loss]

    def networks(self) -> tuple[keras.Model]:
        """Return the network."""
        return (self.network,)

    def compile(
        self,
        optimizer: keras.optimizers.Optimizer,
        jit_compile: bool = False,
        **kwargs: Any,
    ) -> None:
        """Configure training, see `Despoofer.compile`."""
        parts = {"loss_and_gradients": self.network.non_trainable_variables}
        self.compile_networks((optimizer,), parts, jit_compile, **kwargs)

    def call(self, images: tf.Tensor, training: bool = False) -> tf.Tensor:
        return self._spoof_score(self.network(self._hsv_rgb(images), training=training))

    def train_step(self, data: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        values, gradients = self.loss_and_gradients(data)
        apply_gradients(self.optimizer, gradients, self.network)
        self.update_averages(self.optimizer.iterations)
        return self._track(values)

    def test_step(self, data: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        outputs = self.network(self._hsv_rgb(data["image"]), training=False)
        return self._track(self._objective(outputs, data), data.get("weight"))

    def loss_and_gradients(
        self, data: Mapping[str, tf.Tensor]
    ) -> tuple[tf.Tensor, list[tf.Tensor | None]]:
        """Return the loss, `(batch,)`, and the gradients of its mean."""
        hsv_rgb = self._hsv_rgb(data["image"])
        with tf.GradientTape() as tape:
            values = self._objective(self.network(hsv_rgb, training=True), data)
            loss = replica_loss(values, self.optimizer)
        return values, gradients_of(tape, loss, self.network)

    def _track(self, values, weight=None):
        # As in `Despoofer`: the count must not rise before the data are there.
        with tf.control_dependencies([values]):
            self._mean_loss.update_state(values, weight)
        return {"loss": self._mean_loss.result()}

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "network": keras.saving.serialize_keras_object(self.network),
            "target": self.target,
            "average_decay": self.average_decay,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> SupervisedNetwork:
        config = dict(config)
        with precision(keras.dtype_policies.get(config.get("dtype") or FULL)):
            config["network"] = keras.saving.deserialize_keras_object(config["network"])
        return cls(**config)
