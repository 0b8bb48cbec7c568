"""Runs a script of the package with networks of a layer or two each.

python small_networks.py SCRIPT ARGUMENTS...

Building TensorFlow's graph of the real networks' training step takes most of a short run's time.
Tests of what happens around a run (interruptions, machines, searches) do without it. These networks
have what matters to that: batch normalisation, pooling, dropout with its state.
"""

import runpy
import sys


def ds_net(size):
    import keras

    from despoof_keras.models.layers import HsvRgb, Subsample, conv_elu, max_pool, plain_conv

    image = keras.Input((size, size, 3), name="image")
    hsv_rgb = HsvRgb(name="hsv_rgb")(image)
    features = conv_elu(hsv_rgb, 4, "features")
    noise = plain_conv(features, 6, "noise", dtype="float32")
    pooled = Subsample(4, name="subsampled")(max_pool(features, "pool"))
    zero_one_map = plain_conv(pooled, 1, "zero_one_map", dtype="float32")
    return keras.Model(image, {"noise": noise, "zero_one_map": zero_one_map}, name="ds_net")


def depth_net(size):
    import keras

    from despoof_keras.models.layers import Subsample, conv_elu, plain_conv

    hsv_rgb = keras.Input((size, size, 6), name="hsv_rgb")
    features = conv_elu(Subsample(8, name="subsampled")(hsv_rgb), 4, "features")
    depth = plain_conv(features, 1, "depth", dtype="float32")
    return keras.Model(hsv_rgb, {"depth": depth}, name="depth_net")


def discriminator(size):
    import keras

    from despoof_keras.models.layers import BatchDropout, Subsample

    hsv_rgb = keras.Input((size, size, 6), name="hsv_rgb")
    features = keras.layers.Flatten(name="flatten")(Subsample(8, name="subsampled")(hsv_rgb))
    features = BatchDropout(0.2, name="dropout")(features)
    logits = keras.layers.Dense(2, dtype="float32", name="logits")(features)
    return keras.Model(hsv_rgb, {"logits": logits}, name="discriminator")


def use_small_networks():
    """Let all training of this process from now on be of these networks."""
    from despoof_keras.models.precision import precision
    from despoof_keras.training import fit

    def in_precision(build):
        def build_in_precision(size, *settings):
            *_, dtype_policy = settings
            with precision(dtype_policy):
                return build(size)

        return build_in_precision

    fit.build_ds_net, fit.build_depth_net = in_precision(ds_net), in_precision(depth_net)
    fit.build_discriminator = in_precision(discriminator)


def main():
    from despoof_keras.utils.programs import start_tensorflow

    start_tensorflow()
    use_small_networks()
    sys.argv = sys.argv[1:]
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
