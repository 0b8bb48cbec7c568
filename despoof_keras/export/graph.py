"""TFLite files as objects that can be changed: operations, signatures, metadata entries.

Reading alone needs none of this, see `tflite_file`. Reference: TensorFlow Lite's schema, version 3.
"""

import copy

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

from despoof_keras.export.packing import pack
from despoof_keras.tflite.file import METADATA_ENTRY, SEAL_BYTES, SEAL_ENTRY, seal

Operator = schema.BuiltinOperator
# The flatbuffer's old one-byte field for an operation's code holds this for every later code.
_PLACEHOLDER_CODE = Operator.PLACEHOLDER_FOR_GREATER_OP_CODES
_OPERATOR_NAMES = {
    value: name for name, value in vars(Operator).items() if not name.startswith("_")
}
# Signature of the files that `probe` makes.
PROBE = "probe"
_RUNTIME_ENTRY = b"min_runtime_version"
_DTYPES = {
    schema.TensorType.FLOAT32: np.float32,
    schema.TensorType.FLOAT16: np.float16,
    schema.TensorType.INT32: np.int32,
    schema.TensorType.INT8: np.int8,
}


def unpack(content):
    """`schema.ModelT` of a TFLite file's bytes."""
    return schema.ModelT.InitFromPackedBuf(bytearray(content), 0)


def with_metadata(content, metadata):
    """Adds metadata and checksum to a TFLite file.

    Args:
        content: bytes of a file without metadata of this package.
        metadata: `ModelMetadata`.

    Returns:
        Bytes: the entry `file.METADATA_ENTRY`, JSON in UTF-8, and the seal.
    """
    model = unpack(content)
    _add_entry(model, METADATA_ENTRY, metadata.to_json().encode())
    _add_entry(model, SEAL_ENTRY, bytes(SEAL_BYTES))
    return seal(pack(model))


def operation_counts(content):
    """How often each operation stands in a TFLite file, over all its signatures.

    Returns:
        Mapping from names, as in the schema, to counts. What is no built-in operation is named
        `CUSTOM:` and its own name, Flex operations so too.
    """
    model = unpack(content)
    counts = {}
    for graph in model.subgraphs:
        for operation in graph.operators:
            code = model.operatorCodes[operation.opcodeIndex]
            name = _OPERATOR_NAMES[code_of(model, operation)]
            if name == "CUSTOM":
                name = f"CUSTOM:{code.customCode.decode()}"
            counts[name] = counts.get(name, 0) + 1
    return dict(sorted(counts.items()))


def minimum_runtime(content):
    """The least version of TensorFlow Lite that has every operation, as the file states it.

    Returns:
        Text such as `"1.14.0"`, or None where the file does not say.
    """
    model = unpack(content)
    data = _runtime_data(model)
    return None if data is None else _version_text(data)


def raise_minimum_runtime(model, version):
    """Lets a `schema.ModelT` state at least this version, where it states one."""
    data = _runtime_data(model)
    if data is None or _numbers(_version_text(data)) >= _numbers(version):
        return
    entry = next(entry for entry in model.metadata if entry.name == _RUNTIME_ENTRY)
    # The entry has 16 bytes, filled up with zeros.
    model.buffers[entry.buffer].data = np.frombuffer(version.encode().ljust(16, b"\0"), np.uint8)


def _runtime_data(model):
    for entry in model.metadata or []:
        if entry.name == _RUNTIME_ENTRY:
            return model.buffers[entry.buffer].data
    return None


def _version_text(data):
    return bytes(np.asarray(data, np.uint8)).split(b"\0")[0].decode()


def _numbers(version):
    return tuple(int(part) for part in version.split("."))


def code_of(model, operation):
    """`Operator` of an operation."""
    code = model.operatorCodes[operation.opcodeIndex]
    return max(code.builtinCode, code.deprecatedBuiltinCode)


