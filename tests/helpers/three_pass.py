"""The plain formulation of training step and layers, a reference for the optimised one.

`ThreePassDespoofer.train_step` passes through DSNet in every turn that needs it, where
`Despoofer.train_step` shares a single pass; `plain_network` uses Keras' own layers, where the
package's layers take fewer operations.
"""

import keras
import tensorflow as tf
from keras import ops

from despoof_keras.distribution.gradients import apply_gradients, gradients_of, replica_loss
from despoof_keras.models.despoofer import Despoofer
from despoof_keras.models.layers import FusedBatchNormalization, UpsampledConv2D


@keras.saving.register_keras_serializable("despoof_keras_benchmarks")
class ConvOfEnlarged(keras.layers.Layer):
    """Enlargement followed by a convolution, the definition of `UpsampledConv2D`."""

    def __init__(self, filters, factor, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor
        self.conv = keras.layers.Conv2D(filters, 3, padding="same", use_bias=False)

    def build(self, input_shape):
        self.conv.build((None, None, None, input_shape[-1]))

    def call(self, inputs):
        size = [side * self.factor for side in inputs.shape[1:3]]
        return self.conv(tf.compat.v1.image.resize_bilinear(inputs, size))


def plain_network(network):
    """Return a copy of a network, with its weights, that is made of Keras' own layers.

    Args:
        network: DSNet, DepthNet or the discriminator.

    Returns:
        Functional `keras.Model` that gives the same outputs up to rounding.
    """

    def plain(layer):
        config = layer.get_config()
        if isinstance(layer, UpsampledConv2D):
            return ConvOfEnlarged(layer.filters, layer.factor, name=layer.name)
        if isinstance(layer, FusedBatchNormalization):
            return keras.layers.BatchNormalization.from_config(config)
        return type(layer).from_config(config)

    copy = keras.models.clone_model(network, clone_function=plain)
    for old, new in zip(network.variables, copy.variables, strict=True):  # with dropout's state
        new.assign(old)
    return copy


class ThreePassDespoofer(Despoofer):
    """`Despoofer` whose step takes the three turns independently of each other."""

    def train_step(self, data):
        hsv_rgb = self.ds_net.get_layer("hsv_rgb")(data["image"])
        depth_value = self.train_depth_net(hsv_rgb, data)

        # Only the last of DSNet's two passes may update its batch norm statistics.
        statistics = [ops.copy(variable) for variable in self.ds_net.non_trainable_variables]
        live_estimate = self.despoof(data["image"], training=True)["live_estimate"]
        for variable, value in zip(self.ds_net.non_trainable_variables, statistics, strict=True):
            variable.assign(value)
        discriminator_value = self.train_discriminator(hsv_rgb, live_estimate, data)

        with tf.GradientTape() as tape:
            terms = self.ds_net_terms(self.despoof(data["image"], training=True), data)
            objective = self.weighted_sum(terms)
            loss = replica_loss(objective, self.optimizer)
        apply_gradients(self.optimizer, gradients_of(tape, loss, self.ds_net), self.ds_net)
        self.update_averages(self.optimizer.iterations)
        values = {**terms, "loss": objective}
        values |= {"depth_net": depth_value, "discriminator": discriminator_value}
        return self._track(values)
