"""Static int8 from a float TFLite file, operation by operation, in the file itself.

The converter leaves ELU in float between DEQUANTIZE and QUANTIZE, though every runtime has an int8
ELU; it takes the extremes of the calibration as ranges; and it cannot be told which layers to
spare without its debugger. So the float file is rewritten here:

- a convolution's weights become int8 with one scale a channel (`tflite_rounding`), batch
  normalisation being folded into them by the converter already; the ELU behind it and what
  only moves or pools values is computed in int8 too; ranges are those of `tflite_ranges`;
- layers that are kept are computed in float, with weights stored in int8.

HSV, the last convolutions and the score stay as they are.
"""

import re

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

from despoof_keras import tflite_graph as graphs
from despoof_keras.tflite_graph import Operator
from despoof_keras.tflite_ranges import best_int8, run_probe, sample_values
from despoof_keras.tflite_rounding import int8_weights, patch_moment

_INT8, _INT32, _FLOAT32 = (
    getattr(schema.TensorType, name) for name in ("INT8", "INT32", "FLOAT32")
)
# `.../encoder_1_2_conv_1/convolution` is layer encoder_1_2; decoder_1's is a Tensordot.
_LAYER = re.compile(r"(\w+?)_conv(?:_\d+)?/(?:convolution|Tensordot)")
# Operations that keep their input's steps: they move values, or choose or average among them.
_KEEPING_STEPS = (Operator.MAX_POOL_2D, Operator.AVERAGE_POOL_2D, Operator.STRIDED_SLICE)
# Least version of each operation that takes int8.
INT8_VERSIONS = {
    Operator.CONV_2D: 3,
    Operator.ELU: 1,
    Operator.MAX_POOL_2D: 2,
    Operator.AVERAGE_POOL_2D: 2,
    Operator.STRIDED_SLICE: 2,
    Operator.CONCATENATION: 2,
}
_QUANTIZE_FLOAT, _QUANTIZE_AGAIN, _DEQUANTIZE, _DEQUANTIZE_CHANNELS = 1, 2, 2, 5
# The enlargement's weights are multiples of this, so eight bits hold them exactly.
_ENLARGEMENT_STEP = 1 / 8
_SEED = 0
# First runtimes that have these operations in int8, and that decode weights with a scale for each
# channel (TensorFlow Lite's runtime_version.cc).
_INT8_RUNTIME, _CHANNELS_RUNTIME = "1.14.0", "2.7.0"


class Measurements:
    """What a float file holds inside, for crops.

    Args:
        content: bytes of a file with one signature, as `tflite_conversion.convert` gives them for
            `"float32"`.
        crops: `(n, S, S, 3)` uint8.

    Attributes:
        content, crops: as given.
        values: mapping from tensor to values, see `sample_values`, of all that may become int8.
        moments: mapping from a layer's weights to `patch_moment` of its inputs.
    """

    def __init__(self, content, crops):
        self.content = content
        self.crops = crops
        model = graphs.unpack(content)
        (graph,) = model.subgraphs
        touched = set()
        for operation, is_int8 in zip(graph.operators, _choose(model, graph, ()), strict=True):
            if is_int8:
                touched |= {int(index) for index in operation.outputs}
                touched |= set(_data_inputs(model, operation))
        self.values = sample_values(model, sorted(touched), crops)
        self.moments = self._moments(model, graph)

    def _moments(self, model, graph):
        layers = [o for o in graph.operators if _layer(model, graph, o) is not None]
        random = np.random.default_rng(_SEED)
        moments = {int(operation.inputs[1]): 0.0 for operation in layers}
        inputs = sorted({int(operation.inputs[0]) for operation in layers})
        for found in run_probe(model, inputs, self.crops):
            for operation in layers:
                source, weights = (int(index) for index in operation.inputs[:2])
                shape = graph.tensors[weights].shape
                side = int(shape[1]) if len(shape) == 4 else 1
                moments[weights] = moments[weights] + patch_moment(found[source], side, random)
        return moments


