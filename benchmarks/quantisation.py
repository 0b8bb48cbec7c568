"""What each measure of static int8 is worth: error, rank correlation, size, ACER, latency.

    python benchmarks/quantisation.py --model runs/p1-seed0/model.keras [--score noise] [--layers]
    python benchmarks/quantisation.py --model released_weights.npz

Crops are those of `export/to_tflite.py`: calibrated on dev, compared on test. `--layers` quantises
one layer at a time. Errors are shares of the live-spoof gap.
"""

import argparse
import contextlib
import dataclasses
import os
from unittest import mock

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
from int8_alternatives import (
    OwnEluSteps,
    Plain,
    UncorrectedMeans,
    extreme_steps,
    nearest_weights,
    one_scale_weights,
)

from despoof_keras.export import parity
from despoof_keras.export.calibration import labelled_data, released_data
from despoof_keras.export.conversion import convert
from despoof_keras.export.graph import pack, unpack
from despoof_keras.export.int8 import quantiser
from despoof_keras.export.int8.choose_layers import DECODER, split_calibration, steps_of
from despoof_keras.export.int8.measurements import Measurements
from despoof_keras.export.int8.quantiser import StaticQuantiser
from despoof_keras.export.variants import (
    CALIBRATION_CROPS,
    HELD_OUT_CROPS,
    LATENCY_ROUNDS,
    ExportData,
)
from despoof_keras.inference.open_model import kind_of, open_despoofer
from despoof_keras.synthesis import data_at
from despoof_keras.tflite.model import TfliteModel

NEAREST = {"int8_weights": nearest_weights}
# Measures one after the other, everything in int8. Row: what differs from the package's quantiser,
# layers kept, class.
MEASURES = {
    "extremes as ranges, nearest weights, one scale a layer": (
        {"best_int8": extreme_steps, "int8_weights": one_scale_weights}, (), Plain,
    ),
    "one scale a channel": ({"best_int8": extreme_steps, **NEAREST}, (), Plain),
    "ranges of least error": (NEAREST, (), Plain),
    "an ELU's output in its input's steps": (NEAREST, (), UncorrectedMeans),
    "means corrected": (NEAREST, (), StaticQuantiser),
    "weights rounded for the output: **all in int8**": ({}, (), StaticQuantiser),
    "... with an ELU's output in steps of its own": ({}, (), OwnEluSteps),
}  # fmt: skip


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", required=True, help="as for export/to_tflite.py")
    parser.add_argument("--score", help="in place of the model's own score")
    parser.add_argument("--frames", type=int, default=6, help="crops taken from each video")
    parser.add_argument("--layers", action="store_true", help="one layer at a time")
    return parser.parse_args()


def step_rows(score):
    """What the package tries in turn, and the decoder alone in float."""
    rows, before = {}, ()
    for kept in steps_of(score):
        new = [layer for layer in kept if layer not in before]
        if new:
            span = new[0] if len(new) == 1 else f"{new[0]} to {new[-1]}"
            rows[f"{'... and ' if before else ''}{span} in float"] = kept
        before = kept
    if score == "noise":
        rows["decoder alone in float"] = DECODER
    every = {"every layer in float, weights in int8": tuple(all_layers(score))}
    return {name: ({}, kept, StaticQuantiser) for name, kept in (rows | every).items()}


def all_layers(score):
    return dict.fromkeys((*steps_of(score)[-1], *DECODER, "zero_one_map_1", "zero_one_map_2"))


def layer_rows(score):
    layers = all_layers(score)
    return {
        f"{layer} alone in int8": ({}, tuple(set(layers) - {layer}), StaticQuantiser)
        for layer in layers
    }


@dataclasses.dataclass(frozen=True)
class Comparison:
    """What every row is held against: an export's crops, the Keras model's answers for them."""

    float_model: TfliteModel
    data: ExportData
    held_out: np.ndarray
    expected: parity.Answers
    gap: float
    dev_scores: np.ndarray | None

    def figures(self, content):
        model = TfliteModel(content, "row", num_threads=1)
        found = parity.compare(model, self.held_out, self.expected, self.gap)
        models = {"float32": self.float_model, "row": model}
        ratio = parity.latency_ratios(models, self.held_out[0], LATENCY_ROUNDS)["row"]
        return [
            f"{len(content) / 1024:.0f}",
            f"{found['score_error_median']:.2%}",
            f"{found['score_error_largest']:.1%}",
            f"{found['score_bias']:+.2%}",
            f"{found['rank_correlation']:.5f}",
            "-" if self.dev_scores is None else f"{self.acer(model):.2%}",
            f"{ratio:.2f}",
        ]

    def acer(self, model):
        """ACER of test by the float model's threshold, carried over as an export does it."""
        dev, test = self.data.dev, self.data.test
        scores = [model.score_batch(split.crops)["score"] for split in (dev, test)]
        threshold = parity.error_rates(dev, self.dev_scores)["threshold"]
        threshold = parity.carried_threshold(threshold, dev, self.dev_scores, scores[0])
        return parity.error_rates(dev, scores[0], test, scores[1], threshold)["acer_test"]


def comparison(model, data):
    dev_scores, gap, held_out = None, data.gap, data.held_out
    if data.dev is not None:
        dev_scores = parity.keras_scores(model, data.dev.crops, model.score)
        gap, held_out = data.dev.gap(dev_scores), data.test.balanced(HELD_OUT_CROPS)
    float_model = TfliteModel(convert(model, "float32"), "float32", num_threads=1)
    expected = parity.keras_answers(model, held_out, model.score)
    return Comparison(float_model, data, held_out, expected, gap, dev_scores)


def main():
    options = parse_arguments()
    model = open_despoofer(options.model)
    if options.score:
        model.metadata = dataclasses.replace(model.metadata, score=options.score)
    if kind_of(options.model) == "released":
        data = released_data(model.metadata)
        calibration = data.calibration
    else:
        data = labelled_data(model.metadata, data_at(None), options.frames)
        calibration = data.dev.balanced(CALIBRATION_CROPS)
    against = comparison(model, data)
    content = convert(model, "float32", {"despoof": "despoof"})
    measurements = Measurements(content, split_calibration(calibration)[0])
    print(f"score {model.score}, gap {against.gap:.4g}, {len(against.held_out)} crops")
    head = ["", "KiB", "median", "largest", "bias", "rank", "test ACER", "latency"]
    print(f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}", sep="\n")
    float16 = pack(unpack(convert(model, "float16")))  # as an export writes it
    print(f"| float16 | {' | '.join(against.figures(float16))} |", flush=True)
    rows = layer_rows(model.score) if options.layers else MEASURES | step_rows(model.score)
    for name, (changes, kept, kind) in rows.items():
        with contextlib.ExitStack() as stack:
            for attribute, value in changes.items():
                stack.enter_context(mock.patch.object(quantiser, attribute, value))
            made = kind(measurements, kept).finish()
        print(f"| {' | '.join([name, *against.figures(made)])} |", flush=True)


if __name__ == "__main__":
    main()
