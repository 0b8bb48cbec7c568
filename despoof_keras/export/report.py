"""What an export has cost and kept, for people (Markdown) and programs (JSON)."""

import dataclasses
import json

from despoof_keras.export.error_rates import ErrorRates
from despoof_keras.export.parity import Differences
from despoof_keras.export.variants import BASELINE, Bounds
from despoof_keras.metadata import ModelMetadata

_ABSENT = "-"


@dataclasses.dataclass(frozen=True)
class Figures:
    """The figures of a file.

    Attributes:
        kib: Size of the file, in KiB.
        score: Name of the score that it gives.
        gap: Live-spoof gap that errors are shares of, in units of the score.
        differences: From the Keras model.
        bounds: That the differences had to keep.
        threshold: In the file's metadata, or None.
        threshold_rule: How it was chosen, or None.
        rates: Error rates of the file, or None without dev.
        keras_rates: Error rates of the Keras model, or None without dev.
        layers_in_float: Layers that the variant's `finish` kept in float, or None without it.
        operations: Mapping from operations to counts.
        minimum_runtime: First version of TensorFlow Lite that runs the file, or None if unknown.
        latency_ratio: Time of a score relative to `variants.BASELINE`, or None if not measured.
    """

    kib: float
    score: str
    gap: float
    differences: Differences
    bounds: Bounds
    threshold: float | None
    threshold_rule: str | None
    rates: ErrorRates | None
    keras_rates: ErrorRates | None
    layers_in_float: list[str] | None
    operations: dict[str, int]
    minimum_runtime: str | None
    latency_ratio: float | None = None

    def to_dict(self) -> dict:
        """Return all figures as JSON values; those of `differences` stand beside the others."""
        values = {}
        for name, value in dataclasses.asdict(self).items():
            values |= value if name == "differences" else {name: value}
        return values


@dataclasses.dataclass(frozen=True)
class ExportReport:
    """The report of `tflite_files.export_tflite`.

    Attributes:
        metadata: What the metadata of all variants have in common.
        held_out: Number of crops that the files were compared with the Keras model on.
        variants: Mapping from the names of the variants to their figures.
    """

    metadata: ModelMetadata
    held_out: int
    variants: dict[str, Figures]

    def to_dict(self) -> dict:
        """Return the report as JSON values."""
        return {
            "model": self.metadata.to_dict(),
            "held_out_crops": self.held_out,
            "variants": {name: figures.to_dict() for name, figures in self.variants.items()},
        }

    def to_json(self) -> str:
        """Return the report as JSON text."""
        return json.dumps(self.to_dict(), indent=2) + "\n"

    def to_markdown(self) -> str:
        """Return the report as two tables, and the operations of each variant."""
        lines = [
            "# TFLite export",
            "",
            f"Weights {self.metadata.weights_sha256}. Trained on: "
            f"{self.metadata.training_data or 'not stated'}.",
            "",
            f"The files were compared with the Keras model on {self.held_out} crops. Score errors "
            "are shares of the live-spoof gap, noise errors shares of the noise's mean absolute "
            f"value, all in %. Latency is the median time of a score relative to {BASELINE.name} "
            "in the same run, on one thread. The gap is the difference between the mean scores of "
            "dev's attacks and of its bona fide crops; without dev, it is the model's own where "
            "that is known, or else the range of the scores.",
            "",
            *_parity_table(self.variants),
            "",
            "Error rates are by video, in %. Where there were dev videos, the threshold is the "
            "Keras model's EER point on dev, carried over to the variant's scores. The Keras "
            "model's rates are in brackets.",
            "",
            *_rates_table(self.variants),
        ]
        for name, figures in self.variants.items():
            counts = ", ".join(f"{key} {count}" for key, count in figures.operations.items())
            lines += ["", f"Operations of {name}: {counts}."]
            if figures.layers_in_float:
                kept = ", ".join(figures.layers_in_float)
                lines += ["", f"Layers of {name} in float, with int8 weights: {kept}."]
        return "\n".join(lines) + "\n"


def _parity_table(variants):
    head = [
        "variant",
        "KiB",
        "score error, median / largest",
        "bias",
        "rank correlation",
        "noise error",
        "latency",
        "runtime from",
    ]
    return _table(head, [_parity_row(name, figures) for name, figures in variants.items()])


def _parity_row(name, figures):
    differences = figures.differences
    errors = differences.score_error_median, differences.score_error_largest
    noise = differences.noise_error
    return [
        name,
        f"{figures.kib:.0f}",
        " / ".join(_per_cent(error) for error in errors),
        f"{100 * differences.score_bias:+.2f}",
        f"{differences.rank_correlation:.4f}",
        _ABSENT if noise is None else _per_cent(noise),
        f"{figures.latency_ratio:.2f}",
        figures.minimum_runtime or _ABSENT,
    ]


def _rates_table(variants):
    head = ["variant", "score", "threshold", "dev ACER", "test ACER"]
    return _table(head, [_rates_row(name, figures) for name, figures in variants.items()])


def _rates_row(name, figures):
    threshold = figures.threshold
    row = [name, figures.score, _ABSENT if threshold is None else f"{threshold:.5g}"]
    for rate in ("acer_dev", "acer_test"):
        value = getattr(figures.rates, rate, None)
        if value is None:
            row.append(_ABSENT)
        else:
            row.append(f"{100 * value:.2f} ({100 * getattr(figures.keras_rates, rate):.2f})")
    return row


def _per_cent(share):
    return f"{100 * share:.2g}"


def _table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]
