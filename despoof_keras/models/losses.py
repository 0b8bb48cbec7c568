"""The terms of the objective, each a function that returns one value per sample.

`loss_weights.TERMS` lists the terms and the arguments of each function. Only the training step
reduces over the batch. Labels are floats of shape `(batch,)`, 0 for bona fide and 1 for attack
presentations. A term that is defined for a single class is zero for samples of the other class, as
in the released code.

Reference: Jourabloo, Liu, Liu, ECCV 2018, section 3.3, and the authors' released training code
(`Architecture.py`), which adds the reconstruction and noise magnitude terms.
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Mapping

import tensorflow as tf
from keras import ops

from despoof_keras.distribution.determinism import fan_out
from despoof_keras.models.discriminator import CLASS_LIVE, CLASS_SYNTHESIZED
from despoof_keras.models.loss_weights import TERMS

# Share of the rows and of the columns that is cut off at both ends of the unshifted spectrum: 32 of
# 256 in the released code, the paper's k x k block (k = 64) around zero frequency.
LOW_BAND_SHARE = 32 / 256
# Target of the released code for an attack's mean absolute noise in each channel.
SPOOF_NOISE_TARGET = 0.2


def term_values(values: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Compute every term of DSNet's objective, unweighted.

    Args:
        values: arguments of the terms, by the names in `Term.inputs`.

    Returns:
        Mapping from the names of `TERMS` to `(batch,)`.
    """
    uses = collections.Counter(name for term in TERMS.values() for name in term.inputs)
    copies = {
        name: iter(fan_out(values[name], count)) if count > 1 else iter((values[name],))
        for name, count in uses.items()
    }
    return {
        name: _resolve(term.function)(*(next(copies[value]) for value in term.inputs))
        for name, term in TERMS.items()
    }


def _resolve(function: str | Callable) -> Callable:
    return function if callable(function) else globals()[function]


def _mean_per_sample(x):
    return ops.mean(ops.reshape(x, (ops.shape(x)[0], -1)), axis=1)


def zero_one_map_loss(zero_one_map: tf.Tensor, label: tf.Tensor) -> tf.Tensor:
    """Compute J_z, the mean absolute difference between the 0/1 map and the label.

    Args:
        zero_one_map: `(batch, S / 8, S / 8, 1)`.
        label: `(batch,)`.

    Returns:
        `(batch,)`.
    """
    target = ops.reshape(ops.cast(label, zero_one_map.dtype), (-1, 1, 1, 1))
    return _mean_per_sample(ops.abs(zero_one_map - target))


def input_depth(data: Mapping[str, tf.Tensor]) -> tf.Tensor:
    """Return the depth of a batch's input: that of a live face, zero for an attack's flat medium.

    Args:
        data: a batch as `Despoofer` takes it.

    Returns:
        `(batch, S / 8, S / 8, 1)`.
    """
    return data["depth"] * ops.reshape(1.0 - data["label"], (-1, 1, 1, 1))


