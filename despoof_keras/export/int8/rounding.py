"""Weights to eight bits so that a layer's outputs change least, not the weights themselves.

Rounded one after the other, each weight's error is made up for by those still to come, as far as
the layer's inputs go together. Reference: Frantar et al., GPTQ, ICLR 2023 (the procedure), after
Hassibi and Stork, Optimal Brain Surgeon.
"""

import numpy as np

from despoof_keras.export.int8.ranges import INT8_HIGH

# Places that are taken from each crop's map.
PLACES_PER_CROP = 1000
# Share of the mean square that is added to every input's, so that the inverse exists.
_DAMPING = 0.01
_SEED = 0


class PatchStatistics:
    """Mean and products of what a convolution's kernel sees, over pictures added one by one.

    The places are random, but the same ones for the same sizes of pictures, so that two files'
    statistics differ only by what the files do.

    Args:
        side: of the kernel, odd; the convolution has stride 1 and zeros around.

    Attributes:
        mean: `(n,)` float64, n being `side * side * channels` in the order of a kernel.
        moment: `(n, n)`, mean of the products.
        covariance: `(n, n)`, the same about the mean.
    """

    def __init__(self, side):
        self._side = side
        self._random = np.random.default_rng(_SEED)
        self._pictures = 0
        self._sum, self._products = 0.0, 0.0

    def add(self, values):
        """Adds a picture, `(1, height, width, channels)`."""
        (image,) = values
        height, width, channels = image.shape
        border, step = self._side // 2, np.arange(self._side)
        padded = np.pad(image, ((border, border), (border, border), (0, 0)))
        row, column = (
            self._random.integers(0, length, PLACES_PER_CROP) for length in (height, width)
        )
        rows = row[:, None, None] + step[:, None]
        columns = column[:, None, None] + step
        patches = padded[rows, columns].reshape(PLACES_PER_CROP, step.size**2 * channels)
        patches = patches.astype(np.float64)
        self._pictures += 1
        self._sum = self._sum + patches.mean(axis=0)
        self._products = self._products + patches.T @ patches / PLACES_PER_CROP

    @property
    def mean(self):
        return self._sum / self._pictures

    @property
    def moment(self):
        return self._products / self._pictures

    @property
    def covariance(self):
        return self.moment - np.outer(self.mean, self.mean)


def int8_weights(weights, moment):
    """Symmetric int8 weights with a scale for each output channel.

    Args:
        weights: `(outputs, ...)` float32.
        moment: `(n, n)`, as from `PatchStatistics`, n being the number of weights of an output;
            its covariance where the bias takes care of the mean.

    Returns:
        `(codes, scales)`, int8 of the weights' shape and `(outputs,)` float32.
    """
    rest = weights.reshape(len(weights), -1).astype(np.float64)
    scales = (np.maximum(np.abs(rest).max(axis=1), 1e-9) / INT8_HIGH).astype(np.float32)
    damped = moment + np.eye(len(moment)) * (_DAMPING * np.trace(moment) / len(moment) + 1e-12)
    spread = np.linalg.cholesky(np.linalg.inv(damped)).T
    codes = np.empty(rest.shape, np.int8)
    for place in range(rest.shape[1]):
        whole = np.clip(np.rint(rest[:, place] / scales), -INT8_HIGH, INT8_HIGH)
        codes[:, place] = whole
        error = (rest[:, place] - whole * scales) / spread[place, place]
        rest[:, place:] -= np.outer(error, spread[place, place:])
    return codes.reshape(weights.shape), scales
