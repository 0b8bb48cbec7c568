"""DSNet with a static int8 file's rounding in it, on DSNet's own weights, to fine-tune them for it.

What is rounded, and into which steps, is what `StaticQuantiser` does, but for
weights, which go to the nearest code here. Gradients pass the rounding as if it were not there
(straight through), and stop where a value is beyond its range. Reference: Jacob et al.,
Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference, CVPR
2018, sections 3 and 3.2 (folded batch normalisation).
"""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from despoof_keras.export.int8.ranges import INT8_HIGH, INT8_LOW, VALUES_PER_CROP, best_int8
from despoof_keras.models.layers import UpsampledConv2D

# Layers that only move values, or choose or average among them, and keep their steps.
_KEEPING_STEPS = ("Subsample", "MaxPooling2D", "AveragePooling2D")
_SEED = 0


class Rounding(keras.layers.Layer):
    """Values as they are after eight bits of given `Int8` steps."""

    def __init__(self, steps, **kwargs):
        super().__init__(**kwargs)
        self._ends = [(code - steps.zero_point) * steps.scale for code in (INT8_LOW, INT8_HIGH)]

    def call(self, x):
        return tf.quantization.fake_quant_with_min_max_args(x, *self._ends, num_bits=8)


class RoundedConv(keras.layers.Layer):
    """A convolution and its batch normalisation as one, weights in eight bits for each channel."""

    def __init__(self, conv, norm, **kwargs):
        super().__init__(**kwargs)
        self._conv, self._norm = conv, norm

    def call(self, x):
        norm = self._norm
        scale = norm.gamma / ops.sqrt(norm.moving_variance + norm.epsilon)
        kernel = self._conv.kernel * scale
        largest = tf.stop_gradient(ops.max(ops.abs(kernel), axis=(0, 1, 2)))
        kernel = tf.quantization.fake_quant_with_min_max_vars_per_channel(
            kernel, -largest, largest, num_bits=8, narrow_range=True
        )
        return ops.conv(x, kernel, padding="same") + (norm.beta - norm.moving_mean * scale)


def rounded_ds_net(ds_net, crops, kept=()):
    """DSNet as its int8 file computes it; training it trains `ds_net`, whose weights it has.

    Args:
        ds_net: as from `build_ds_net`; its batch normalisation stays in inference mode.
        crops: `(n, S, S, 3)` RGB in [0, 1] that the ranges are measured on.
        kept: names of the layers that stay in float; their weights are rounded all the same.

    Returns:
        Functional `keras.Model` with the inputs and outputs of `ds_net`.
    """
    walk = _Walk(ds_net, _layer_values(ds_net, crops), frozenset(kept))
    return keras.models.clone_model(
        ds_net, clone_function=lambda layer: layer, call_function=walk.call
    )


def _layer_values(ds_net, crops):
    """`{layer's name: (m,) values}` on crops: a random part, the lowest and the highest."""
    random = np.random.default_rng(_SEED)
    inside = keras.Model(ds_net.input, {layer.name: layer.output for layer in ds_net.layers[1:]})
    samples = {name: [] for name in inside.output}
    for crop in crops:
        for name, values in inside(crop[np.newaxis]).items():
            values = np.ravel(values)
            chosen = random.integers(0, values.size, min(VALUES_PER_CROP, values.size))
            samples[name] += [values[chosen], [values.min(), values.max()]]
    return {name: np.concatenate(parts).astype(np.float32) for name, parts in samples.items()}


class _Walk:
    """Calls DSNet's layers one after the other and puts the rounding in between."""

    def __init__(self, ds_net, values, kept):
        self._layers = {layer.name: layer for layer in ds_net.layers}
        self._values, self._kept = values, kept
        # By id: what a symbolic tensor was made by, and its steps where it is in eight bits. The
        # tensors are held so that no other gets an id of theirs.
        self._makers, self._steps, self._held = {}, {}, []

    def call(self, layer, x, **kwargs):
        """What a layer's place in the rounded network gives for its input."""
        kind = type(layer).__name__
        base = layer.name.removesuffix("_conv").removesuffix("_norm")
        steps = None if isinstance(x, list) else self._steps.get(id(x))
        if kind == "Conv2D" and layer.name != base:
            return self._convolved(layer, base, x)
        if layer.name == f"{base}_norm":
            # Folded into the convolution, except for the one that works on the small map.
            if isinstance(self._layers[f"{base}_conv"], UpsampledConv2D):
                return self._named(layer.name, layer(x, training=False))
            return x
        if kind == "ELU" and steps is not None:
            return self._rounded(layer.name, layer(x), steps.behind_elu())
        if kind == "Concatenate" and all(id(one) in self._steps for one in x):
            steps = best_int8(self._values[layer.name])
            joined = layer([self._as_int8(one, steps) for one in x])
            return self._rounded(layer.name, joined, steps)
        if kind in _KEEPING_STEPS and steps is not None:
            return self._rounded(layer.name, layer(x), steps)
        return self._named(layer.name, layer(x, **kwargs))

    def _convolved(self, layer, base, x):
        conv = RoundedConv(layer, self._layers[f"{base}_norm"])
        if base in self._kept:
            return self._named(layer.name, conv(x))
        steps = best_int8(self._values[f"{base}_norm"], before_elu=True)
        return self._rounded(layer.name, conv(self._as_int8(x)), steps)

    def _as_int8(self, x, wanted=None):
        steps = self._steps.get(id(x))
        if steps is not None and wanted in (None, steps):
            return x
        maker = self._makers[id(x)]
        return self._rounded(maker, x, wanted or best_int8(self._values[maker]))

    def _rounded(self, name, x, steps):
        x = self._named(name, Rounding(steps)(x))
        self._steps[id(x)] = steps
        return x

    def _named(self, name, x):
        self._makers[id(x)] = name
        self._held.append(x)
        return x
