"""DepthNet, the paper's DQ Net: the depth of a face, zero for a flat medium (`SecondAMIN`)."""

import keras

from despoof_keras.models.layers import check_image_size, encoder, map_head

DROPOUT = 0.2
# The training code's channels, where the released model has the compact encoder.
FULL_WIDTHS = (64, 128, 196, 128)
FULL_HEAD = (128, 64)


def build_depth_net(image_size=256, variant="compact", pooling="early"):
    """Builds DepthNet.

    Args:
        image_size: side S of the input in pixels, a multiple of 8.
        variant: `"compact"`, the released model's (60 thousand weights), or `"full"`, the released
            training code's (2.2 million weights, 47 GMAC at S = 256).
        pooling: of the compact variant, `"early"` (released) or `"late"`, see `layers.encoder`;
            the full one pools late.

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
        features = encoder(hsv_rgb, pooling=pooling)
        depth = map_head(features, "depth", dropout=DROPOUT)
    else:
        features = encoder(hsv_rgb, FULL_WIDTHS, pooling="late")
        depth = map_head(features, "depth", dropout=DROPOUT, channels=FULL_HEAD)
    return keras.Model(hsv_rgb, {"depth": depth}, name="depth_net")
