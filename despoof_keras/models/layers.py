"""Building blocks that the networks share, exact against the released TensorFlow 1 graph."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

# The released code's initialisation and batch normalisation.
WEIGHT_STDDEV = 0.02
BATCH_NORM_MOMENTUM = 0.9
BATCH_NORM_EPSILON = 1e-5

# One sixth of the colour circle, in the hue's range of [0, 1): the distance from red to yellow.
HUE_SECTOR = 1.0 / 6.0


@keras.saving.register_keras_serializable("despoof_keras")
class HsvRgb(keras.layers.Layer):
    """RGB in [0, 1] to six channels, HSV first and then RGB, all in [0, 1].

    Written with maximum, minimum and masks alone, so that it converts to TFLite built-ins; equal
    to `tf.image.rgb_to_hsv` to rounding. It computes in float32 under any dtype policy, because
    hue loses too much in half precision.
    """

    def __init__(self, **kwargs):
        kwargs["dtype"] = "float32"
        super().__init__(**kwargs)

    def call(self, rgb):
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
        # Grey and black have no hue or saturation: the mask keeps the quotients finite there.
        hue = sector * HUE_SECTOR / (chroma + ops.cast(chroma <= 0.0, rgb.dtype))
        hue = hue + ops.cast(hue < 0.0, rgb.dtype)
        saturation = chroma / (value + ops.cast(value <= 0.0, rgb.dtype))
        return ops.concatenate([hue, saturation, value, rgb], axis=-1)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], 6)


@keras.saving.register_keras_serializable("despoof_keras")
class Subsample(keras.layers.Layer):
    """Every `factor`-th row and column: TensorFlow 1's `resize_bilinear` towards smaller maps."""

    def __init__(self, factor, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, inputs):
        return inputs[:, :: self.factor, :: self.factor]

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        return batch, -(-height // self.factor), -(-width // self.factor), channels

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


@keras.saving.register_keras_serializable("despoof_keras")
class UpsampledConv2D(keras.layers.Layer):
    """3x3 convolution (SAME, no bias) of a bilinear enlargement, without enlarging first.

    Both are linear, so the nine taps are applied on the small map and their results are enlarged
    and shifted by one constant matrix for each axis: a fifth of the multiplications at 256 pixels,
    and exact but for rounding. The enlargement is TensorFlow 1's `resize_bilinear` (source index =
    target index / factor, clamped); `keras.layers.UpSampling2D` and `Resizing` use half-pixel
    centres, which costs 14 % of the released model's score on real photographs.

    Args:
        filters: output channels.
        factor: enlargement.

    Weights: `kernel`, `(3, 3, channels, filters)`, as `keras.layers.Conv2D` has it.
    """

    def __init__(self, filters, factor, kernel_initializer="glorot_uniform", **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
        self.factor = factor
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape):
        _, height, width, channels = input_shape
        self.kernel = self.add_weight(
            name="kernel",
            shape=(3, 3, channels, self.filters),
            initializer=self.kernel_initializer,
        )
        self._rows = _taps_of_enlarged(height, self.factor)
        self._columns = _taps_of_enlarged(width, self.factor)

    def call(self, inputs):
        _, height, width, channels = inputs.shape
        filters, dtype = self.filters, self.compute_dtype
        # (channels, 9 * filters), the row taps outside the column taps.
        kernel = ops.reshape(ops.transpose(self.kernel, (2, 0, 1, 3)), (channels, 9 * filters))
        taps = ops.reshape(ops.matmul(inputs, kernel), (-1, height, width, 3, 3 * filters))
        taps = ops.transpose(taps, (0, 1, 3, 2, 4))
        taps = ops.reshape(taps, (-1, height * 3, width * 3, filters))
        wide = ops.matmul(ops.cast(self._columns, dtype), taps)
        wide = ops.reshape(wide, (-1, height * 3, width * self.factor * filters))
        enlarged = ops.matmul(ops.cast(self._rows, dtype), wide)
        return ops.reshape(enlarged, (-1, height * self.factor, width * self.factor, filters))

    def compute_output_shape(self, input_shape):
        batch, height, width, _ = input_shape
        return batch, height * self.factor, width * self.factor, self.filters

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "factor": self.factor,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }


