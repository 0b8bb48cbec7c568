"""The plain formulation of a training step: every turn computes what it needs from the start.

The reference for `Despoofer.train_step`, which shares one DSNet forward pass between the turns, and
`plain_network`, the reference for the layers that compute the same in fewer operations.
"""

import keras
import tensorflow as tf
from keras import ops

from despoof_keras.distribution.gradients import apply_gradients, gradients_of, replica_loss
from despoof_keras.models.despoofer import Despoofer
from despoof_keras.models.layers import FusedBatchNormalization, UpsampledConv2D


@keras.saving.register_keras_serializable("despoof_keras_benchmarks")
class ConvOfEnlarged(keras.layers.Layer):
    """Enlarges, then convolves, as the method is written: what `UpsampledConv2D` equals."""

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
    """The same network, variables copied, of Keras' own layers and a resize before its convolution.

    Args:
        network: DSNet, DepthNet or the discriminator.

    Returns:
        Functional `keras.Model` that gives the same outputs but for rounding.
    """

    def plain(layer):
        config = layer.get_config()
        if isinstance(layer, UpsampledConv2D):
            return ConvOfEnlarged(layer.filters, layer.factor, name=layer.name)
        if isinstance(layer, FusedBatchNormalization):
            return keras.layers.BatchNormalization.from_config(config)
        return type(layer).from_config(config)

    copy = keras.models.clone_model(network, clone_function=plain)
    for old, new in zip(network.variables, copy.variables, strict=True):  # dropout's state as well
        new.assign(old)
    return copy


class ThreePassDespoofer(Despoofer):
    """`Despoofer` whose step runs DepthNet's, the discriminator's and DSNet's turn one by one."""

    def train_step(self, data):
        hsv_rgb = self.ds_net.get_layer("hsv_rgb")(data["image"])
        depth_value = self.train_depth_net(hsv_rgb, data)

        # DSNet's pass for the discriminator must not count twice in its batch norm statistics.
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
