"""The GAN discriminator, the paper's VQ Net (`ThirdAMIN`): does a live estimate look live?"""

from __future__ import annotations

import keras

from despoof_keras.models.encoder import scale_channels
from despoof_keras.models.layers import (
    CHANNELS,
    WEIGHT_STDDEV,
    BatchDropout,
    check_image_size,
    conv_elu,
    max_pool,
)
from despoof_keras.models.precision import FULL, precision

STAGES = ((24, 20), (20, 16), (12, 6))
DENSE_UNITS = 100
DROPOUT = 0.2
# Positions of the two logits.
CLASS_LIVE = 0
CLASS_SYNTHESIZED = 1


def build_discriminator(
    image_size: int = 256, width: float = 1.0, dtype_policy: str = FULL
) -> keras.Model:
    """Build the discriminator.

    Args:
        image_size: side S of the input in pixels, a multiple of 8.
        width: factor on the channels of all convolutions.
        dtype_policy: Keras dtype policy; Keras' global one and `floatx` have no influence.

    Returns:
        Functional `keras.Model`. Input `hsv_rgb`: `(batch, S, S, 6)`, HSV then RGB, each in
        [0, 1]. Output `logits`: `(batch, 2)`, class 0 live, class 1 synthesized.

    Raises:
        ValueError: `image_size` is not a positive multiple of 8, or `width` is not positive.

    Reference: Jourabloo et al., ECCV 2018, section 3.3; layers from the released code.
    """
    check_image_size(image_size)
    with precision(dtype_policy):
        return _build(image_size, width)


def _build(image_size, width):
    hsv_rgb = keras.Input((image_size, image_size, 6), name="hsv_rgb")
    x = hsv_rgb
    for stage, channels in enumerate(STAGES, start=1):
        for position, count in enumerate(scale_channels(channels, width), start=1):
            x = conv_elu(x, count, f"stage_{stage}_{position}")
        x = max_pool(x, f"stage_{stage}_pool")
    x = keras.layers.Flatten(CHANNELS, name="flatten")(conv_elu(x, 1, "evidence"))
    initializer = keras.initializers.RandomNormal(stddev=WEIGHT_STDDEV)
    x = keras.layers.Dense(DENSE_UNITS, activation="relu", name="dense")(x)
    x = BatchDropout(DROPOUT, name="dropout")(x)
    logits = keras.layers.Dense(
        2, use_bias=False, kernel_initializer=initializer, dtype="float32", name="logits"
    )(x)
    return keras.Model(hsv_rgb, {"logits": logits}, name="discriminator")
