"""A binary classifier with DSNet's encoder: what the encoder gives without noise modelling."""

from __future__ import annotations

import keras

from despoof_keras.models.encoder import (
    COMPACT_WIDTHS,
    MAP_CHANNELS,
    encode,
    join_features,
    scale_channels,
)
from despoof_keras.models.layers import CHANNELS, check_image_size, conv_elu
from despoof_keras.models.precision import FULL, precision


def build_classifier(
    image_size: int = 256, pooling: str = "early", width: float = 1.0, dtype_policy: str = FULL
) -> keras.Model:
    """Build the classifier: DSNet's encoder, two convolutions as in its map head, and one logit.

    Args:
        image_size, pooling, width, dtype_policy: as in `build_ds_net`.

    Returns:
        Functional `keras.Model`. Input `hsv_rgb`: `(batch, S, S, 6)`, HSV then RGB, each in
        [0, 1]. Output `logit`: `(batch, 1)`, higher for attacks.

    Raises:
        ValueError: `image_size` is not a positive multiple of 8, or `width` is not positive.
    """
    check_image_size(image_size)
    with precision(dtype_policy):
        hsv_rgb = keras.Input((image_size, image_size, 6), name="hsv_rgb")
        features = join_features(encode(hsv_rgb, scale_channels(COMPACT_WIDTHS, width), pooling))
        for position, channels in enumerate(scale_channels(MAP_CHANNELS, width), start=1):
            features = conv_elu(features, channels, f"head_{position}")
        pooled = keras.layers.GlobalAveragePooling2D(CHANNELS, name="pooled")(features)
        logit = keras.layers.Dense(1, dtype="float32", name="logit")(pooled)
        return keras.Model(hsv_rgb, {"logit": logit}, name="classifier")
