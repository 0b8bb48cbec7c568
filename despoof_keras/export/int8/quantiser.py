"""Rewriting of a float TFLite file as static int8, operation by operation.

TensorFlow's converter leaves ELU in float between DEQUANTIZE and QUANTIZE, although every runtime
has an int8 ELU. It takes the extremes of the calibration as ranges, and only its debugger can keep
layers in float. So the float file is rewritten here:

- The weights of a convolution become int8 with a scale for each channel (`rounding`); the
  converter has already folded batch normalisation into them. The ELU after it, and operations that
  only move or pool values, are computed in int8 too. Ranges are those of `ranges`.
- Layers that are kept are computed in float, with weights stored in int8.
- Layer by layer, the weights are fitted to the layer's input in the file so far, and the bias is
  changed so that the mean of the layer's output stays the float file's. Reference for the latter:
  Nagel et al., Data-Free Quantization, ICCV 2019, section 4.2; here the means are measured.

HSV, the last convolutions and the score stay as they are.
"""

from collections.abc import Iterable

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

from despoof_keras.export import graph as graphs
from despoof_keras.export.graph import Operator
from despoof_keras.export.int8.measurements import Measurements
from despoof_keras.export.int8.operations import (
    INT8_VERSIONS,
    data_inputs,
    int8_operations,
    kernel_side,
    layer_of,
)
from despoof_keras.export.int8.ranges import best_int8, run_probe
from despoof_keras.export.int8.rounding import PatchStatistics, int8_weights

_INT8, _INT32, _FLOAT32 = (
    getattr(schema.TensorType, name) for name in ("INT8", "INT32", "FLOAT32")
)
# Operations whose output keeps the steps of the input, as they only move, choose or average values.
_STEP_PRESERVING = (Operator.MAX_POOL_2D, Operator.AVERAGE_POOL_2D, Operator.STRIDED_SLICE)
# Versions of QUANTIZE from float and from int8, and of DEQUANTIZE with one scale and with many.
_QUANTIZE_FLOAT, _QUANTIZE_AGAIN, _DEQUANTIZE, _DEQUANTIZE_CHANNELS = 1, 2, 2, 5
# The enlargement's weights are multiples of this, so eight bits hold them exactly.
_ENLARGEMENT_STEP = 1 / 8
# First runtimes that have these operations in int8, and that decode weights with a scale for each
# channel (TensorFlow Lite's runtime_version.cc).
_INT8_RUNTIME, _CHANNELS_RUNTIME = "1.14.0", "2.7.0"


