"""The plain formulation of a training step: every turn computes what it needs from the start.

The reference for `Despoofer.train_step`, which shares one DSNet forward pass between the turns.
"""

import tensorflow as tf
from keras import ops

from despoof_keras.trainer import Despoofer


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
            scaled = self._scale(ops.mean(objective), self.optimizer)
        self._apply(tape, scaled, self.ds_net, self.optimizer)
        self._update_averages()
        values = {**terms, "loss": objective}
        values |= {"depth_net": depth_value, "discriminator": discriminator_value}
        return self._track(values)