def opcode_index(model, operator, version):
    """Index of an operation's code in a version, added to the model where it is missing."""
    for index, code in enumerate(model.operatorCodes):
        found = max(code.builtinCode, code.deprecatedBuiltinCode)
        if (found, code.version) == (operator, version):
            return index
    code = schema.OperatorCodeT()
    code.builtinCode, code.version = operator, version
    code.deprecatedBuiltinCode = min(operator, _PLACEHOLDER_CODE)
    model.operatorCodes.append(code)
    return len(model.operatorCodes) - 1


def constant(model, graph, index):
    """The array of a constant tensor, or None where it is none."""
    tensor = graph.tensors[index]
    data = model.buffers[tensor.buffer].data
    if data is None:
        return None
    shape = () if tensor.shape is None else tuple(tensor.shape)
    raw = np.asarray(data, np.uint8).tobytes()
    return np.frombuffer(raw, _DTYPES[tensor.type]).reshape(shape)


def add_buffer(model, array):
    """Adds an array's bytes; returns the buffer's index."""
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(np.ascontiguousarray(array).tobytes(), np.uint8)
    model.buffers.append(buffer)
    return len(model.buffers) - 1


def add_tensor(graph, like, dtype, quantization=None, buffer=0):
    """Adds a tensor of the shape of another; returns its index.

    Args:
        graph: `schema.SubGraphT`.
        like: index of the other tensor.
        dtype: one of `schema.TensorType`.
        quantization: `schema.QuantizationParametersT` or None.
        buffer: index of the buffer of a constant; 0 for what is computed.
    """
    tensor = copy.copy(graph.tensors[like])
    tensor.type, tensor.quantization, tensor.buffer = dtype, quantization, buffer
    graph.tensors.append(tensor)
    return len(graph.tensors) - 1


def add_signature(model, key, output):
    """Adds a signature with one output of the first one, and a graph of only what it needs.

    Args:
        model: `schema.ModelT` with one signature.
        key: name of the new signature.
        output: name of an output of the first one.
    """
    (first,) = model.signatureDefs
    chosen = next(pair for pair in first.outputs if pair.name == output.encode())
    graph = _pruned(model.subgraphs[first.subgraphIndex], [int(chosen.tensorIndex)])
    graph.name = key.encode()
    model.subgraphs.append(graph)
    signature = schema.SignatureDefT()
    signature.signatureKey = key.encode()
    signature.subgraphIndex = len(model.subgraphs) - 1
    signature.inputs = [copy.copy(pair) for pair in first.inputs]
    signature.outputs = [copy.copy(chosen)]
    model.signatureDefs.append(signature)


def probe(model, tensors):
    """A file that answers with tensors from inside a graph.

    Args:
        model: `schema.ModelT` with one signature; it stays as it is.
        tensors: indices.

    Returns:
        Bytes of a file with the signature `PROBE`; its outputs are named by the tensors' indices.
    """
    (first,) = model.signatureDefs
    probing = copy.copy(model)
    graph = _pruned(model.subgraphs[first.subgraphIndex], tensors)
    signature = copy.copy(first)
    signature.signatureKey, signature.subgraphIndex = PROBE.encode(), 0
    signature.inputs = [copy.copy(pair) for pair in first.inputs]
    signature.outputs = []
    for index in tensors:
        pair = schema.TensorMapT()
        pair.name, pair.tensorIndex = str(index).encode(), index
        signature.outputs.append(pair)
    probing.subgraphs, probing.signatureDefs = [graph], [signature]
    probing.metadata = None
    return pack(probing)


def _pruned(graph, outputs):
    """A copy of a graph with these tensors as outputs and only the operations they need."""
    pruned = copy.copy(graph)
    needed, operators = set(outputs), []
    for operation in reversed(graph.operators):
        if needed & {int(index) for index in operation.outputs}:
            needed |= {int(index) for index in operation.inputs}
            operators.append(copy.copy(operation))
    pruned.operators = operators[::-1]
    pruned.tensors = [copy.copy(tensor) for tensor in graph.tensors]
    pruned.outputs = list(outputs)
    return pruned


def _add_entry(model, name, value):
    entry = schema.MetadataT()
    entry.name, entry.buffer = name.encode(), add_buffer(model, np.frombuffer(value, np.uint8))
    model.metadata = [*(model.metadata or []), entry]
