"""DepthNet, the paper's DQ Net: the depth of a face, zero for a flat medium (`SecondAMIN`)."""

import keras

from despoof_keras.models.layers import (
    Subsample,
    average_pool,
    check_image_size,
    conv_elu,
    encoder,
    map_head,
    max_pool,
)

DROPOUT = 0.2
# The training code's channels, where the released model has the compact encoder.
FULL_FIRST = 64
FULL_BLOCK = (128, 196, 128)
FULL_HEAD = (128, 64)


def build_depth_net(image_size=256, variant="compact"):
    """Builds DepthNet.

    Args:
        image_size: side S of the input in pixels, a multiple of 8.
        variant: `"compact"`, the released model's (60 thousand weights), or `"full"`, the released
            training code's (2.2 million weights, 47 GMAC at S = 256).

    Returns:
        Functional `keras.Model`. Input `hsv_rgb`: `(batch, S, S, 6)`, HSV then RGB, each in
        [0, 1]: a face or a live estimate. Output `depth`: `(batch, S / 8, S / 8, 1)`, 1 nearest to
        the camera, 0 for the background and for every pixel of a flat medium.

    Raises:
        ValueError: `image_size` is not a positive multiple of 8, or the variant is unknown.

    Reference: Jourabloo et al., ECCV 2018, section 3.3; Liu et al., CVPR 2018 (depth supervision).
    """
    check_image_size(image_size)
    if variant not in ("compact", "full"):
        raise ValueError(f"variant: expected 'compact' or 'full'; received {variant!r}")
    hsv_rgb = keras.Input((image_size, image_size, 6), name="hsv_rgb")
    if variant == "compact":
        depth = map_head(encoder(hsv_rgb), "depth", dropout=DROPOUT)
    else:
        depth = map_head(_full_encoder(hsv_rgb), "depth", dropout=DROPOUT, channels=FULL_HEAD)
    return keras.Model(hsv_rgb, {"depth": depth}, name="depth_net")


def _full_encoder(x):
    """As the compact encoder, but each block ends, not starts, with its pooling."""
    x = conv_elu(x, FULL_FIRST, "encoder_0")
    scales = []
    for number, pool in enumerate((max_pool, max_pool, average_pool), start=1):
        for position, channels in enumerate(FULL_BLOCK, start=1):
            x = conv_elu(x, channels, f"encoder_{number}_{position}")
        x = pool(x, f"encoder_{number}_pool")
        scales.append(x)
    fine, middle, coarse = scales
    fine = Subsample(4, name="encoder_1_to_map")(fine)
    middle = Subsample(2, name="encoder_2_to_map")(middle)
    return keras.layers.Concatenate(name="features")([fine, middle, coarse])