def depth_loss(depth: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """Compute J_DQ, which is DepthNet's own loss too: the mean absolute difference of two depths.

    Args:
        depth: `(batch, S / 8, S / 8, 1)`, DepthNet's output.
        target: same shape, in [0, 1].

    Returns:
        `(batch,)`.
    """
    return _mean_per_sample(ops.abs(depth - ops.cast(target, depth.dtype)))


def _cross_entropy(logits, target):
    """Compute `-log softmax(logits)[target]` for two classes in its numerically stable form."""
    margin = logits[:, 1 - target] - logits[:, target]
    return ops.softplus(margin)


def visual_quality_loss(logits_live_estimate: tf.Tensor) -> tf.Tensor:
    """Compute J_VQ, the cross-entropy of the live estimate's logits with the class live.

    Args:
        logits_live_estimate: `(batch, 2)`, from the discriminator.

    Returns:
        `(batch,)`.
    """
    return _cross_entropy(logits_live_estimate, CLASS_LIVE)


def discriminator_loss(
    logits_live_estimate: tf.Tensor,
    logits_input: tf.Tensor,
    label: tf.Tensor,
    estimates_of: str = "all",
) -> tf.Tensor:
    """Compute the discriminator's loss: live estimates are synthesized, bona fide inputs live.

    Args:
        logits_live_estimate: `(batch, 2)`, for all samples.
        logits_input: `(batch, 2)`; the rows of attacks are ignored. (The released code zeroes
            their logits, which adds the constant log 2 to the value and nothing to the gradient.)
        label: `(batch,)`.
        estimates_of: `"all"`, or `"attack"` to ignore the live estimates of bona fide faces.

    Returns:
        `(batch,)`.
    """
    bona_fide = 1.0 - ops.cast(label, logits_input.dtype)
    synthesized = _cross_entropy(logits_live_estimate, CLASS_SYNTHESIZED)
    if estimates_of == "attack":
        synthesized *= 1.0 - bona_fide
    return synthesized + bona_fide * _cross_entropy(logits_input, CLASS_LIVE)


def spectrum_peak(noise: tf.Tensor) -> tf.Tensor:
    """Find the maximum of the noise's log spectrum outside the low band, averaged over channels.

    Args:
        noise: `(batch, S, S, channels)`, converted to float32 for the Fourier transform.

    Returns:
        `(batch,)`, `log1p` of the largest magnitude in the spectrum.
    """
    size = noise.shape[1]
    cut = round(size * LOW_BAND_SHARE)
    channels_first = tf.transpose(tf.cast(noise, tf.float32), (0, 3, 1, 2))
    # The spectrum of a real signal is symmetric, so half of it holds all magnitudes of the kept
    # band; only the right part of row `cut` has to be read from its mirror, row `size - cut`.
    spectrum = tf.abs(tf.signal.rfft2d(channels_first))
    peak = tf.reduce_max(spectrum[:, :, cut : size - cut, cut:], axis=(2, 3))
    mirrored = tf.reduce_max(spectrum[:, :, size - cut, cut + 1 :], axis=2)
    return tf.reduce_mean(tf.math.log1p(tf.maximum(peak, mirrored)), axis=1)


def repetitive_loss_live(noise: tf.Tensor, label: tf.Tensor) -> tf.Tensor:
    """Compute J_r of bona fide samples, `(batch,)`, which is low if the spectrum has no peak."""
    return spectrum_peak(noise) * (1.0 - ops.cast(label, "float32"))


def repetitive_loss_spoof(noise: tf.Tensor, label: tf.Tensor) -> tf.Tensor:
    """Compute J_r of attacks, `(batch,)`, which is low if the spectrum has a high peak."""
    return -spectrum_peak(noise) * ops.cast(label, "float32")


def magnitude_loss(noise: tf.Tensor, label: tf.Tensor) -> tf.Tensor:
    """Compute J_m, the mean absolute noise of bona fide samples, `(batch,)`."""
    return _mean_per_sample(ops.abs(noise)) * (1.0 - ops.cast(label, noise.dtype))


def live_reconstruction_loss(
    live_estimate: tf.Tensor, hsv_rgb: tf.Tensor, label: tf.Tensor
) -> tf.Tensor:
    """Compute the mean absolute change of bona fide samples (released code).

    Args:
        live_estimate, hsv_rgb: `(batch, S, S, 6)`.
        label: `(batch,)`.

    Returns:
        `(batch,)`.
    """
    change = _mean_per_sample(ops.abs(live_estimate - hsv_rgb))
    return change * (1.0 - ops.cast(label, change.dtype))


def spoof_noise_loss(noise: tf.Tensor, label: tf.Tensor) -> tf.Tensor:
    """Compute how far the mean absolute noise of attacks is from 0.2 (released code).

    Args:
        noise: `(batch, S, S, channels)`.
        label: `(batch,)`.

    Returns:
        `(batch,)`, the mean over the channels of each channel's distance.
    """
    per_channel = ops.mean(ops.abs(noise), axis=(1, 2))
    distance = ops.mean(ops.abs(per_channel - SPOOF_NOISE_TARGET), axis=1)
    return distance * ops.cast(label, distance.dtype)
