"""DepthNet, the paper's DQ Net: the depth of a face, zero for a flat medium (`SecondAMIN`)."""

import keras

from despoof_keras.models.encoder import (
    COMPACT_WIDTHS,
    MAP_CHANNELS,
    encoder,
    joined_features,
    map_head,
    scaled_widths,
)
from despoof_keras.models.layers import check_image_size

DROPOUT = 0.2
# The training code's channels, where the released model has the compact encoder.
FULL_WIDTHS = (64, 128, 196, 128)
FULL_HEAD = (128, 64)


def build_depth_net(image_size=256, variant="compact", pooling="early", width=1.0):
    """Builds DepthNet.

    Args:
        image_size: side S of the input in pixels, a multiple of 8.
        variant: `"compact"`, the released model's (60 thousand weights), or `"full"`, the released
            training code's (2.2 million weights, 47 GMAC at S = 256).
        pooling: of the compact variant, `"early"` (released) or `"late"`, see `encoder.encoder`;
            the full one pools late.
        width: factor on the channels of all hidden layers.

    Returns:
        Functional `keras.Model`. Input `hsv_rgb`: `(batch, S, S, 6)`, HSV then RGB, each in
        [0, 1]: a face or a live estimate. Output `depth`: `(batch, S / 8, S / 8, 1)`, 1 nearest to
        the camera, 0 for the background and for every pixel of a flat medium.

    Raises:
        ValueError: `image_size` is not a positive multiple of 8, the variant is unknown, or
            `width` is not positive.

    Reference: Jourabloo et al., ECCV 2018, section 3.3; Liu et al., CVPR 2018 (depth supervision).
    """
    check_image_size(image_size)
    if variant not in ("compact", "full"):
        raise ValueError(f"variant: expected 'compact' or 'full'; received {variant!r}")
    hsv_rgb = keras.Input((image_size, image_size, 6), name="hsv_rgb")
    widths, head = (COMPACT_WIDTHS, MAP_CHANNELS)
    if variant == "full":
        widths, head, pooling = FULL_WIDTHS, FULL_HEAD, "late"
    features = joined_features(encoder(hsv_rgb, scaled_widths(widths, width), pooling))
    depth = map_head(features, "depth", DROPOUT, scaled_widths(head, width))
    return keras.Model(hsv_rgb, {"depth": depth}, name="depth_net")
