"""The layers of a float TFLite file, and which of its operations can be computed in int8."""

import re

from despoof_keras.export import graph as graphs
from despoof_keras.export.graph import Operator

# `.../encoder_1_2_conv_1/convolution` is layer encoder_1_2; decoder_1's is a Tensordot.
_LAYER = re.compile(r"(\w+?)_conv(?:_\d+)?/(?:convolution|Tensordot)")
# Least version of each operation that takes int8.
INT8_VERSIONS = {
    Operator.CONV_2D: 3,
    Operator.ELU: 1,
    Operator.MAX_POOL_2D: 2,
    Operator.AVERAGE_POOL_2D: 2,
    Operator.STRIDED_SLICE: 2,
    Operator.CONCATENATION: 2,
}


def layer_of(model, graph, operation):
    """Name of the layer that a convolution (decoder_1: a matrix product) belongs to, or None."""
    if graphs.code_of(model, operation) not in (Operator.CONV_2D, Operator.FULLY_CONNECTED):
        return None
    found = _LAYER.search(graph.tensors[int(operation.inputs[1])].name.decode())
    return found and found[1]


def kernel_side(graph, operation):
    """Side of a convolution's kernel; 1 for a matrix product."""
    shape = graph.tensors[int(operation.inputs[1])].shape
    return int(shape[1]) if len(shape) == 4 else 1


def data_inputs(model, operation):
    """The tensors that an operation computes with, without weights and settings."""
    inputs = [int(index) for index in operation.inputs]
    return inputs if graphs.code_of(model, operation) == Operator.CONCATENATION else inputs[:1]


def int8_operations(model, graph, kept):
    """Whether each operation becomes int8, where these layers are kept in float.

    Args:
        model: `schema.ModelT` of floats.
        graph: one of its subgraphs.
        kept: names of layers.

    Returns:
        List of booleans, one for each operator of the graph.
    """
    made_of = {}
    chosen = []
    for operation in graph.operators:
        code = graphs.code_of(model, operation)
        if code == Operator.CONV_2D:
            layer = layer_of(model, graph, operation)
            is_int8 = layer is not None and layer not in kept
        else:
            # The others follow what comes in.
            inputs = data_inputs(model, operation)
            is_int8 = code in INT8_VERSIONS and all(made_of.get(i, False) for i in inputs)
        chosen.append(is_int8)
        made_of |= {int(index): is_int8 for index in operation.outputs}
    return chosen
