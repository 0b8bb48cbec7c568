"""DSNet: a face's spoof noise and 0/1 map (paper, section 3.2; released code `FirstAMIN`)."""

import keras

from despoof_keras.models.layers import (
    HsvRgb,
    check_image_size,
    conv_elu,
    encoder,
    map_head,
    plain_conv,
    upsampled_conv_elu,
)

DECODER_CHANNELS = (28, 24, 20, 20, 20, 16, 16)
# The noise starts near zero: the released code's last convolution.
NOISE_STDDEV = 0.002
# Noise is subtracted from the input after division by this (released code).
NOISE_DIVISOR = 45.0


def build_ds_net(image_size=256, pooling="early"):
    """Builds DSNet.

    Args:
        image_size: side S of the input in pixels, a multiple of 8. The released model has 256.
        pooling: `"early"` (released) or `"late"`, see `layers.encoder`.

    Returns:
        Functional `keras.Model`. Input `image`: `(batch, S, S, 3)` RGB in [0, 1] (8-bit values
        divided by 256, see `preprocessing.to_network_range`). Outputs, by name: `noise`,
        `(batch, S, S, 6)`, the spoof noise in the order HSV, RGB; `zero_one_map`,
        `(batch, S / 8, S / 8, 1)`, near 0 for live and near 1 for spoof. The layer `hsv_rgb` holds
        the six-channel form of the input that the other networks work on.

    Raises:
        ValueError: `image_size` is not a positive multiple of 8.

    Reference: Jourabloo et al., ECCV 2018, figure 4; channels from the released model.

    Example:
        >>> build_ds_net(64).output_shape["noise"]
        (None, 64, 64, 6)
    """
    check_image_size(image_size)
    image = keras.Input((image_size, image_size, 3), name="image")
    features = encoder(HsvRgb(name="hsv_rgb")(image), pooling=pooling)
    zero_one_map = map_head(features, "zero_one_map", dropout=0)
    first, *others = DECODER_CHANNELS
    x = upsampled_conv_elu(features, first, 8, "decoder_1")
    for number, channels in enumerate(others, start=2):
        x = conv_elu(x, channels, f"decoder_{number}")
    noise = plain_conv(x, 6, "noise", stddev=NOISE_STDDEV, dtype="float32")
    return keras.Model(image, {"noise": noise, "zero_one_map": zero_one_map}, name="ds_net")
