"""DepthNet, the paper's DQ Net (`SecondAMIN`): depth map of a face, zero for a flat medium."""

from __future__ import annotations

import keras

from despoof_keras.models.encoder import (
    COMPACT_WIDTHS,
    MAP_CHANNELS,
    add_map_head,
    encode,
    join_features,
    scale_channels,
)
from despoof_keras.models.layers import check_image_size
from despoof_keras.models.precision import FULL, precision

DROPOUT = 0.2
# Channels in the released training code; the released model itself has the compact encoder.
FULL_WIDTHS = (64, 128, 196, 128)
FULL_HEAD = (128, 64)


def build_depth_net(
    image_size: int = 256,
    variant: str = "compact",
    pooling: str = "early",
    width: float = 1.0,
    dtype_policy: str = FULL,
) -> keras.Model:
    """Build DepthNet.

    Args:
        image_size: side S of the input in pixels, a multiple of 8.
        variant: `"compact"`, as in the released model (60 thousand weights), or `"full"`, as in
            the released training code (2.2 million weights, 47 GMAC at S = 256).
        pooling: `"early"` (released) or `"late"` in the compact variant, see `encoder.encode`; the
            full variant always pools late.
        width: factor on the channels of all hidden layers.
        dtype_policy: Keras dtype policy; Keras' global one and `floatx` have no influence.

    Returns:
        Functional `keras.Model`. Input `hsv_rgb`: `(batch, S, S, 6)`, HSV then RGB, each in
        [0, 1]: a face or a live estimate. Output `depth`: `(batch, S / 8, S / 8, 1)`, 1 at the
        point nearest to the camera, 0 in the background and everywhere on a flat medium.

    Raises:
        ValueError: `image_size` is not a positive multiple of 8, the variant is unknown, or
            `width` is not positive.

    Reference: Jourabloo et al., ECCV 2018, section 3.3; Liu et al., CVPR 2018 (depth supervision).
    """
    check_image_size(image_size)
    if variant not in ("compact", "full"):
        raise ValueError(f"variant: expected 'compact' or 'full'; received {variant!r}")
    with precision(dtype_policy):
        return _build(image_size, variant, pooling, width)


def _build(image_size, variant, pooling, width):
    hsv_rgb = keras.Input((image_size, image_size, 6), name="hsv_rgb")
    channels, head = COMPACT_WIDTHS, MAP_CHANNELS
    if variant == "full":
        channels, head, pooling = FULL_WIDTHS, FULL_HEAD, "late"
    features = join_features(encode(hsv_rgb, scale_channels(channels, width), pooling))
    depth = add_map_head(features, "depth", DROPOUT, scale_channels(head, width))
    return keras.Model(hsv_rgb, {"depth": depth}, name="depth_net")
