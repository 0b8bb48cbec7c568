"""Layers that the networks share; they reproduce the released TensorFlow 1 graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from despoof_keras.faces.crop import MAP_FACTOR

# Initialisation and batch normalisation as in the released code.
WEIGHT_STDDEV = 0.02
BATCH_NORM_MOMENTUM = 0.9
BATCH_NORM_EPSILON = 1e-5

# Where the channels are in all tensors, whatever Keras' `image_data_format` is.
CHANNELS = "channels_last"

# A sixth of the colour circle, which has the length 1: the distance from red to yellow.
HUE_SECTOR = 1.0 / 6.0


@keras.saving.register_keras_serializable("despoof_keras")
class HsvRgb(keras.layers.Layer):
    """Conversion of RGB in [0, 1] to six channels, HSV and then RGB, all in [0, 1].

    The layer uses maximum, minimum and masks only, so that it converts to built-in operations of
    TFLite; the result equals `tf.image.rgb_to_hsv` up to rounding. It computes in float32 under
    any dtype policy, because hue loses too much accuracy in half precision.
    """

    def __init__(self, **kwargs: Any):
        kwargs["dtype"] = "float32"
        super().__init__(**kwargs)

    def call(self, rgb: tf.Tensor) -> tf.Tensor:
        red, green, blue = rgb[..., 0:1], rgb[..., 1:2], rgb[..., 2:3]
        value = ops.maximum(ops.maximum(red, green), blue)
        chroma = value - ops.minimum(ops.minimum(red, green), blue)
        is_red = ops.cast(red >= value, rgb.dtype)
        is_green = (1.0 - is_red) * ops.cast(green >= value, rgb.dtype)
        is_blue = 1.0 - is_red - is_green
        sector = (
            is_red * (green - blue)
            + is_green * (blue - red + 2.0 * chroma)
            + is_blue * (red - green + 4.0 * chroma)
        )
        # Grey and black have no hue or saturation; adding the mask keeps the quotients finite.
        hue = sector * HUE_SECTOR / (chroma + ops.cast(chroma <= 0.0, rgb.dtype))
        hue = hue + ops.cast(hue < 0.0, rgb.dtype)
        saturation = chroma / (value + ops.cast(value <= 0.0, rgb.dtype))
        return ops.concatenate([hue, saturation, value, rgb], axis=-1)

    def compute_output_shape(self, input_shape: Sequence[int]) -> tuple[int, ...]:
        return (*input_shape[:-1], 6)


@keras.saving.register_keras_serializable("despoof_keras")
class Subsample(keras.layers.Layer):
    """Every `factor`-th row and column, which is how TensorFlow 1's `resize_bilinear` shrinks."""

    def __init__(self, factor: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        return inputs[:, :: self.factor, :: self.factor]

    def compute_output_shape(self, input_shape: Sequence[int]) -> tuple[int, ...]:
        batch, height, width, channels = input_shape
        return batch, -(-height // self.factor), -(-width // self.factor), channels

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor}


@keras.saving.register_keras_serializable("despoof_keras")
class UpsampledConv2D(keras.layers.Layer):
    """3x3 convolution (SAME, no bias) of a bilinearly enlarged map, computed on the small map.

    Both operations are linear, so the nine taps are applied to the small map, and one constant
    matrix for each axis enlarges and shifts their results. At 256 pixels this takes a fifth of the
    multiplications, and the result is exact up to rounding. A matrix is applied as a 1x1
    convolution over the axis, and no tensor has more than four axes, because GPU delegates of
    TFLite take nothing else. The enlargement is that of TensorFlow
    1's `resize_bilinear` (source index = target index / factor, clamped). The half-pixel centres
    of `keras.layers.UpSampling2D` and `Resizing` would change the released model's score on real
    photographs by 14 %.

    Args:
        filters: output channels.
        factor: enlargement.
        kernel_initializer: as in `keras.layers.Conv2D`.

    Weights: `kernel`, `(3, 3, channels, filters)`, as in `keras.layers.Conv2D`.
    """

    def __init__(
        self,
        filters: int,
        factor: int,
        kernel_initializer: str | keras.initializers.Initializer = "glorot_uniform",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.filters = filters
        self.factor = factor
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape: Sequence[int]) -> None:
        _, height, width, channels = input_shape
        self.kernel = self.add_weight(
            name="kernel",
            shape=(3, 3, channels, self.filters),
            initializer=self.kernel_initializer,
        )
        self._rows = _taps_of_enlarged(height, self.factor)
        self._columns = _taps_of_enlarged(width, self.factor)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        _, height, width, channels = inputs.shape
        filters, dtype = self.filters, self.compute_dtype
        # (1, 1, channels, 9 * filters): column tap, then row tap, then filter.
        kernel = ops.transpose(self.kernel, (2, 1, 0, 3))
        taps = _product(inputs, ops.reshape(kernel, (1, 1, channels, 9 * filters)))
        taps = ops.reshape(taps, (-1, height, width * 3, 3 * filters))
        taps = ops.transpose(taps, (0, 1, 3, 2))
        wide = _product(taps, ops.cast(self._columns, dtype))
        wide = ops.reshape(wide, (-1, height * 3, filters, width * self.factor))
        wide = ops.transpose(wide, (0, 2, 3, 1))
        enlarged = _product(wide, ops.cast(self._rows, dtype))
        return ops.transpose(enlarged, (0, 3, 2, 1))

    def compute_output_shape(self, input_shape: Sequence[int]) -> tuple[int, ...]:
        batch, height, width, _ = input_shape
        return batch, height * self.factor, width * self.factor, self.filters

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            "factor": self.factor,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }


