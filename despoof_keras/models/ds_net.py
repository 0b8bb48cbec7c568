"""DSNet: a face's spoof noise and 0/1 map (paper, section 3.2; released code `FirstAMIN`)."""

import keras

from despoof_keras.models.encoder import (
    COMPACT_WIDTHS,
    MAP_CHANNELS,
    MAP_STRIDE,
    encoder,
    joined_features,
    map_head,
    scaled_widths,
)
from despoof_keras.models.layers import (
    HsvRgb,
    check_image_size,
    conv_elu,
    plain_conv,
    upsampled_conv_elu,
)

DECODER_CHANNELS = (28, 24, 20, 20, 20, 16, 16)
# The noise starts near zero: the released code's last convolution.
NOISE_STDDEV = 0.002
# Noise is subtracted from the input after division by this (released code).
NOISE_DIVISOR = 45.0


def build_ds_net(image_size=256, pooling="early", width=1.0, decoder_stride=MAP_STRIDE):
    """Builds DSNet.

    Args:
        image_size: side S of the input in pixels, a multiple of 8. The released model has 256.
        pooling: `"early"` (released) or `"late"`, see `encoder.encoder`.
        width: factor on the channels of all hidden layers.
        decoder_stride: pixels between neighbours in the features that the noise is decoded from:
            8, the 0/1 map's grid (released), 4 or 2. The noise of a medium can only be as fine as
            they are: from every 8th pixel of a small crop the decoder makes one texture of its
            own for all media.

    Returns:
        Functional `keras.Model`. Input `image`: `(batch, S, S, 3)` RGB in [0, 1] (8-bit values
        divided by 256, see `crop.to_network_range`). Outputs, by name: `noise`,
        `(batch, S, S, 6)`, the spoof noise in the order HSV, RGB; `zero_one_map`,
        `(batch, S / 8, S / 8, 1)`, near 0 for live and near 1 for spoof. The layer `hsv_rgb` holds
        the six-channel form of the input that the other networks work on.

    Raises:
        ValueError: `image_size` is not a positive multiple of 8, `width` is not positive, or
            another choice is unknown.

    Reference: Jourabloo et al., ECCV 2018, figure 4; channels from the released model.

    Example:
        >>> build_ds_net(64).output_shape["noise"]
        (None, 64, 64, 6)
    """
    check_image_size(image_size)
    image = keras.Input((image_size, image_size, 3), name="image")
    hsv_rgb = HsvRgb(name="hsv_rgb")(image)
    scales = encoder(hsv_rgb, scaled_widths(COMPACT_WIDTHS, width), pooling)
    features, head = joined_features(scales), scaled_widths(MAP_CHANNELS, width)
    zero_one_map = map_head(features, "zero_one_map", dropout=0, channels=head)
    if decoder_stride != MAP_STRIDE:
        features = joined_features(scales, decoder_stride)
    first, *others = scaled_widths(DECODER_CHANNELS, width)
    x = upsampled_conv_elu(features, first, decoder_stride, "decoder_1")
    for number, channels in enumerate(others, start=2):
        x = conv_elu(x, channels, f"decoder_{number}")
    noise = plain_conv(x, 6, "noise", stddev=NOISE_STDDEV, dtype="float32")
    return keras.Model(image, {"noise": noise, "zero_one_map": zero_one_map}, name="ds_net")
