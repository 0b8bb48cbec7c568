"""Weights to eight bits so that a layer's outputs change least, not the weights themselves.

Rounded one after the other, each weight's error is made up for by those still to come, as far as
the layer's inputs go together. Reference: Frantar et al., GPTQ, ICLR 2023 (the procedure), after
Hassibi and Stork, Optimal Brain Surgeon.
"""

import numpy as np

from despoof_keras.tflite_ranges import INT8_HIGH

# Places that are taken from each crop's map.
PLACES_PER_CROP = 2000
# Share of the mean square that is added to every input's, so that the inverse exists.
_DAMPING = 0.01


def patch_moment(values, side, random):
    """How the inputs of a convolution go together.

    Args:
        values: `(1, height, width, channels)`, input of a convolution with stride 1 and zeros
            around.
        side: of its kernel, odd.
        random: `numpy.random.Generator` that chooses the places.

    Returns:
        `(n, n)` float64, the sum of products over `PLACES_PER_CROP` places, n being
        `side * side * channels` in the order of a kernel.
    """
    (image,) = values
    height, width, channels = image.shape
    border = side // 2
    padded = np.pad(image, ((border, border), (border, border), (0, 0)))
    row, column = (random.integers(0, length, PLACES_PER_CROP) for length in (height, width))
    step = np.arange(side)
    rows = row[:, None, None] + step[:, None]
    columns = column[:, None, None] + step
    patches = padded[rows, columns].reshape(PLACES_PER_CROP, side * side * channels)
    patches = patches.astype(np.float64)
    return patches.T @ patches


def int8_weights(weights, moment):
    """Symmetric int8 weights with a scale for each output channel.

    Args:
        weights: `(outputs, ...)` float32.
        moment: `(n, n)`, as from `patch_moment`, n being the number of weights of an output.

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