def _product(inputs, kernel):
    return ops.conv(inputs, kernel, data_format=CHANNELS)


def _taps_of_enlarged(length, factor):
    """Return the matrix from the three taps along a small axis to their sum on the enlarged axis.

    Returns:
        `(1, 1, length * 3, length * factor)` float32, the kernel of a 1x1 convolution: its input is
        three times the position on the small axis, plus the tap, its output the position on the
        enlarged one.
    """
    matrix = np.zeros((length * factor, length, 3), np.float32)
    for position in range(length * factor):
        for tap in range(3):
            source = position + tap - 1
            if 0 <= source < length * factor:  # outside is the convolution's zero padding
                low, weight = source // factor, source % factor / factor
                matrix[position, low, tap] += 1 - weight
                matrix[position, min(low + 1, length - 1), tap] += weight
    return matrix.reshape(length * factor, length * 3).T[np.newaxis, np.newaxis]


@keras.saving.register_keras_serializable("despoof_keras")
class FusedBatchNormalization(keras.layers.BatchNormalization):
    """Keras' batch normalisation over the last axis, with TensorFlow's fused operation in training.

    The weights are the same, and so are the results up to rounding; a training step on a CPU takes
    an eighth to a fifth less time. Keras' own code runs in inference, because the fused operation's
    gradient in inference has no deterministic form on GPUs, and where the layer is synchronized
    over replicas, because the fused operation sees a single replica.
    """

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        if not (training and self.trainable):
            return super().call(inputs, training=False)
        if self.synchronized:
            return super().call(inputs, training=True)
        x = ops.cast(inputs, "float32")  # as in Keras, against overflow in half precision
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=x,
            scale=self.gamma,
            offset=self.beta,
            mean=[],
            variance=[],
            epsilon=self.epsilon,
            is_training=True,
        )
        # The operation returns the sample variance (divisor n - 1); Keras tracks divisor n.
        n = ops.cast(ops.prod(ops.shape(x)[:-1]), "float32")
        for moving, value in (
            (self.moving_mean, mean),
            (self.moving_variance, variance * ((n - 1.0) / n)),
        ):
            moving.assign(moving * self.momentum + value * (1.0 - self.momentum))
        return ops.cast(outputs, self.compute_dtype)


