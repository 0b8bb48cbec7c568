"""What the package's quantiser does not do, to be compared with what it does."""

import numpy as np

from despoof_keras.export.int8 import quantiser
from despoof_keras.export.int8.quantiser import StaticQuantiser
from despoof_keras.export.int8.ranges import INT8_HIGH, Int8


def extreme_steps(values, before_elu=False):
    """`Int8` that covers the lowest and the highest value, as the converter has it."""
    return Int8.covering(min(float(values.min()), 0.0), max(float(values.max()), 0.0))


def nearest_weights(weights, moment):
    """Each weight to the nearest code, a scale for each output channel."""
    flat = weights.reshape(len(weights), -1)
    scales = (np.maximum(np.abs(flat).max(axis=1), 1e-9) / INT8_HIGH).astype(np.float32)
    return np.rint(flat / scales[:, None]).astype(np.int8).reshape(weights.shape), scales


def one_scale_weights(weights, moment):
    """Each weight to the nearest code, one scale for the whole layer."""
    scale = np.float32(np.abs(weights).max() / INT8_HIGH)
    codes = np.rint(weights / scale).astype(np.int8)
    return codes, np.full(len(weights), scale, np.float32)


class UncorrectedMeans(StaticQuantiser):
    """Leaves the biases as they are."""

    def _corrected(self, bias, missing):
        return bias


class OwnEluSteps(StaticQuantiser):
    """Gives the output of an ELU the steps of least error, whatever its input's are."""

    def _steps_behind_elu(self, source, output):
        return quantiser.best_int8(self._values[output])


class Plain(UncorrectedMeans, OwnEluSteps):
    """Neither of the two measures."""
