"""The three networks, and the authors' released weights for them."""

from despoof_keras.models.depth_net import build_depth_net
from despoof_keras.models.discriminator import build_discriminator
from despoof_keras.models.ds_net import build_ds_net

__all__ = ["build_depth_net", "build_discriminator", "build_ds_net"]
