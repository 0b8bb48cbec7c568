"""The layers of a float TFLite file, and the operations that can be computed in int8."""

import re
from collections.abc import Collection

from tensorflow.lite.python import schema_py_generated as schema

from despoof_keras.export import graph as graphs
from despoof_keras.export.graph import Operator

# `.../encoder_1_2_conv_1/convolution` is layer encoder_1_2.
_LAYER = re.compile(r"(\w+?)_conv(?:_\d+)?/convolution")
# An enlargement, not a convolution: what it gives is in float anyway.
_ENLARGED = "decoder_1"
# First version of each operation that takes int8.
INT8_VERSIONS = {
    Operator.CONV_2D: 3,
    Operator.ELU: 1,
    Operator.MAX_POOL_2D: 2,
    Operator.AVERAGE_POOL_2D: 2,
    Operator.STRIDED_SLICE: 2,
    Operator.CONCATENATION: 2,
}


def layer_of(
    model: schema.ModelT, graph: schema.SubGraphT, operation: schema.OperatorT
) -> str | None:
    """Return the name of a convolution's layer, or None."""
    if graphs.code_of(model, operation) != Operator.CONV_2D:
        return None
    match = _LAYER.search(graph.tensors[int(operation.inputs[1])].name.decode())
    return match and match[1]


def kernel_side(graph: schema.SubGraphT, operation: schema.OperatorT) -> int:
    """Return the side of a convolution's kernel, in pixels."""
    return int(graph.tensors[int(operation.inputs[1])].shape[1])


def data_inputs(model: schema.ModelT, operation: schema.OperatorT) -> list[int]:
    """Return the tensors that an operation computes with, without weights and settings."""
    inputs = [int(index) for index in operation.inputs]
    return inputs if graphs.code_of(model, operation) == Operator.CONCATENATION else inputs[:1]


def int8_operations(
    model: schema.ModelT, graph: schema.SubGraphT, kept: Collection[str]
) -> list[bool]:
    """Decide for each operation whether it becomes int8.

    Args:
        model: Model in float.
        graph: One of its subgraphs.
        kept: Names of the layers that stay in float.

    Returns:
        A boolean for each operator of the graph.
    """
    tensor_is_int8 = {}
    chosen = []
    for operation in graph.operators:
        code = graphs.code_of(model, operation)
        if code == Operator.CONV_2D:
            layer = layer_of(model, graph, operation)
            is_int8 = layer is not None and layer not in (_ENLARGED, *kept)
        else:
            # All other operations follow their inputs.
            inputs = data_inputs(model, operation)
            is_int8 = code in INT8_VERSIONS and all(tensor_is_int8.get(i, False) for i in inputs)
        chosen.append(is_int8)
        tensor_is_int8 |= {int(index): is_int8 for index in operation.outputs}
    return chosen
