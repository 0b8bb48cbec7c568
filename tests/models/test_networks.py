"""The networks: shapes, sizes, saving and gradients; their layers compared with TensorFlow's."""

from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf

from despoof_keras.models import build_depth_net, build_discriminator, build_ds_net
from despoof_keras.models.encoder import scale_channels
from despoof_keras.models.layers import (
    FusedBatchNormalization,
    HsvRgb,
    Subsample,
    UpsampledConv2D,
)

numpy = keras.ops.convert_to_numpy
BUILDERS = {
    "ds_net": build_ds_net,
    "depth_net": build_depth_net,
    "full_depth_net": partial(build_depth_net, variant="full"),
    "late_ds_net": partial(build_ds_net, pooling="late"),
    "late_depth_net": partial(build_depth_net, pooling="late"),
    "discriminator": build_discriminator,
}
POOLINGS = ("early", "late")
every_network = pytest.mark.parametrize("name", BUILDERS)


def random_input(network, batch=2, seed=0):
    shape = (batch, *network.input.shape[1:])
    return np.random.default_rng(seed).random(shape, np.float32)


def legacy_resize(x, size):
    return tf.compat.v1.image.resize_bilinear(
        x, size, align_corners=False, half_pixel_centers=False
    ).numpy()


@pytest.fixture
def mixed_float16():
    keras.config.set_dtype_policy("mixed_float16")
    yield
    keras.config.set_dtype_policy("float32")


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("size", [64, 96])
def test_ds_net_gives_noise_and_map(size, pooling):
    outputs = build_ds_net(size, pooling=pooling)(np.zeros((2, size, size, 3), np.float32))
    shapes = {name: tuple(value.shape) for name, value in outputs.items()}
    assert shapes == {
        "noise": (2, size, size, 6),
        "zero_one_map": (2, size // 8, size // 8, 1),
    }


@pytest.mark.parametrize("size", [64, 96])
@pytest.mark.parametrize("variant", ["compact", "full"])
def test_depth_net_gives_depth(size, variant):
    outputs = build_depth_net(size, variant)(np.zeros((2, size, size, 6), np.float32))
    shapes = {name: tuple(value.shape) for name, value in outputs.items()}
    assert shapes == {"depth": (2, size // 8, size // 8, 1)}


@pytest.mark.parametrize("size", [64, 96])
def test_discriminator_gives_two_logits(size):
    outputs = build_discriminator(size)(np.zeros((3, size, size, 6), np.float32))
    assert {name: tuple(value.shape) for name, value in outputs.items()} == {"logits": (3, 2)}


# Each product is (channels in) x (channels out) of a 3x3 convolution without bias; batch
# normalisation has four values for each channel.
ENCODER = 6 * 24 + (24 * 20 + 20 * 25 + 25 * 20) + 2 * (20 * 20 + 20 * 25 + 25 * 20)  # 4424
ENCODER_NORM = 24 + 3 * (20 + 25 + 20)  # 219
MAP = 60 * 28 + 28 * 16 + 16 * 1  # 2144
MAP_NORM = 28 + 16
DECODER = 60 * 28 + 28 * 24 + 24 * 20 + 2 * 20 * 20 + 20 * 16 + 16 * 16 + 16 * 6  # 4304
DECODER_NORM = 28 + 24 + 3 * 20 + 2 * 16
FULL_BLOCK = 128 * 128 + 128 * 196 + 196 * 128  # the first block has 64 input channels instead
FULL = 6 * 64 + 3 * FULL_BLOCK - 64 * 128 + 384 * 128 + 128 * 64 + 64 * 1  # 249280
FULL_NORM = 64 + 3 * (128 + 196 + 128) + 128 + 64
DISCRIMINATOR = 6 * 24 + 24 * 20 + 20 * 20 + 20 * 16 + 16 * 12 + 12 * 6 + 6 * 1
DISCRIMINATOR_NORM = 24 + 20 + 20 + 16 + 12 + 6 + 1
DENSE = 1024 * 100 + 100 + 100 * 2  # at 256 pixels: 32 x 32 values


COUNTS = {
    # 99,476: the "0.1 M weights" of the released DSNet.
    "ds_net": 9 * (ENCODER + MAP + DECODER) + 4 * (ENCODER_NORM + MAP_NORM + DECODER_NORM),
    "depth_net": 9 * (ENCODER + MAP) + 4 * (ENCODER_NORM + MAP_NORM),
    # 2,249,968: the "2.2 M weights" of the training code's DepthNet.
    "full_depth_net": 9 * FULL + 4 * FULL_NORM,
    # Pooling has no weights, so its place does not matter.
    "late_ds_net": 9 * (ENCODER + MAP + DECODER) + 4 * (ENCODER_NORM + MAP_NORM + DECODER_NORM),
    "late_depth_net": 9 * (ENCODER + MAP) + 4 * (ENCODER_NORM + MAP_NORM),
    "discriminator": 9 * DISCRIMINATOR + 4 * DISCRIMINATOR_NORM + DENSE,
}


@every_network
def test_the_number_of_weights_follows_from_the_channels(name):
    assert BUILDERS[name](256).count_params() == COUNTS[name]


def test_other_widths_have_multiples_of_eight_channels_and_none_is_a_tenth_too_narrow():
    assert scale_channels((24, 20, 25, 28, 16, 12, 6), 0.6) == (16, 16, 16, 16, 16, 8, 8)
    # 18 lies between 16 and 24, and 16 is more than a tenth less.
    assert scale_channels((20, 100, 3), 0.9) == (24, 88, 8)
    assert scale_channels((25, 1), 1.0) == (25, 1)
    for build in (build_ds_net, build_depth_net, build_discriminator):
        convolutions = [x for x in build(64, width=0.6).layers if hasattr(x, "filters")]
        hidden = [x.filters for x in convolutions if x.filters not in (1, 6)]
        assert set(hidden) in ({16}, {8, 16})


def test_the_networks_have_as_many_values_as_the_released_file(released_arrays):
    networks = build_ds_net(64), build_depth_net(64), build_discriminator(256)
    total = sum(array.size for array in released_arrays.values())
    assert sum(network.count_params() for network in networks) == total == 277262


@every_network
@pytest.mark.parametrize("size", [0, -64, 60, 100])
def test_sizes_that_are_not_multiples_of_eight_are_refused(name, size):
    with pytest.raises(ValueError, match=f"image_size.*multiple of 8.*{size}"):
        BUILDERS[name](size)


def test_an_unknown_depth_net_variant_is_refused():
    with pytest.raises(ValueError, match=r"variant.*compact.*full.*'large'"):
        build_depth_net(64, variant="large")


@pytest.mark.parametrize("build", [build_ds_net, build_depth_net])
def test_pooling_comes_before_or_after_the_first_block(build):
    sizes = {p: build(64, pooling=p).get_layer("encoder_1_3").output.shape[1] for p in POOLINGS}
    assert sizes == {"early": 32, "late": 64}
    with pytest.raises(ValueError, match=r"pooling.*early.*late.*'middle'"):
        build(64, pooling="middle")


@every_network
def test_a_saved_network_gives_the_same_outputs(name, tmp_path):
    network = BUILDERS[name](64)
    random = np.random.default_rng(1)
    for variable in network.trainable_variables + network.non_trainable_variables:
        if variable.dtype == "float32":
            variable.assign(random.uniform(0.02, 0.1, variable.shape))
    network.save(tmp_path / "network.keras")
    loaded = keras.models.load_model(tmp_path / "network.keras")
    x = random_input(network)
    before, after = network(x), loaded(x)
    assert before.keys() == after.keys()
    for key in before:
        assert np.ptp(numpy(before[key])) > 0
        np.testing.assert_allclose(numpy(before[key]), numpy(after[key]), rtol=1e-4, atol=1e-6)


@every_network
def test_every_weight_has_a_finite_gradient(name):
    keras.utils.set_random_seed(0)
    network = BUILDERS[name](64)
    with tf.GradientTape() as tape:
        outputs = network(random_input(network), training=True)
        loss = sum(tf.reduce_mean(tf.square(value - 1.0)) for value in outputs.values())
    gradients = tape.gradient(loss, [weight.value for weight in network.trainable_weights])
    assert len(gradients) > 20
    for weight, gradient in zip(network.trainable_weights, gradients, strict=True):
        assert gradient is not None, weight.path
        assert np.isfinite(gradient.numpy()).all(), weight.path
        assert np.abs(gradient.numpy()).max() > 0, weight.path


def test_the_noise_starts_near_zero():
    noise = build_ds_net(64)(np.random.default_rng(0).random((1, 64, 64, 3), np.float32))["noise"]
    assert 0 < np.abs(numpy(noise)).max() < 0.01


COLOURS = [
    (0, 0, 0), (1, 1, 1), (0.5, 0.5, 0.5),  # no hue
    (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (0, 1, 1), (1, 0, 1),
    (0.7, 0.7, 0.2), (0.2, 0.7, 0.7), (0.7, 0.2, 0.7),  # the highest two channels are equal
    (0.7, 0.2, 0.2), (0.2, 0.7, 0.2), (0.2, 0.2, 0.7),  # the lowest two channels are equal
    (0.9, 0.3, 0.300001), (1 / 256, 0, 0), (0, 0, 1 / 256), (255 / 256, 254 / 256, 255 / 256),
]  # fmt: skip


def test_hsv_equals_tensorflow():
    random = np.random.default_rng(0).random((64 * 64 - len(COLOURS), 3))
    rgb = np.concatenate([COLOURS, random]).astype(np.float32).reshape(1, 64, 64, 3)
    six = numpy(HsvRgb()(rgb))
    np.testing.assert_allclose(six[..., :3], tf.image.rgb_to_hsv(rgb), rtol=0, atol=1e-6)
    np.testing.assert_array_equal(six[..., 3:], rgb)


def test_hsv_of_pure_colours_by_hand():
    # Hues in sixths of the circle: red 0, yellow 1, green 2, cyan 3, blue 4, magenta 5.
    rgb = [(1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 1, 1), (0, 0, 0.5), (1, 0, 1), (0, 0, 0)]
    hsv = [(0, 1, 1), (1 / 6, 1, 1), (2 / 6, 1, 1), (3 / 6, 1, 1), (4 / 6, 1, 0.5)]
    hsv += [(5 / 6, 1, 1), (0, 0, 0)]
    six = numpy(HsvRgb()(np.array(rgb, np.float32).reshape(1, 1, 7, 3)))
    np.testing.assert_allclose(six[0, 0, :, :3], hsv, rtol=0, atol=1e-6)


def test_hsv_stays_exact_under_half_precision(mixed_float16):
    rgb = np.random.default_rng(0).random((1, 8, 8, 3), np.float32)
    six = HsvRgb()(rgb)
    assert six.dtype == tf.float32
    np.testing.assert_allclose(six[..., :3], tf.image.rgb_to_hsv(rgb), rtol=0, atol=1e-6)


@every_network
def test_outputs_are_float32_under_half_precision(name):
    network = BUILDERS[name](64, dtype_policy="mixed_float16")
    outputs = network(random_input(network))
    assert {value.dtype for value in outputs.values()} == {tf.float32}
    assert {layer.compute_dtype for layer in network.layers} >= {"float16", "float32"}


@pytest.mark.parametrize(("length", "factor"), [(128, 4), (64, 2), (20, 4)])
def test_subsampling_equals_the_legacy_resize(length, factor):
    x = np.random.default_rng(0).random((2, length, length, 3), np.float32)
    expected = legacy_resize(x, (length // factor, length // factor))
    np.testing.assert_array_equal(numpy(Subsample(factor)(x)), expected)


@pytest.mark.parametrize(("shape", "factor"), [((8, 8), 8), ((5, 7), 2), ((3, 4), 4), ((1, 2), 8)])
def test_upsampled_convolution_equals_a_convolution_after_the_legacy_resize(shape, factor):
    x = np.random.default_rng(0).normal(size=(2, *shape, 5)).astype(np.float32)
    layer = UpsampledConv2D(4, factor, "random_normal")
    outputs = numpy(layer(x))
    enlarged = (shape[0] * factor, shape[1] * factor)
    plain = tf.nn.conv2d(legacy_resize(x, enlarged), layer.kernel.value, 1, "SAME")
    np.testing.assert_allclose(outputs, plain, rtol=0, atol=1e-5)
    assert tuple(layer.compute_output_shape(x.shape)) == outputs.shape
    half_pixel = tf.nn.conv2d(tf.image.resize(x, enlarged), layer.kernel.value, 1, "SAME")
    assert np.abs(outputs - half_pixel).max() > 0.01


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
def test_fused_batch_normalisation_equals_keras(policy, training, jit):
    random = np.random.default_rng(0)
    x, weight = random.normal(2.0, 3.0, (2, 2, 3, 4, 5)).astype(np.float32)
    start = random.uniform(0.5, 1.5, (4, 5)).astype(np.float32)
    values = []
    for cls in (FusedBatchNormalization, keras.layers.BatchNormalization):
        layer = cls(momentum=0.9, epsilon=1e-5, dtype=policy)
        layer.build(x.shape)
        layer.set_weights(list(start))

        @tf.function(jit_compile=jit)
        def run(x, layer=layer):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = layer(x, training=training)
                loss = tf.reduce_sum(tf.cast(y, tf.float32) * weight)
            return y, *tape.gradient(loss, [x, layer.gamma.value, layer.beta.value])

        results = run(tf.constant(x))
        assert results[0].dtype == layer.compute_dtype
        values.append([np.array(value, np.float32) for value in [*results, *layer.get_weights()]])
        assert (np.abs(values[-1][-2:] - start[2:]).max() > 0.1) == training
    tolerance = 1e-5 if policy == "float32" else 2e-3
    for fused, expected in zip(*values, strict=True):
        np.testing.assert_allclose(fused, expected, rtol=tolerance, atol=tolerance)
