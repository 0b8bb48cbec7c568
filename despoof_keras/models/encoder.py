"""The encoder that DSNet and DepthNet share, its features on one grid, and the heads for maps."""

import keras

from despoof_keras.models.layers import (
    BatchDropout,
    Subsample,
    average_pool,
    conv_elu,
    max_pool,
    plain_conv,
)

# Channels of the released model's encoder: the first convolution, then each block's three.
COMPACT_WIDTHS = (24, 20, 25, 20)
# Channels of the released heads for the 0/1 map and the compact depth map.
MAP_CHANNELS = (28, 16)
# Pixels of the image between neighbours in what the three blocks give.
STRIDES = (2, 4, 8)
# The maps' own: their heads work on every 8th pixel.
MAP_STRIDE = 8


def scaled_widths(channels, width):
    """Channels times a factor, rounded, at least one.

    Raises:
        ValueError: `width` is not positive.
    """
    if not width > 0:
        raise ValueError(f"width: expected a positive factor on the channels; received {width}")
    return tuple(max(1, round(count * width)) for count in channels)


def encoder(x, widths=COMPACT_WIDTHS, pooling="early"):
    """A convolution, then three blocks, each with a pooling.

    Args:
        x: `(batch, S, S, 6)`.
        widths: channels of the first convolution, then of the three in every block.
        pooling: `"early"`, before each block, as in the released model; `"late"`, after each
            block, as in the released training code's DepthNet. Late pooling sees texture of a few
            pixels better, at about twice the multiplications.

    Returns:
        The three blocks' outputs, `(batch, S / s, S / s, widths[3])` for s in `STRIDES`.

    Raises:
        ValueError: `pooling` is something else.
    """
    if pooling not in ("early", "late"):
        raise ValueError(f"pooling: expected 'early' or 'late'; received {pooling!r}")
    first, *block = widths
    x = conv_elu(x, first, "encoder_0")
    scales = []
    for number, pool in enumerate((max_pool, max_pool, average_pool), start=1):
        if pooling == "early":
            x = pool(x, f"encoder_{number}_pool")
        for position, channels in enumerate(block, start=1):
            x = conv_elu(x, channels, f"encoder_{number}_{position}")
        if pooling == "late":
            x = pool(x, f"encoder_{number}_pool")
        scales.append(x)
    return scales


def joined_features(scales, stride=MAP_STRIDE):
    """The three blocks' outputs on one grid, coarser ones enlarged bilinearly, finer ones thinned.

    Args:
        scales: as from `encoder`.
        stride: of the grid, one of `STRIDES`.

    Returns:
        `(batch, S / stride, S / stride, channels)`, the finest block's channels first.

    Raises:
        ValueError: `stride` is something else.
    """
    if stride not in STRIDES:
        raise ValueError(f"stride: expected one of {STRIDES}; received {stride!r}")
    target = "map" if stride == MAP_STRIDE else f"stride_{stride}"
    resized = []
    for number, (own, x) in enumerate(zip(STRIDES, scales, strict=True), start=1):
        name = f"encoder_{number}_to_{target}"
        if own < stride:
            x = Subsample(stride // own, name=name)(x)
        elif own > stride:
            x = keras.layers.UpSampling2D(own // stride, interpolation="bilinear", name=name)(x)
        resized.append(x)
    name = "features" if stride == MAP_STRIDE else f"features_{target}"
    return keras.layers.Concatenate(name=name)(resized)


def map_head(x, name, dropout, channels=MAP_CHANNELS):
    """Two blocks and a convolution to one channel; float32 out under any dtype policy."""
    x = conv_elu(x, channels[0], f"{name}_1")
    if dropout:
        x = BatchDropout(dropout, name=f"{name}_dropout")(x)
    x = conv_elu(x, channels[1], f"{name}_2")
    return plain_conv(x, 1, name, dtype="float32")