def conv_elu(x: keras.KerasTensor, channels: int, name: str) -> keras.KerasTensor:
    """Apply the released code's block: 3x3 convolution without bias, batch normalisation, ELU."""
    return norm_elu(plain_conv(x, channels, f"{name}_conv"), name)


def upsampled_conv_elu(
    x: keras.KerasTensor, channels: int, factor: int, name: str
) -> keras.KerasTensor:
    """Apply `conv_elu` to `x` enlarged bilinearly."""
    initializer = keras.initializers.RandomNormal(stddev=WEIGHT_STDDEV)
    x = UpsampledConv2D(channels, factor, initializer, name=f"{name}_conv")(x)
    return norm_elu(x, name)


def norm_elu(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """Apply batch normalisation and ELU."""
    x = FusedBatchNormalization(
        momentum=BATCH_NORM_MOMENTUM, epsilon=BATCH_NORM_EPSILON, name=f"{name}_norm"
    )(x)
    return keras.layers.ELU(name=name)(x)


def plain_conv(
    x: keras.KerasTensor,
    channels: int,
    name: str,
    stddev: float = WEIGHT_STDDEV,
    dtype: str | None = None,
) -> keras.KerasTensor:
    """Apply a 3x3 convolution without bias, stride 1, SAME, its weights drawn from N(0, stddev)."""
    return keras.layers.Conv2D(
        channels,
        3,
        padding="same",
        data_format=CHANNELS,
        use_bias=False,
        kernel_initializer=keras.initializers.RandomNormal(stddev=stddev),
        dtype=dtype,
        name=name,
    )(x)


def max_pool(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """Take the maximum of 3x3 values at every second row and column."""
    return keras.layers.MaxPooling2D(3, 2, "same", CHANNELS, name=name)(x)


def average_pool(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """Average 3x3 values at every second row and column."""
    return keras.layers.AveragePooling2D(3, 2, "same", CHANNELS, name=name)(x)


def synchronize_norms(network: keras.Model) -> None:
    """Make batch normalisation use the statistics of all replicas in training."""
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.synchronized = True


def has_synchronized_norms(network: keras.Model) -> bool:
    """Tell whether `synchronize_norms` was applied to a network."""
    return any(getattr(layer, "synchronized", False) for layer in network.layers)


def check_image_size(image_size: int) -> None:
    """Raise `ValueError` unless the image's side is a positive multiple of `MAP_FACTOR`."""
    if image_size <= 0 or image_size % MAP_FACTOR:
        raise ValueError(
            f"image_size: expected a positive multiple of {MAP_FACTOR}; received {image_size}"
        )


@keras.saving.register_keras_serializable("despoof_keras")
class BatchDropout(keras.layers.Dropout):
    """`keras.layers.Dropout` over the global batch, of which each replica holds some rows.

    Keras' layer draws the same numbers on every replica, so the first sample of each replica loses
    the same units. Here each replica draws for the whole batch and takes its own rows: two
    replicas drop the same units as a single device, and a single device drops the same units as
    Keras' layer (XLA draws different numbers). All replicas must have equally many samples.
    """

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        if not training or self.rate == 0:
            return inputs
        replica = tf.distribute.get_replica_context()
        rows = ops.shape(inputs)[0]
        shape = (rows * replica.num_replicas_in_sync, *ops.shape(inputs)[1:])
        seed = tf.cast(self.seed_generator.next(), "int32")
        drawn = tf.random.stateless_uniform(shape, seed, dtype=inputs.dtype)
        first = replica.replica_id_in_sync_group * rows
        kept = ops.cast(drawn[first : first + rows] >= self.rate, inputs.dtype)
        return inputs * kept / (1.0 - self.rate)
