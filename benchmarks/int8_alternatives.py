"""What the package's quantiser does not do, to be compared with what it does."""

import numpy as np

from despoof_keras import tflite_graph as graphs
from despoof_keras.tflite_quantiser import StaticQuantiser
from despoof_keras.tflite_ranges import INT8_HIGH, INT8_LOW, Int8, run_probe


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


class MeanCorrecting(StaticQuantiser):
    """Then brings the mean of each int8 convolution's output, through its bias, to float's.

    Layer by layer from the input on. Reference: Nagel et al., Data-Free Quantization, ICCV 2019,
    section 4.2, with measured means.
    """

    def __init__(self, measurements, kept=()):
        self._biases = {}  # output -> (bias tensor, its scales)
        super().__init__(measurements, kept)

    def _quantise_weights(self, operation, source):
        super()._quantise_weights(operation, source)
        bias = int(operation.inputs[2])
        scales = self._graph.tensors[bias].quantization.scale
        self._biases[int(operation.outputs[0])] = bias, scales

    def finish(self):
        # What the eight bits cut off is not to be made up for: the float values are cut off too.
        wanted = self._means(self._float, list(self._biases), self._cut_off)
        for output, (bias, scales) in self._biases.items():
            found = self._means(self._model, [output], self._decoded_values)
            change = np.rint((wanted[output] - found[output]) / scales).astype(np.int32)
            codes = graphs.constant(self._model, self._graph, bias) + change
            self._graph.tensors[bias].buffer = graphs.add_buffer(self._model, codes)
        return super().finish()

    def _means(self, model, tensors, form):
        total = dict.fromkeys(tensors, 0.0)
        for found in run_probe(model, tensors, self._crops):
            for index, values in found.items():
                total[index] = total[index] + form(index, values).mean((0, 1, 2), np.float64)
        return {index: value / len(self._crops) for index, value in total.items()}

    def _decoded_values(self, output, codes):
        return self._steps[output].decode(codes)

    def _cut_off(self, output, values):
        return np.clip(values, *self._steps[output].decode(np.array([INT8_LOW, INT8_HIGH])))