def _taps_of_enlarged(length, factor):
    """Matrix from the three taps' values on a small axis to their sum on the enlarged one.

    Returns:
        `(length * factor, length * 3)` float32: row = enlarged position, column = small position
        times three plus tap.
    """
    matrix = np.zeros((length * factor, length, 3), np.float32)
    for position in range(length * factor):
        for tap in range(3):
            source = position + tap - 1
            if 0 <= source < length * factor:  # beyond lies the convolution's zero padding
                low, weight = source // factor, source % factor / factor
                matrix[position, low, tap] += 1 - weight
                matrix[position, min(low + 1, length - 1), tap] += weight
    return matrix.reshape(length * factor, length * 3)


@keras.saving.register_keras_serializable("despoof_keras")
class FusedBatchNormalization(keras.layers.BatchNormalization):
    """Keras' batch normalisation over the last axis, in training by TensorFlow's fused operation.

    Same weights, and same results but for rounding; a training step on a CPU takes an eighth to a
    fifth less. In inference it is Keras' own: the fused gradient of inference has no
    deterministic form on GPUs. Synchronized over replicas it is Keras' own as well, for the
    fused operation sees one replica alone.
    """

    def call(self, inputs, training=None):
        if not (training and self.trainable):
            return super().call(inputs, training=False)
        if self.synchronized:
            return super().call(inputs, training=True)
        x = ops.cast(inputs, "float32")  # as Keras does, against overflow in half precision
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=x,
            scale=self.gamma,
            offset=self.beta,
            mean=[],
            variance=[],
            epsilon=self.epsilon,
            is_training=True,
        )
        # The operation returns the sample variance (divisor n - 1); Keras keeps the batch's (n).
        n = ops.cast(ops.prod(ops.shape(x)[:-1]), "float32")
        for moving, value in (
            (self.moving_mean, mean),
            (self.moving_variance, variance * ((n - 1.0) / n)),
        ):
            moving.assign(moving * self.momentum + value * (1.0 - self.momentum))
        return ops.cast(outputs, self.compute_dtype)


def conv_elu(x, channels, name):
    """3x3 convolution without bias, batch normalisation, ELU: the released code's one block."""
    return norm_elu(plain_conv(x, channels, f"{name}_conv"), name)


def upsampled_conv_elu(x, channels, factor, name):
    """`conv_elu` of the bilinear enlargement of `x`."""
    initializer = keras.initializers.RandomNormal(stddev=WEIGHT_STDDEV)
    x = UpsampledConv2D(channels, factor, initializer, name=f"{name}_conv")(x)
    return norm_elu(x, name)


def norm_elu(x, name):
    """Batch normalisation and ELU."""
    x = FusedBatchNormalization(
        momentum=BATCH_NORM_MOMENTUM, epsilon=BATCH_NORM_EPSILON, name=f"{name}_norm"
    )(x)
    return keras.layers.ELU(name=name)(x)


def plain_conv(x, channels, name, stddev=WEIGHT_STDDEV, dtype=None):
    """3x3 convolution without bias, stride 1, SAME, weights from N(0, stddev)."""
    return keras.layers.Conv2D(
        channels,
        3,
        padding="same",
        use_bias=False,
        kernel_initializer=keras.initializers.RandomNormal(stddev=stddev),
        dtype=dtype,
        name=name,
    )(x)


def max_pool(x, name):
    return keras.layers.MaxPooling2D(3, strides=2, padding="same", name=name)(x)


def average_pool(x, name):
    return keras.layers.AveragePooling2D(3, strides=2, padding="same", name=name)(x)


def synchronize_norms(network):
    """Makes batch normalisation use the statistics of all replicas in training."""
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.synchronized = True


def has_synchronized_norms(network):
    """Whether `synchronize_norms` was applied to a network."""
    return any(getattr(layer, "synchronized", False) for layer in network.layers)


def check_image_size(image_size):
    """Raises `ValueError` unless `image_size` is a positive multiple of 8 (the maps are S / 8)."""
    if image_size <= 0 or image_size % 8:
        raise ValueError(f"image_size: expected a positive multiple of 8; received {image_size}")


@keras.saving.register_keras_serializable("despoof_keras")
class BatchDropout(keras.layers.Dropout):
    """`keras.layers.Dropout` over the global batch, of which every replica has its rows.

    Keras' own draws the same numbers on every replica, so that the first sample of each loses the
    same units. Here each replica draws for the whole batch and takes its own rows: two replicas
    drop what one device would drop, and on one device the numbers are those of Keras' layer (XLA
    draws others). All replicas must have as many samples.
    """

    def call(self, inputs, training=False):
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
