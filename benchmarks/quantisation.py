"""What it costs static int8 to keep layers in float: error, rank correlation, size, ACER, latency.

    python benchmarks/quantisation.py --model runs/p1-seed0/model.keras [--score noise] [--layers]
    python benchmarks/quantisation.py --model released_weights.npz

Crops are those of `export/to_tflite.py`: calibrated on dev, compared on test. `--layers` quantises
one layer at a time. Errors are shares of the live-spoof gap.
"""

import argparse
import dataclasses
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import numpy as np

from despoof_keras.export import parity
from despoof_keras.export.calibration import labelled_data, released_data
from despoof_keras.export.data import ExportData
from despoof_keras.export.error_rates import carried_threshold, error_rates
from despoof_keras.export.exporter import LATENCY_ROUNDS
from despoof_keras.export.graph import pack, unpack
from despoof_keras.export.int8.choose_layers import DECODER, split_calibration, steps_of
from despoof_keras.export.int8.measurements import Measurements
from despoof_keras.export.int8.quantiser import StaticQuantiser
from despoof_keras.export.variants import BASELINE, VARIANTS
from despoof_keras.inference.open_model import kind_of, open_despoofer
from despoof_keras.models.despoofer import Despoofer
from despoof_keras.synthesis import data_at
from despoof_keras.tflite.file import TfliteFile
from despoof_keras.tflite.model import TfliteModel

HEAD = ["", "KiB", "median", "largest", "bias", "rank", "test ACER", "latency"]


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", required=True, help="as for export/to_tflite.py")
    parser.add_argument("--score", help="instead of the model's own score")
    parser.add_argument("--frames", type=int, default=6, help="crops taken from each video")
    parser.add_argument("--layers", action="store_true", help="one layer at a time")
    return parser.parse_args()


def step_rows(score: str) -> dict[str, tuple[str, ...]]:
    """Map row names to layers kept in float: those that the package tries, and some more."""
    rows, before = {"**all in int8**": ()}, ()
    for kept in steps_of(score):
        new = [layer for layer in kept if layer not in before]
        span = new[0] if len(new) == 1 else f"{new[0]} to {new[-1]}"
        rows[f"{'... and ' if before else ''}{span} in float"] = kept
        before = kept
    if score == "noise":
        rows["decoder alone in float"] = DECODER
    rows["every layer in float, weights in int8"] = all_layers(score)
    return rows


def all_layers(score: str) -> tuple[str, ...]:
    layers = (*steps_of(score)[-1], *DECODER, "zero_one_map_1", "zero_one_map_2")
    return tuple(dict.fromkeys(layers))


def layer_rows(score: str) -> dict[str, tuple[str, ...]]:
    layers = all_layers(score)
    return {f"{layer} alone in int8": tuple(set(layers) - {layer}) for layer in layers}


@dataclasses.dataclass(frozen=True)
class Comparison:
    """What every row is compared with: an export's crops and the Keras model's answers for them."""

    float_model: TfliteModel
    data: ExportData
    held_out: np.ndarray
    expected: parity.Answers
    gap: float
    dev_scores: np.ndarray | None

    def cells(self, content: bytes) -> list[str]:
        model = open_content(content)
        differences = parity.compare(model, self.held_out, self.expected, self.gap)
        models = {"float": self.float_model, "row": model}
        ratio = parity.latency_ratios(models, self.held_out[0], LATENCY_ROUNDS)["row"]
        return [
            f"{len(content) / 1024:.0f}",
            f"{differences.score_error_median:.2%}",
            f"{differences.score_error_largest:.1%}",
            f"{differences.score_bias:+.2%}",
            f"{differences.rank_correlation:.5f}",
            "-" if self.dev_scores is None else f"{self.acer(model):.2%}",
            f"{ratio:.2f}",
        ]

    def acer(self, model: TfliteModel) -> float:
        """Measure the ACER of test at the float model's threshold, carried over as in an export."""
        dev, test = self.data.dev, self.data.test
        scores = [model.score_batch(split.crops)["score"] for split in (dev, test)]
        threshold = error_rates(dev, self.dev_scores).threshold
        threshold = carried_threshold(threshold, dev, self.dev_scores, scores[0])
        return error_rates(dev, scores[0], test, scores[1], threshold).acer_test


def make_comparison(model: Despoofer, data: ExportData) -> Comparison:
    dev_scores, gap = None, data.gap
    held_out = data.held_out_crops(model.image_size)
    if data.dev is not None:
        dev_scores = parity.keras_scores(model, data.dev.crops, model.score)
        gap = data.dev.gap(dev_scores)
    float_model = open_content(BASELINE.convert(model))
    expected = parity.keras_answers(model, held_out, model.score)
    return Comparison(float_model, data, held_out, expected, gap, dev_scores)


def open_content(content: bytes) -> TfliteModel:
    return TfliteModel(TfliteFile(content, "row"), num_threads=1)


def print_row(cells: list[str]) -> None:
    print(f"| {' | '.join(cells)} |", flush=True)


def main() -> None:
    options = parse_arguments()
    model = open_despoofer(options.model)
    if options.score:
        model.metadata = dataclasses.replace(model.metadata, score=options.score)
    if kind_of(options.model) == "released":
        data = released_data(model.metadata)
    else:
        data = labelled_data(model.metadata, data_at(None), options.frames)
    fitted, _ = split_calibration(data.calibration_crops(model.image_size))
    comparison = make_comparison(model, data)
    measurements = Measurements(VARIANTS["int8"].convert(model), fitted)
    print(f"score {model.score}, gap {comparison.gap:.4g}, {len(comparison.held_out)} crops")
    print_row(HEAD)
    print_row(["---"] * len(HEAD))
    # Packed as an export writes it.
    half_precision = pack(unpack(VARIANTS["float16"].convert(model)))
    print_row(["float16", *comparison.cells(half_precision)])
    rows = layer_rows(model.score) if options.layers else step_rows(model.score)
    for name, kept in rows.items():
        print_row([name, *comparison.cells(StaticQuantiser(measurements, kept).finish())])


if __name__ == "__main__":
    main()
