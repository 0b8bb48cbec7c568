"""DSNet (`FirstAMIN`, paper section 3.2): spoof noise and 0/1 map of a face."""

from __future__ import annotations

import keras

from despoof_keras.faces.crop import MAP_FACTOR
from despoof_keras.models.encoder import (
    COMPACT_WIDTHS,
    MAP_CHANNELS,
    add_map_head,
    encode,
    join_features,
    scale_channels,
)
from despoof_keras.models.layers import (
    HsvRgb,
    check_image_size,
    conv_elu,
    plain_conv,
    upsampled_conv_elu,
)
from despoof_keras.models.precision import FULL, precision

DECODER_CHANNELS = (28, 24, 20, 20, 20, 16, 16)
# Keeps the noise near zero at the start, as in the released code's last convolution.
NOISE_STDDEV = 0.002
# The released code divides the noise by this before subtracting it from the input.
NOISE_DIVISOR = 45.0


def build_ds_net(
    image_size: int = 256,
    pooling: str = "early",
    width: float = 1.0,
    decoder_stride: int = MAP_FACTOR,
    dtype_policy: str = FULL,
) -> keras.Model:
    """Build DSNet.

    Args:
        image_size: side S of the input in pixels, a multiple of 8; 256 in the released model.
        pooling: `"early"` (released) or `"late"`, see `encoder.encode`.
        width: factor on the channels of all hidden layers.
        decoder_stride: spacing in pixels of the features from which the noise is decoded: 8, the
            grid of the 0/1 map (released), 4 or 2. The noise can be no finer than these features:
            on small crops, with a stride of 8, the decoder draws the same texture for all media.
        dtype_policy: Keras dtype policy; Keras' global one and `floatx` have no influence.

    Returns:
        Functional `keras.Model`. Input `image`: `(batch, S, S, 3)` RGB in [0, 1] (8-bit values
        divided by 256, see `crop.to_network_range`). Outputs, by name: `noise`,
        `(batch, S, S, 6)`, the spoof noise in the order HSV, RGB; `zero_one_map`,
        `(batch, S / 8, S / 8, 1)`, near 0 for live and near 1 for spoof. The layer `hsv_rgb` holds
        the six-channel form of the input, which the other networks take.

    Raises:
        ValueError: `image_size` is not a positive multiple of 8, `width` is not positive, or
            `pooling` or `decoder_stride` is unknown.

    Reference: Jourabloo et al., ECCV 2018, figure 4; channels from the released model.

    Example:
        >>> build_ds_net(64).output_shape["noise"]
        (None, 64, 64, 6)
    """
    check_image_size(image_size)
    with precision(dtype_policy):
        return _build(image_size, pooling, width, decoder_stride)


def _build(image_size, pooling, width, decoder_stride):
    image = keras.Input((image_size, image_size, 3), name="image")
    hsv_rgb = HsvRgb(name="hsv_rgb")(image)
    scales = encode(hsv_rgb, scale_channels(COMPACT_WIDTHS, width), pooling)
    features, head = join_features(scales), scale_channels(MAP_CHANNELS, width)
    zero_one_map = add_map_head(features, "zero_one_map", dropout=0, channels=head)
    if decoder_stride != MAP_FACTOR:
        features = join_features(scales, decoder_stride)
    first, *rest = scale_channels(DECODER_CHANNELS, width)
    x = upsampled_conv_elu(features, first, decoder_stride, "decoder_1")
    for number, channels in enumerate(rest, start=2):
        x = conv_elu(x, channels, f"decoder_{number}")
    noise = plain_conv(x, 6, "noise", stddev=NOISE_STDDEV, dtype="float32")
    return keras.Model(image, {"noise": noise, "zero_one_map": zero_one_map}, name="ds_net")
