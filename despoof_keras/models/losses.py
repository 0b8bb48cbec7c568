"""The terms of the objective: one function each, which returns one value per sample.

`loss_weights.TERMS` lists the terms and what each function takes. Only the training step reduces
over the batch. Labels are 0 for bona fide and 1 for attack presentations, shape `(batch,)`, float.
A term that the method defines for one class alone is zero for samples of the other, as in the
released code.

Reference: Jourabloo, Liu, Liu, ECCV 2018, section 3.3, and the authors' released training code
(`Architecture.py`), which adds the reconstruction and noise magnitude terms.
"""

from __future__ import annotations

import collections
from collections.abc import Mapping

import tensorflow as tf
from keras import ops

from despoof_keras.distribution.determinism import fan_out
from despoof_keras.models.discriminator import CLASS_LIVE, CLASS_SYNTHESIZED
from despoof_keras.models.loss_weights import TERMS

# Rows and columns of the unshifted spectrum that are cut off at both ends, as a share of the image
# side: 32 of 256 in the released code, the paper's k x k block (k = 64) round zero frequency.
LOW_BAND_SHARE = 32 / 256
# Mean absolute noise that the released code asks of an attack, in each channel.
SPOOF_NOISE_TARGET = 0.2


def term_values(values: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Compute every term of DSNet's objective, unweighted.

    Args:
        values: what the terms take, by the names in `Term.inputs`.

    Returns:
        Mapping from the names of `TERMS` to `(batch,)`.
    """
    uses = collections.Counter(name for term in TERMS.values() for name in term.inputs)
    copies = {
        name: iter(fan_out(values[name], count)) if count > 1 else iter((values[name],))
        for name, count in uses.items()
    }
    return {
        name: _function(term.function)(*(next(copies[value]) for value in term.inputs))
        for name, term in TERMS.items()
    }


def _function(function):
    return function if callable(function) else globals()[function]


def _mean_per_sample(x):
    return ops.mean(ops.reshape(x, (ops.shape(x)[0], -1)), axis=1)


def zero_one_map_loss(zero_one_map: tf.Tensor, label: tf.Tensor) -> tf.Tensor:
    """J_z: mean absolute distance of the 0/1 map from the label.

    Args:
        zero_one_map: `(batch, S / 8, S / 8, 1)`.
        label: `(batch,)`.

    Returns:
        `(batch,)`.
    """
    target = ops.reshape(ops.cast(label, zero_one_map.dtype), (-1, 1, 1, 1))
    return _mean_per_sample(ops.abs(zero_one_map - target))


def depth_loss(depth: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """J_DQ, and DepthNet's own loss: mean absolute difference of two depth maps.

    Args:
        depth: `(batch, S / 8, S / 8, 1)`, DepthNet's output.
        target: same shape, in [0, 1].

    Returns:
        `(batch,)`.
    """
    return _mean_per_sample(ops.abs(depth - ops.cast(target, depth.dtype)))


def _cross_entropy(logits, wanted):
    """`-log softmax(logits)[wanted]` of two classes, in its stable form."""
    margin = logits[:, 1 - wanted] - logits[:, wanted]
    return ops.softplus(margin)


def visual_quality_loss(logits_live_estimate: tf.Tensor) -> tf.Tensor:
    """J_VQ: cross-entropy of the discriminator's logits for the live estimate towards "live".

    Args:
        logits_live_estimate: `(batch, 2)`.

    Returns:
        `(batch,)`.
    """
    return _cross_entropy(logits_live_estimate, CLASS_LIVE)


def discriminator_loss(
    logits_live_estimate: tf.Tensor, logits_input: tf.Tensor, label: tf.Tensor
) -> tf.Tensor:
    """The discriminator's loss: live estimates are synthesized, live inputs are live.

    Args:
        logits_live_estimate: `(batch, 2)`, for all samples.
        logits_input: `(batch, 2)`; the rows of attacks do not count. (The released code zeroes
            their logits, which adds the constant log 2 to the value and nothing to the gradient.)
        label: `(batch,)`.

    Returns:
        `(batch,)`.
    """
    bona_fide = 1.0 - ops.cast(label, logits_input.dtype)
    synthesized = _cross_entropy(logits_live_estimate, CLASS_SYNTHESIZED)
    return synthesized + bona_fide * _cross_entropy(logits_input, CLASS_LIVE)


def spectrum_peak(noise: tf.Tensor) -> tf.Tensor:
    """Highest value of the noise's log spectrum outside the low band, mean over the channels.

    Args:
        noise: `(batch, S, S, channels)`; converted to float32, which the Fourier transform needs.

    Returns:
        `(batch,)`, `log1p` of the spectrum's magnitude at its peak.
    """
    size = noise.shape[1]
    cut = round(size * LOW_BAND_SHARE)
    channels_first = tf.transpose(tf.cast(noise, tf.float32), (0, 3, 1, 2))
    # A real signal's spectrum is symmetric: half of it holds every magnitude of the kept band, but
    # the right part of row `cut` stands mirrored in row `size - cut`.
    spectrum = tf.abs(tf.signal.rfft2d(channels_first))
    peak = tf.reduce_max(spectrum[:, :, cut : size - cut, cut:], axis=(2, 3))
    mirrored = tf.reduce_max(spectrum[:, :, size - cut, cut + 1 :], axis=2)
    return tf.reduce_mean(tf.math.log1p(tf.maximum(peak, mirrored)), axis=1)


def repetitive_loss_live(noise: tf.Tensor, label: tf.Tensor) -> tf.Tensor:
    """J_r for bona fide samples: the peak of `spectrum_peak` is to be low. `(batch,)`."""
    return spectrum_peak(noise) * (1.0 - ops.cast(label, "float32"))


def repetitive_loss_spoof(noise: tf.Tensor, label: tf.Tensor) -> tf.Tensor:
    """J_r for attacks: minus the peak of `spectrum_peak`, which is to be high. `(batch,)`."""
    return -spectrum_peak(noise) * ops.cast(label, "float32")


def magnitude_loss(noise: tf.Tensor, label: tf.Tensor) -> tf.Tensor:
    """J_m: mean absolute noise of bona fide samples. `(batch,)`."""
    return _mean_per_sample(ops.abs(noise)) * (1.0 - ops.cast(label, noise.dtype))


def live_reconstruction_loss(
    live_estimate: tf.Tensor, hsv_rgb: tf.Tensor, label: tf.Tensor
) -> tf.Tensor:
    """Mean absolute change of bona fide samples (released code).

    Args:
        live_estimate, hsv_rgb: `(batch, S, S, 6)`.
        label: `(batch,)`.

    Returns:
        `(batch,)`.
    """
    change = _mean_per_sample(ops.abs(live_estimate - hsv_rgb))
    return change * (1.0 - ops.cast(label, change.dtype))


def spoof_noise_loss(noise: tf.Tensor, label: tf.Tensor) -> tf.Tensor:
    """Distance of an attack's mean absolute noise from 0.2, per channel (released code).

    Args:
        noise: `(batch, S, S, channels)`.
        label: `(batch,)`.

    Returns:
        `(batch,)`, mean over the channels.
    """
    per_channel = ops.mean(ops.abs(noise), axis=(1, 2))
    distance = ops.mean(ops.abs(per_channel - SPOOF_NOISE_TARGET), axis=1)
    return distance * ops.cast(label, distance.dtype)
