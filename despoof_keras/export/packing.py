"""Packing of TFLite objects to bytes, without unused and duplicate parts."""

import hashlib

import flatbuffers
import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

from despoof_keras.tflite.file import IDENTIFIER

# Stands for an input that an operation does without.
_ABSENT = -1


def pack(model: schema.ModelT) -> bytes:
    """Convert a model to bytes, after removing what nothing in it uses any more."""
    _drop_unused(model)
    _share_quantization(model)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), IDENTIFIER)
    return bytes(builder.Output())


def _drop_unused(model):
    """Remove unused tensors, buffers and codes; merge equal buffers; shorten tensor names.

    Names inside the graph serve only human readers, and the converter's long ones are a tenth of a
    quantised file. Inputs and outputs are named as in their signatures.
    """
    for number, graph in enumerate(model.subgraphs):
        pairs = [
            pair
            for signature in model.signatureDefs
            if signature.subgraphIndex == number
            for pair in (*signature.inputs, *signature.outputs)
        ]
        _drop_tensors(graph, pairs)
    _merge_buffers(model)
    operations = [operation for graph in model.subgraphs for operation in graph.operators]
    used = sorted({operation.opcodeIndex for operation in operations})
    model.operatorCodes = [model.operatorCodes[index] for index in used]
    for operation in operations:
        operation.opcodeIndex = used.index(operation.opcodeIndex)


def _merge_buffers(model):
    """Keep the buffers that tensors and metadata use, and those of equal tensors once."""
    buffers, indices = [model.buffers[0]], {}
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            data = model.buffers[tensor.buffer].data if tensor.buffer else None
            if data is None:
                tensor.buffer = 0
                continue
            digest = hashlib.sha256(bytes(data)).digest()
            if digest not in indices:
                indices[digest] = len(buffers)
                buffers.append(model.buffers[tensor.buffer])
            tensor.buffer = indices[digest]
    for item in model.metadata or []:
        buffers.append(model.buffers[item.buffer])
        item.buffer = len(buffers) - 1
    model.buffers = buffers


class _SharedParameters(schema.QuantizationParametersT):
    """Quantization parameters of several tensors, which are written once."""

    def __init__(self, parameters):
        super().__init__()
        vars(self).update(vars(parameters))
        self._offset = None

    def Pack(self, builder):
        if self._offset is None:
            self._offset = super().Pack(builder)
        return self._offset


def _share_quantization(model):
    """Merge equal parameters, or else each signature would repeat those of all weights."""
    shared = {}
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            parameters = tensor.quantization
            if parameters is None or parameters.scale is None:
                continue
            arrays = parameters.scale, parameters.zeroPoint
            key = (*(np.asarray(a).tobytes() for a in arrays), parameters.quantizedDimension)
            # Made anew for each file, because an offset in one file means nothing in another.
            tensor.quantization = shared.setdefault(key, _SharedParameters(parameters))


def _drop_tensors(graph, signature_pairs):
    used = {int(i) for o in graph.operators for i in (*o.inputs, *o.outputs)}
    used = sorted((used | {int(i) for i in (*graph.inputs, *graph.outputs)}) - {_ABSENT})
    index_of = {old: new for new, old in enumerate(used)} | {_ABSENT: _ABSENT}
    graph.tensors = [graph.tensors[index] for index in used]
    for number, tensor in enumerate(graph.tensors):
        tensor.name = b"%d" % number
    for operation in graph.operators:
        operation.inputs = [index_of[int(index)] for index in operation.inputs]
        operation.outputs = [index_of[int(index)] for index in operation.outputs]
    graph.inputs = [index_of[int(index)] for index in graph.inputs]
    graph.outputs = [index_of[int(index)] for index in graph.outputs]
    for pair in signature_pairs:
        pair.tensorIndex = index_of[int(pair.tensorIndex)]
        graph.tensors[pair.tensorIndex].name = pair.name
