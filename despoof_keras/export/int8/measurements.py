"""Values inside a float TFLite file, for calibration crops."""

import numpy as np

from despoof_keras.export import graph as graphs
from despoof_keras.export.int8.operations import data_inputs, int8_operations, kernel_side, layer_of
from despoof_keras.export.int8.ranges import run_probe, sample_values
from despoof_keras.export.int8.rounding import PatchStatistics

# Crops that weights are fitted to: twice as many made no difference and took longer.
FITTED_CROPS = 24


class Measurements:
    """Values inside a float file, for calibration crops.

    Args:
        content: Bytes of a file in float32 with one signature, as from `conversion.convert`.
        crops: `(n, S, S, 3)` uint8 RGB.

    Attributes:
        content: As given.
        fitted_crops: The first `FITTED_CROPS` crops.
        values: Mapping from tensors that may become int8 to their values, see `sample_values`.
        means: Mapping from a layer's weights to the mean `(n,)` of its input patches over the
            fitted crops, at the positions of `PatchStatistics`.
    """

    def __init__(self, content: bytes, crops: np.ndarray):
        self.content = content
        self.fitted_crops = crops[:FITTED_CROPS]
        model = graphs.unpack(content)
        (graph,) = model.subgraphs
        touched = set()
        chosen = int8_operations(model, graph, kept=())
        for operation, is_int8 in zip(graph.operators, chosen, strict=True):
            if is_int8:
                touched |= {int(index) for index in operation.outputs}
                touched |= set(data_inputs(model, operation))
        self.values = sample_values(model, sorted(touched), crops)
        self.means = self._means(model, graph)

    def _means(self, model, graph):
        layers = [o for o in graph.operators if layer_of(model, graph, o) is not None]
        statistics = {int(o.inputs[1]): PatchStatistics(kernel_side(graph, o)) for o in layers}
        inputs = sorted({int(operation.inputs[0]) for operation in layers})
        for values in run_probe(model, inputs, self.fitted_crops):
            for operation in layers:
                source, weights = (int(index) for index in operation.inputs[:2])
                statistics[weights].add(values[source])
        return {weights: patches.mean for weights, patches in statistics.items()}
