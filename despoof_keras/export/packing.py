"""TFLite objects to bytes, without what is unused or stands there twice."""

import hashlib

import flatbuffers
import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

from despoof_keras.tflite.file import IDENTIFIER

# Index of an input that an operation does without.
_ABSENT = -1


def pack(model):
    """The bytes of a `schema.ModelT`, without what nothing in it uses any more."""
    _drop_unused(model)
    _share_quantization(model)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), IDENTIFIER)
    return bytes(builder.Output())


def _drop_unused(model):
    """Unused tensors, buffers and codes go, equal buffers become one, tensor names short.

    Names inside the graph are only for the reader's eye, and the converter's long ones are a tenth
    of a quantised file; inputs and outputs are named as in their signatures.
    """
    for number, graph in enumerate(model.subgraphs):
        pairs = [
            pair
            for signature in model.signatureDefs
            if signature.subgraphIndex == number
            for pair in (*signature.inputs, *signature.outputs)
        ]
        _drop_tensors(graph, pairs)
    buffers, places = [model.buffers[0]], {}
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            data = model.buffers[tensor.buffer].data if tensor.buffer else None
            if data is None:
                tensor.buffer = 0
                continue
            digest = hashlib.sha256(bytes(data)).digest()
            if digest not in places:
                places[digest] = len(buffers)
                buffers.append(model.buffers[tensor.buffer])
            tensor.buffer = places[digest]
    for entry in model.metadata or []:
        buffers.append(model.buffers[entry.buffer])
        entry.buffer = len(buffers) - 1
    model.buffers = buffers
    operations = [operation for graph in model.subgraphs for operation in graph.operators]
    used = sorted({operation.opcodeIndex for operation in operations})
    model.operatorCodes = [model.operatorCodes[index] for index in used]
    for operation in operations:
        operation.opcodeIndex = used.index(operation.opcodeIndex)


class _SharedParameters(schema.QuantizationParametersT):
    """Quantization parameters that several tensors have and that are written once."""

    def __init__(self, parameters):
        super().__init__()
        vars(self).update(vars(parameters))
        self._place = None

    def Pack(self, builder):
        if self._place is None:
            self._place = super().Pack(builder)
        return self._place


def _share_quantization(model):
    """Equal parameters become one: those of all weights stand once for each signature otherwise."""
    shared = {}
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            parameters = tensor.quantization
            if parameters is None or parameters.scale is None:
                continue
            arrays = parameters.scale, parameters.zeroPoint
            key = (*(np.asarray(a).tobytes() for a in arrays), parameters.quantizedDimension)
            # Made anew for each file: a place in one means nothing in another.
            tensor.quantization = shared.setdefault(key, _SharedParameters(parameters))


def _drop_tensors(graph, signature_pairs):
    used = {int(i) for o in graph.operators for i in (*o.inputs, *o.outputs)}
    used = sorted((used | {int(i) for i in (*graph.inputs, *graph.outputs)}) - {_ABSENT})
    place = {old: new for new, old in enumerate(used)} | {_ABSENT: _ABSENT}
    graph.tensors = [graph.tensors[index] for index in used]
    for number, tensor in enumerate(graph.tensors):
        tensor.name = b"%d" % number
    for operation in graph.operators:
        operation.inputs = [place[int(index)] for index in operation.inputs]
        operation.outputs = [place[int(index)] for index in operation.outputs]
    graph.inputs = [place[int(index)] for index in graph.inputs]
    graph.outputs = [place[int(index)] for index in graph.outputs]
    for pair in signature_pairs:
        pair.tensorIndex = place[int(pair.tensorIndex)]
        graph.tensors[pair.tensorIndex].name = pair.name
