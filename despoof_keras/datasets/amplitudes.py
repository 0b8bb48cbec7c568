"""Light and colour of one training crop on another: low frequencies exchange their amplitudes.

After Yang & Soatto, "FDA: Fourier Domain Adaptation for Semantic Segmentation", CVPR 2020, whose
band is exchanged, and Xu et al., "A Fourier-based Framework for Domain Generalization", CVPR 2021,
who mix amplitudes by a share that is drawn. What a medium adds is of higher frequencies and stays.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

# Highest frequency whose amplitude is mixed, in cycles per pixel along either axis: Yang &
# Soatto's widest band but one, 0.05. The repetitive loss looks at 0.125 and more.
LOW_BAND = 0.05


def mix_amplitudes(
    images: tf.Tensor, most: float, seed: tf.Tensor, highest: float = 1.0
) -> tf.Tensor:
    """Mix the low-frequency amplitudes of each image with those of another one of the batch.

    Each channel keeps its phases, and its amplitudes above `LOW_BAND`. An image may meet itself,
    and then stays as it is.

    Args:
        images: `(batch, height, width, channels)` float32 in [0, highest].
        most: largest share of the other image's amplitudes; each image's own is drawn from 0 on.
        seed: `(2,)` int64, which decides the pairs and shares.
        highest: values are clipped to [0, highest].

    Returns:
        As `images`.
    """
    height, width = images.shape[1:3]
    shape = tf.shape(images)
    other = tf.random.experimental.stateless_shuffle(tf.range(shape[0]), seed)
    share = tf.random.stateless_uniform([shape[0], 1, 1, 1], seed + 1, maxval=most)
    spectra = tf.signal.rfft2d(tf.transpose(images, (0, 3, 1, 2)))
    amplitudes = tf.abs(spectra)
    change = share * _low_band(height, width) * (tf.gather(amplitudes, other) - amplitudes)
    # Frequencies whose amplitude is 0 have no phase to keep.
    gains = 1 + tf.math.divide_no_nan(change, amplitudes)
    mixed = tf.signal.irfft2d(spectra * tf.cast(gains, spectra.dtype), (height, width))
    return tf.clip_by_value(tf.transpose(mixed, (0, 2, 3, 1)), 0.0, highest)


def _low_band(height: int, width: int) -> tf.Tensor:
    """1 where both frequencies of a real image's spectrum are low, else 0."""
    rows, columns = np.abs(np.fft.fftfreq(height)), np.fft.rfftfreq(width)
    is_low = (rows[:, None] <= LOW_BAND) & (columns <= LOW_BAND)
    return tf.constant(is_low.astype(np.float32))
