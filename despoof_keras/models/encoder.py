"""The parts that DSNet and DepthNet have in common: encoder, joined features, heads for maps."""

from __future__ import annotations

import math
from collections.abc import Sequence

import keras

from despoof_keras.faces.crop import MAP_FACTOR
from despoof_keras.models.layers import (
    CHANNELS,
    BatchDropout,
    Subsample,
    average_pool,
    conv_elu,
    max_pool,
    plain_conv,
)

# Channels in the released model: of the first convolution, then of the three in each block.
COMPACT_WIDTHS = (24, 20, 25, 20)
# Channels of the heads for the 0/1 map and the compact depth map in the released model.
MAP_CHANNELS = (28, 16)
# How channels are rounded where their number is not the released one, as in MobileNetV2's code.
CHANNEL_MULTIPLE = 8
LEAST_SHARE = 0.9
# Spacing of each block's output, in pixels of the image.
STRIDES = (2, 4, MAP_FACTOR)


def scale_channels(channels: Sequence[int], width: float) -> tuple[int, ...]:
    """Multiply numbers of channels by a factor, rounded to multiples of 8 unless it is 1.

    Processors compute 8 or 16 channels at once. Fewer than 16 are no cheaper in training: on a CPU
    with AVX-512, batch normalisation of 14 channels takes five times as long as of 16.

    As in MobileNetV2's released code, no number is rounded down by more than a tenth.

    Raises:
        ValueError: `width` is not positive.
    """
    if not width > 0:
        raise ValueError(f"width: expected a positive factor on the channels; received {width}")
    if width == 1:
        return tuple(channels)
    return tuple(_rounded(count * width) for count in channels)


def _rounded(count):
    nearest = max(1, math.floor(count / CHANNEL_MULTIPLE + 0.5)) * CHANNEL_MULTIPLE
    return nearest if nearest >= LEAST_SHARE * count else nearest + CHANNEL_MULTIPLE


def encode(
    x: keras.KerasTensor, widths: Sequence[int] = COMPACT_WIDTHS, pooling: str = "early"
) -> list[keras.KerasTensor]:
    """Apply a convolution and then three blocks, each of three convolutions and a pooling.

    Args:
        x: `(batch, S, S, 6)`.
        widths: channels of the first convolution, then of the three in every block.
        pooling: `"early"` pools before each block, as the released model does; `"late"` pools
            after each block, as DepthNet in the released training code does. Late pooling
            resolves texture of a few pixels better, at about twice the multiplications.

    Returns:
        Outputs of the three blocks, `(batch, S / s, S / s, widths[3])` for s in `STRIDES`.

    Raises:
        ValueError: `pooling` is neither of the two.
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


def join_features(
    scales: Sequence[keras.KerasTensor], stride: int = MAP_FACTOR
) -> keras.KerasTensor:
    """Bring the outputs of the three blocks to one grid and concatenate them.

    Coarser outputs are enlarged bilinearly, finer ones are subsampled.

    Args:
        scales: as from `encode`.
        stride: spacing of the grid in pixels, one of `STRIDES`.

    Returns:
        `(batch, S / stride, S / stride, channels)`, the finest block's channels first.

    Raises:
        ValueError: `stride` is not in `STRIDES`.
    """
    if stride not in STRIDES:
        raise ValueError(f"stride: expected one of {STRIDES}; received {stride!r}")
    target = "map" if stride == MAP_FACTOR else f"stride_{stride}"
    resized = []
    for number, (spacing, x) in enumerate(zip(STRIDES, scales, strict=True), start=1):
        name = f"encoder_{number}_to_{target}"
        if spacing < stride:
            x = Subsample(stride // spacing, name=name)(x)
        elif spacing > stride:
            factor = spacing // stride
            x = keras.layers.UpSampling2D(factor, CHANNELS, "bilinear", name=name)(x)
        resized.append(x)
    name = "features" if stride == MAP_FACTOR else f"features_{target}"
    return keras.layers.Concatenate(name=name)(resized)


def add_map_head(
    x: keras.KerasTensor, name: str, dropout: float, channels: Sequence[int] = MAP_CHANNELS
) -> keras.KerasTensor:
    """Append three convolutions, the last to one channel; float32 under any dtype policy."""
    x = conv_elu(x, channels[0], f"{name}_1")
    if dropout:
        x = BatchDropout(dropout, name=f"{name}_dropout")(x)
    x = conv_elu(x, channels[1], f"{name}_2")
    return plain_conv(x, 1, name, dtype="float32")
