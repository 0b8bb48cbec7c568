"""TFLite files as objects that can be changed: operations, signatures, metadata entries.

To use a file, `tflite.file` is enough. Reference: TensorFlow Lite's schema, version 3.
"""

import copy
from collections.abc import Sequence

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

from despoof_keras.export.packing import pack
from despoof_keras.metadata import ModelMetadata
from despoof_keras.tflite.file import METADATA_ENTRY, SEAL_BYTES, SEAL_ENTRY, seal

Operator = schema.BuiltinOperator
# The flatbuffer's old one-byte field for an operation's code holds this for every newer code.
_PLACEHOLDER_CODE = Operator.PLACEHOLDER_FOR_GREATER_OP_CODES
_OPERATOR_NAMES = {
    value: name for name, value in vars(Operator).items() if not name.startswith("_")
}
# Name of the signature of the files that `probe` makes.
PROBE = "probe"
_RUNTIME_ENTRY = b"min_runtime_version"
_DTYPES = {
    schema.TensorType.FLOAT32: np.float32,
    schema.TensorType.FLOAT16: np.float16,
    schema.TensorType.INT32: np.int32,
    schema.TensorType.INT8: np.int8,
}


def unpack(content: bytes) -> schema.ModelT:
    """Convert the bytes of a TFLite file to objects."""
    return schema.ModelT.InitFromPackedBuf(bytearray(content), 0)


def with_metadata(content: bytes, metadata: ModelMetadata) -> bytes:
    """Add metadata and a checksum to a TFLite file.

    Args:
        content: Bytes of a file without this package's metadata.
        metadata: Metadata to add.

    Returns:
        Bytes of the file with the entries `METADATA_ENTRY` and `SEAL_ENTRY` of `tflite.file`.
    """
    model = unpack(content)
    _add_metadata(model, METADATA_ENTRY, metadata.to_json().encode())
    _add_metadata(model, SEAL_ENTRY, bytes(SEAL_BYTES))
    return seal(pack(model))


def replace_metadata(content: bytes, metadata: ModelMetadata) -> bytes:
    """Give a TFLite file of this package other metadata and a new checksum; the graph stays.

    Args:
        content: Bytes of a file as from `with_metadata`.
        metadata: Metadata to take the place of its own.
    """
    model = unpack(content)
    for item in model.metadata:
        if item.name.decode() == METADATA_ENTRY:
            model.buffers[item.buffer].data = np.frombuffer(metadata.to_json().encode(), np.uint8)
        elif item.name.decode() == SEAL_ENTRY:
            model.buffers[item.buffer].data = np.zeros(SEAL_BYTES, np.uint8)
    return seal(pack(model))


def operation_counts(content: bytes) -> dict[str, int]:
    """Count the operations in a TFLite file, over all its signatures.

    Returns:
        Mapping from names, as in the schema, to counts. Operations that are not built in, Flex
        operations included, are named `CUSTOM:` and their own name.
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


def minimum_runtime(content: bytes) -> str | None:
    """Read the first version of TensorFlow Lite that has every operation of a file.

    Returns:
        Text such as `"1.14.0"`, or None if the file does not state a version.
    """
    model = unpack(content)
    data = _runtime_data(model)
    return None if data is None else _version_text(data)


def raise_minimum_runtime(model: schema.ModelT, version: str) -> None:
    """Raise the version that a model states to at least this one, if it states any."""
    data = _runtime_data(model)
    if data is None or _numbers(_version_text(data)) >= _numbers(version):
        return
    item = next(item for item in model.metadata if item.name == _RUNTIME_ENTRY)
    # The text has 16 bytes, padded with zeros.
    model.buffers[item.buffer].data = np.frombuffer(version.encode().ljust(16, b"\0"), np.uint8)


def _runtime_data(model):
    for item in model.metadata or []:
        if item.name == _RUNTIME_ENTRY:
            return model.buffers[item.buffer].data
    return None


def _version_text(data):
    return bytes(np.asarray(data, np.uint8)).split(b"\0")[0].decode()


def _numbers(version):
    return tuple(int(part) for part in version.split("."))


def code_of(model: schema.ModelT, operation: schema.OperatorT) -> int:
    """Return the code of an operation, one of `Operator`."""
    return _builtin_code(model.operatorCodes[operation.opcodeIndex])


def _builtin_code(code):
    return max(code.builtinCode, code.deprecatedBuiltinCode)


def opcode_index(model: schema.ModelT, operator: int, version: int) -> int:
    """Return the index of an operation's code in a version, after adding it if it is missing."""
    for index, code in enumerate(model.operatorCodes):
        if (_builtin_code(code), code.version) == (operator, version):
            return index
    code = schema.OperatorCodeT()
    code.builtinCode, code.version = operator, version
    code.deprecatedBuiltinCode = min(operator, _PLACEHOLDER_CODE)
    model.operatorCodes.append(code)
    return len(model.operatorCodes) - 1


def constant(model: schema.ModelT, graph: schema.SubGraphT, index: int) -> np.ndarray | None:
    """Return the array of a constant tensor, or None if it is not constant."""
    tensor = graph.tensors[index]
    data = model.buffers[tensor.buffer].data
    if data is None:
        return None
    shape = () if tensor.shape is None else tuple(tensor.shape)
    raw = np.asarray(data, np.uint8).tobytes()
    return np.frombuffer(raw, _DTYPES[tensor.type]).reshape(shape)


def add_buffer(model: schema.ModelT, array: np.ndarray) -> int:
    """Add a buffer with an array's bytes; return its index."""
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(np.ascontiguousarray(array).tobytes(), np.uint8)
    model.buffers.append(buffer)
    return len(model.buffers) - 1


def add_tensor(
    graph: schema.SubGraphT,
    like: int,
    dtype: int,
    quantization: schema.QuantizationParametersT | None = None,
    buffer: int = 0,
) -> int:
    """Add a tensor of the shape of another; return its index.

    Args:
        graph: Graph to add it to.
        like: Index of the other tensor.
        dtype: One of `schema.TensorType`.
        quantization: Quantization parameters, or None for floats.
        buffer: Index of the buffer of a constant; 0 for computed tensors.
    """
    tensor = copy.copy(graph.tensors[like])
    tensor.type, tensor.quantization, tensor.buffer = dtype, quantization, buffer
    graph.tensors.append(tensor)
    return len(graph.tensors) - 1


def add_signature(model: schema.ModelT, key: str, output: str) -> None:
    """Add a signature for an output of the existing one, with a graph of only what it needs.

    Args:
        model: Model with one signature.
        key: Name of the new signature.
        output: Name of the output.
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


def probe(model: schema.ModelT, tensors: Sequence[int]) -> bytes:
    """Make a file whose outputs are tensors from inside a graph.

    Args:
        model: Model with one signature; it is not changed.
        tensors: Indices of the tensors.

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
    """Copy a graph with these tensors as outputs, and only the operations that they need."""
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


def _add_metadata(model, name, value):
    item = schema.MetadataT()
    item.name, item.buffer = name.encode(), add_buffer(model, np.frombuffer(value, np.uint8))
    model.metadata = [*(model.metadata or []), item]
