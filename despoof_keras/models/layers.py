"""Building blocks that the networks share, exact against the released TensorFlow 1 graph."""

import keras
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
class LegacyUpsample(keras.layers.Layer):
    """Bilinear enlargement as TensorFlow 1 did it: source index = target index / factor, clamped.

    `keras.layers.UpSampling2D` and `Resizing` use half-pixel centres and are not equal to it (14 %
    of the released model's score on real photographs).
    """

    def __init__(self, factor, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, inputs):
        size = [inputs.shape[1] * self.factor, inputs.shape[2] * self.factor]
        enlarged = tf.raw_ops.ResizeBilinear(
            images=inputs, size=size, align_corners=False, half_pixel_centers=False
        )
        return ops.cast(enlarged, inputs.dtype)

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        return batch, height * self.factor, width * self.factor, channels

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


def conv_elu(x, channels, name):
    """3x3 convolution without bias, batch normalisation, ELU: the released code's one block."""
    x = plain_conv(x, channels, f"{name}_conv")
    x = keras.layers.BatchNormalization(
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


def encoder(x, widths=(24, 20, 25, 20)):
    """The encoder that DSNet and the compact DepthNet have alike.

    Args:
        x: `(batch, S, S, 6)`.
        widths: channels of the first convolution, then of the three in every block.

    Returns:
        `(batch, S / 8, S / 8, 3 * widths[3])`: the three blocks' outputs, brought to one size.
    """
    first, *block = widths
    x = conv_elu(x, first, "encoder_0")
    scales = []
    for number, pool in enumerate((max_pool, max_pool, average_pool), start=1):
        x = pool(x, f"encoder_{number}_pool")
        for position, channels in enumerate(block, start=1):
            x = conv_elu(x, channels, f"encoder_{number}_{position}")
        scales.append(x)
    fine, middle, coarse = scales
    fine = Subsample(4, name="encoder_1_to_map")(fine)
    middle = Subsample(2, name="encoder_2_to_map")(middle)
    return keras.layers.Concatenate(name="features")([fine, middle, coarse])


def map_head(x, name, dropout, channels=(28, 16)):
    """Two blocks and a convolution to one channel; float32 out under any dtype policy."""
    x = conv_elu(x, channels[0], f"{name}_1")
    if dropout:
        x = keras.layers.Dropout(dropout, name=f"{name}_dropout")(x)
    x = conv_elu(x, channels[1], f"{name}_2")
    return plain_conv(x, 1, name, dtype="float32")


def check_image_size(image_size):
    """Raises `ValueError` unless `image_size` is a positive multiple of 8 (the maps are S / 8)."""
    if image_size <= 0 or image_size % 8:
        raise ValueError(f"image_size: expected a positive multiple of 8; received {image_size}")