class StaticQuantiser:
    """Rewrites a float file with one signature.

    Args:
        measurements: `Measurements` of it.
        kept: names of the layers that stay in float.
    """

    def __init__(self, measurements, kept=()):
        self._float = graphs.unpack(measurements.content)
        self._model = graphs.unpack(measurements.content)
        (self._graph,) = self._model.subgraphs
        self._crops = measurements.crops
        self._values, self._moments = measurements.values, measurements.moments
        self._kept = frozenset(kept)
        self._steps = {}  # tensor -> Int8 of those that became int8 in place
        self._twins = {}  # (tensor, what of it) -> tensor that holds the same in another form
        self._operators = []
        self._rewrite()

    def finish(self):
        """Adds the signature `score`; returns the bytes of the file."""
        graphs.add_signature(self._model, "score", "score")
        version = _CHANNELS_RUNTIME if self._kept else _INT8_RUNTIME
        graphs.raise_minimum_runtime(self._model, version)
        return graphs.pack(self._model)

    def _rewrite(self):
        operators = self._graph.operators
        chosen = _choose(self._model, self._graph, self._kept)
        self._before_elu = {
            int(operation.inputs[0])
            for operation in operators
            if graphs.code_of(self._model, operation) == Operator.ELU
        }
        for operation, is_int8 in zip(operators, chosen, strict=True):
            (self._to_int8 if is_int8 else self._stay_float)(operation)
            self._operators.append(operation)
        self._graph.operators = self._operators

    def _to_int8(self, operation):
        code = graphs.code_of(self._model, operation)
        output = int(operation.outputs[0])
        inputs = _data_inputs(self._model, operation)
        if code in _KEEPING_STEPS:
            source, steps = self._as_int8(inputs[0])
            operation.inputs = [source, *operation.inputs[1:]]
        else:
            steps = best_int8(self._values[output], output in self._before_elu)
            if code == Operator.CONCATENATION:
                operation.inputs = [self._as_int8(index, steps)[0] for index in inputs]
            else:
                source, source_steps = self._as_int8(inputs[0])
                operation.inputs = [source, *operation.inputs[1:]]
                if code == Operator.CONV_2D:
                    self._quantise_weights(operation, source_steps)
        operation.opcodeIndex = graphs.opcode_index(self._model, code, INT8_VERSIONS[code])
        tensor = self._graph.tensors[output]
        tensor.type, tensor.quantization = _INT8, _parameters([steps.scale], steps.zero_point)
        self._steps[output] = steps

    def _quantise_weights(self, operation, source):
        _, weights, bias = (int(index) for index in operation.inputs)
        codes, scales = self._weights(weights)
        bias_scales = scales * np.float32(source.scale)
        bias_codes = np.rint(graphs.constant(self._model, self._graph, bias) / bias_scales)
        weights_int8 = self._constant(weights, _INT8, codes, _parameters(scales))
        bias_int32 = self._constant(
            bias, _INT32, bias_codes.astype(np.int32), _parameters(bias_scales)
        )
        operation.inputs = [operation.inputs[0], weights_int8, bias_int32]

    def _stay_float(self, operation):
        operation.inputs = [self._as_float(int(index)) for index in operation.inputs]
        code = graphs.code_of(self._model, operation)
        if _layer(self._model, self._graph, operation) is not None:
            weights = int(operation.inputs[1])
            codes, scales = self._weights(weights)
            operation.inputs[1] = self._decoded(weights, codes, _parameters(scales))
        elif code == Operator.BATCH_MATMUL:
            matrix = int(operation.inputs[0])
            values = graphs.constant(self._model, self._graph, matrix)
            codes = np.rint(values / _ENLARGEMENT_STEP).astype(np.int8)
            if np.array_equal(codes * np.float32(_ENLARGEMENT_STEP), values):
                steps = _parameters([_ENLARGEMENT_STEP])
                operation.inputs[0] = self._decoded(matrix, codes, steps)

    def _weights(self, index):
        values = graphs.constant(self._model, self._graph, index)
        return int8_weights(values, self._moments[index])

    def _as_int8(self, index, wanted=None):
        """`(tensor, Int8)` with a tensor's values in int8, in wanted steps where they matter."""
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
        """The tensor that holds a tensor's values in float."""
        if index not in self._steps:
            return index
        if (index, None) not in self._twins:
            twin = graphs.add_tensor(self._graph, index, _FLOAT32)
            self._insert(Operator.DEQUANTIZE, _DEQUANTIZE, index, twin)
            self._twins[index, None] = twin
        return self._twins[index, None]

    def _decoded(self, like, codes, parameters):
        """A float tensor of constants that are stored in int8; runtimes decode them once."""
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


def _layer(model, graph, operation):
    """Name of the layer that a convolution (decoder_1: a matrix product) belongs to, or None."""
    if graphs.code_of(model, operation) not in (Operator.CONV_2D, Operator.FULLY_CONNECTED):
        return None
    found = _LAYER.search(graph.tensors[int(operation.inputs[1])].name.decode())
    return found and found[1]


def _data_inputs(model, operation):
    """The tensors that an operation computes with, without weights and settings."""
    inputs = [int(index) for index in operation.inputs]
    return inputs if graphs.code_of(model, operation) == Operator.CONCATENATION else inputs[:1]


def _choose(model, graph, kept):
    """Whether each operation becomes int8, where these layers are kept in float."""
    made_of = {}
    chosen = []
    for operation in graph.operators:
        code = graphs.code_of(model, operation)
        if code == Operator.CONV_2D:
            layer = _layer(model, graph, operation)
            is_int8 = layer is not None and layer not in kept
        else:
            # The others follow what comes in.
            inputs = _data_inputs(model, operation)
            is_int8 = code in INT8_VERSIONS and all(made_of.get(i, False) for i in inputs)
        chosen.append(is_int8)
        made_of |= {int(index): is_int8 for index in operation.outputs}
    return chosen


def _parameters(scales, zero_point=0):
    parameters = schema.QuantizationParametersT()
    parameters.scale = np.asarray(scales, np.float32)
    parameters.zeroPoint = np.full(len(parameters.scale), zero_point, np.int64)
    parameters.quantizedDimension = 0
    return parameters
