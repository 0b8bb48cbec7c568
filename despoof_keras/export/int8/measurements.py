"""What a float TFLite file holds inside, for calibration crops."""

from despoof_keras.export import graph as graphs
from despoof_keras.export.int8.operations import data_inputs, int8_operations, kernel_side, layer_of
from despoof_keras.export.int8.ranges import run_probe, sample_values
from despoof_keras.export.int8.rounding import PatchStatistics

# Crops that weights are fitted on: twice as many made no difference, and the time is theirs.
FITTED_CROPS = 24


class Measurements:
    """What a float file holds inside, for crops.

    Args:
        content: bytes of a file with one signature, as `conversion.convert` gives them for
            `"float32"`.
        crops: `(n, S, S, 3)` uint8.

    Attributes:
        content: as given.
        fitted_crops: the first `FITTED_CROPS` crops.
        values: mapping from tensor to values, see `sample_values`, of all that may become int8.
        means: mapping from a layer's weights to the mean `(n,)` of its inputs' patches, over the
            fitted crops, at the places of `PatchStatistics`.
    """

    def __init__(self, content, crops):
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
        found = {int(o.inputs[1]): PatchStatistics(kernel_side(graph, o)) for o in layers}
        inputs = sorted({int(operation.inputs[0]) for operation in layers})
        for values in run_probe(model, inputs, self.fitted_crops):
            for operation in layers:
                source, weights = (int(index) for index in operation.inputs[:2])
                found[weights].add(values[source])
        return {weights: statistics.mean for weights, statistics in found.items()}
