"""Rounding of weights to eight bits that changes a layer's outputs, not its weights, the least.

Weights are rounded one after the other. Those still to come make up for the error of each, as far
as the layer's inputs are correlated. Reference: Frantar et al., GPTQ, ICLR 2023 (the procedure),
after Hassibi and Stork, Optimal Brain Surgeon.
"""

import numpy as np

from despoof_keras.export.int8.ranges import INT8_HIGH

# Number of patches taken from each crop's map.
_PATCHES_PER_CROP = 1000
# Share of the mean square that is added to that of every input, so that the inverse exists.
_DAMPING = 0.01
_SEED = 0


class PatchStatistics:
    """Mean and products of a convolution's input patches, over pictures added one by one.

    The positions are random, but the same for pictures of the same size, so that the statistics of
    two files differ only by what the files compute.

    Args:
        side: Side of the kernel, in pixels, odd; the convolution has stride 1 and zero padding.

    Attributes:
        mean: `(n,)` float64, n being `side * side * channels` in the order of a kernel.
        moment: `(n, n)` float64, mean of the products.
        covariance: `(n, n)` float64, mean of the products about the mean.
    """

    def __init__(self, side: int):
        self._side = side
        self._random = np.random.default_rng(_SEED)
        self._pictures = 0
        self._sum, self._products = np.zeros(()), np.zeros(())

    def add(self, values: np.ndarray) -> None:
        """Add a picture, `(1, height, width, channels)`."""
        (image,) = values
        height, width, channels = image.shape
        border, step = self._side // 2, np.arange(self._side)
        padded = np.pad(image, ((border, border), (border, border), (0, 0)))
        row, column = (
            self._random.integers(0, length, _PATCHES_PER_CROP) for length in (height, width)
        )
        rows = row[:, None, None] + step[:, None]
        columns = column[:, None, None] + step
        patches = padded[rows, columns].reshape(_PATCHES_PER_CROP, step.size**2 * channels)
        patches = patches.astype(np.float64)
        self._pictures += 1
        self._sum = self._sum + patches.mean(axis=0)
        self._products = self._products + patches.T @ patches / _PATCHES_PER_CROP

    @property
    def mean(self) -> np.ndarray:
        return self._sum / self._pictures

    @property
    def moment(self) -> np.ndarray:
        return self._products / self._pictures

    @property
    def covariance(self) -> np.ndarray:
        return self.moment - np.outer(self.mean, self.mean)


def int8_weights(weights: np.ndarray, moment: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Round weights to symmetric int8 with a scale for each output channel.

    Args:
        weights: `(outputs, ...)` float32.
        moment: `(n, n)`, as from `PatchStatistics`, n being the number of weights of an output;
            the covariance if the bias takes care of the mean.

    Returns:
        `(codes, scales)`, int8 of the weights' shape and `(outputs,)` float32.
    """
    rest = weights.reshape(len(weights), -1).astype(np.float64)
    scales = (np.maximum(np.abs(rest).max(axis=1), 1e-9) / INT8_HIGH).astype(np.float32)
    damped = moment + np.eye(len(moment)) * (_DAMPING * np.trace(moment) / len(moment) + 1e-12)
    spread = np.linalg.cholesky(np.linalg.inv(damped)).T
    codes = np.empty(rest.shape, np.int8)
    for number in range(rest.shape[1]):
        whole = np.clip(np.rint(rest[:, number] / scales), -INT8_HIGH, INT8_HIGH)
        codes[:, number] = whole
        error = (rest[:, number] - whole * scales) / spread[number, number]
        rest[:, number:] -= np.outer(error, spread[number, number:])
    return codes.reshape(weights.shape), scales