class StaticQuantiser:
    """Rewrites a float file with one signature.

    Args:
        measurements: Values inside the float file, for calibration crops.
        kept: Names of the layers that stay in float.
    """

    def __init__(self, measurements: Measurements, kept: Iterable[str] = ()):
        self._model = graphs.unpack(measurements.content)
        (self._graph,) = self._model.subgraphs
        self._crops = measurements.fitted_crops
        self._values, self._means = measurements.values, measurements.means
        self._kept = frozenset(kept)
        self._steps = {}  # tensor -> its Int8, if it became int8 in place
        self._twins = {}  # (tensor, form) -> tensor that holds the same values in another form
        self._operators = []
        self._rewrite()

    def finish(self) -> bytes:
        """Add the signature `score` and return the bytes of the file."""
        graphs.add_signature(self._model, "score", "score")
        version = _CHANNELS_RUNTIME if self._kept else _INT8_RUNTIME
        graphs.raise_minimum_runtime(self._model, version)
        return graphs.pack(self._model)

    def _rewrite(self):
        operators = self._graph.operators
        chosen = int8_operations(self._model, self._graph, self._kept)
        self._before_elu = {
            int(operation.inputs[0])
            for operation in operators
            if graphs.code_of(self._model, operation) == Operator.ELU
        }
        # The graph can be run as far as it is rewritten: weights are fitted to what it gives.
        self._graph.operators = self._operators
        for operation, is_int8 in zip(operators, chosen, strict=True):
            (self._make_int8 if is_int8 else self._keep_float)(operation)
            self._operators.append(operation)

    def _make_int8(self, operation):
        code = graphs.code_of(self._model, operation)
        output = int(operation.outputs[0])
        inputs = data_inputs(self._model, operation)
        if code in _STEP_PRESERVING:
            source, steps = self._as_int8(inputs[0])
            operation.inputs = [source, *operation.inputs[1:]]
        elif code == Operator.CONCATENATION:
            steps = best_int8(self._values[output])
            operation.inputs = [self._as_int8(index, steps)[0] for index in inputs]
        else:
            source, source_steps = self._as_int8(inputs[0])
            operation.inputs = [source, *operation.inputs[1:]]
            if code == Operator.ELU:
                steps = source_steps.behind_elu()
            else:
                steps = best_int8(self._values[output], output in self._before_elu)
                self._quantise_weights(operation, source_steps)
        operation.opcodeIndex = graphs.opcode_index(self._model, code, INT8_VERSIONS[code])
        tensor = self._graph.tensors[output]
        tensor.type, tensor.quantization = _INT8, _parameters([steps.scale], steps.zero_point)
        self._steps[output] = steps

    def _quantise_weights(self, operation, source):
        weights, bias = (int(index) for index in operation.inputs[1:])
        codes, scales, bias_values = self._fit(operation, source)
        bias_scales = scales * np.float32(source.scale)
        bias_codes = np.rint(bias_values / bias_scales).astype(np.int32)
        operation.inputs = [
            operation.inputs[0],
            self._constant(weights, _INT8, codes, _parameters(scales)),
            self._constant(bias, _INT32, bias_codes, _parameters(bias_scales)),
        ]

    def _fit(self, operation, source=None):
        """Fit a layer's weights and bias to its input in the file so far.

        Args:
            operation: The layer's.
            source: `Int8` of the layer's input, or None if it is in float.

        Returns:
            `(codes, scales, bias)`.
        """
        statistics = PatchStatistics(kernel_side(self._graph, operation))
        index, weights = (int(index) for index in operation.inputs[:2])
        for tensors in run_probe(self._model, [index], self._crops):
            values = tensors[index]
            statistics.add(values if source is None else source.decode(values))
        values = graphs.constant(self._model, self._graph, weights)
        codes, scales = int8_weights(values, statistics.covariance)
        bias = graphs.constant(self._model, self._graph, int(operation.inputs[2]))
        shift = _mean_shift(values, self._means[weights], codes, scales, statistics.mean)
        return codes, scales, bias + shift

    def _keep_float(self, operation):
        operation.inputs = [self._as_float(int(index)) for index in operation.inputs]
        code = graphs.code_of(self._model, operation)
        if layer_of(self._model, self._graph, operation) is not None:
            codes, scales, bias = self._fit(operation)
            weights = int(operation.inputs[1])
            operation.inputs[1] = self._decoded(weights, codes, _parameters(scales))
            values = bias.astype(np.float32)
            operation.inputs[2] = self._constant(operation.inputs[2], _FLOAT32, values, None)
        elif code == Operator.CONV_2D:
            matrix = int(operation.inputs[1])
            values = graphs.constant(self._model, self._graph, matrix)
            codes = np.rint(values / _ENLARGEMENT_STEP).astype(np.int8)
            if np.array_equal(codes * np.float32(_ENLARGEMENT_STEP), values):
                steps = _parameters([_ENLARGEMENT_STEP])
                operation.inputs[1] = self._decoded(matrix, codes, steps)

    def _as_int8(self, index, wanted=None):
        """Return `(tensor, Int8)` of a tensor's values in int8; in the steps `wanted`, if given."""
        steps = self._steps.get(index)
        if steps is not None and wanted in (None, steps):
            return index, steps
        version = _QUANTIZE_FLOAT if steps is None else _QUANTIZE_AGAIN
        wanted = wanted or best_int8(self._values[index])
        if (index, wanted) not in self._twins:
            parameters = _parameters([wanted.scale], wanted.zero_point)
            twin = graphs.add_tensor(self._graph, index, _INT8, parameters)
            self._insert(Operator.QUANTIZE, version, index, twin)
            self._twins[index, wanted] = twin
        return self._twins[index, wanted], wanted

    def _as_float(self, index):
        """Return the tensor that holds a tensor's values in float."""
        if index not in self._steps:
            return index
        if (index, None) not in self._twins:
            twin = graphs.add_tensor(self._graph, index, _FLOAT32)
            self._insert(Operator.DEQUANTIZE, _DEQUANTIZE, index, twin)
            self._twins[index, None] = twin
        return self._twins[index, None]

    def _decoded(self, like, codes, parameters):
        """Add a float tensor of constants stored in int8, which runtimes decode once."""
        if (like, "decoded") not in self._twins:
            stored = self._constant(like, _INT8, codes, parameters)
            twin = graphs.add_tensor(self._graph, like, _FLOAT32)
            has_channels = len(parameters.scale) > 1
            version = _DEQUANTIZE_CHANNELS if has_channels else _DEQUANTIZE
            self._insert(Operator.DEQUANTIZE, version, stored, twin)
            self._twins[like, "decoded"] = twin
        return self._twins[like, "decoded"]

    def _constant(self, like, dtype, array, parameters):
        buffer = graphs.add_buffer(self._model, array)
        return graphs.add_tensor(self._graph, like, dtype, parameters, buffer)

    def _insert(self, operator, version, source, target):
        operation = schema.OperatorT()
        operation.opcodeIndex = graphs.opcode_index(self._model, operator, version)
        operation.inputs, operation.outputs = [source], [target]
        self._operators.append(operation)


def _mean_shift(weights, float_mean, codes, scales, mean):
    """Compute how much rounding has changed the mean of a layer's outputs, with its sign reversed.

    Args:
        weights: `(outputs, ...)` of the float file.
        float_mean: `(n,)` mean of the layer's input patches in the float file.
        codes: Rounded weights, of the shape of `weights`.
        scales: `(outputs,)`, of the codes.
        mean: `(n,)` mean of the layer's input patches in the rewritten file.

    Returns:
        `(outputs,)` to be added to the bias.
    """
    rows = len(weights), -1
    rounded = codes.reshape(rows) * scales[:, None]
    return weights.reshape(rows) @ float_mean - rounded @ mean


def _parameters(scales, zero_point=0):
    parameters = schema.QuantizationParametersT()
    parameters.scale = np.asarray(scales, np.float32)
    parameters.zeroPoint = np.full(len(parameters.scale), zero_point, np.int64)
    parameters.quantizedDimension = 0
    return parameters
