"""What an export has cost and kept, for people (Markdown) and programs (JSON)."""

import dataclasses
import json

_ABSENT = "-"


@dataclasses.dataclass(frozen=True)
class ExportReport:
    """The report of `tflite_files.export_tflite`.

    Attributes:
        metadata: `ModelMetadata` that the variants share.
        held_out: crops that the variants were compared with the Keras model on.
        variants: mapping from variant to its figures.
    """

    metadata: object
    held_out: int
    variants: dict

    def to_dict(self):
        """All of it as JSON values."""
        return {
            "model": self.metadata.to_dict(),
            "held_out_crops": self.held_out,
            "variants": self.variants,
        }

    def to_json(self):
        return json.dumps(self.to_dict(), indent=2) + "\n"

    def to_markdown(self):
        """Two tables, and for each variant its operations."""
        lines = [
            "# TFLite export",
            "",
            f"Weights {self.metadata.weights_sha256}. Trained on: "
            f"{self.metadata.training_data or 'not stated'}.",
            "",
            f"Compared with the Keras model on {self.held_out} crops; score errors are shares of "
            "the live-spoof gap, the noise's of its mean absolute value, all in %; latency is the "
            "median time of a score relative to float32 in the same run, one thread. The gap is "
            "that of the mean scores of dev's attacks and bona fide crops; without dev it is the "
            "model's own where one is known, else the range of the scores.",
            "",
            *_table(
                [
                    "variant",
                    "KiB",
                    "score error, median / largest",
                    "bias",
                    "rank correlation",
                    "noise error",
                    "latency",
                    "runtime from",
                ],
                [_parity(name, figures) for name, figures in self.variants.items()],
            ),
            "",
            "Error rates by video in %; where there were dev videos, the threshold is the Keras "
            "model's dev EER point in the variant's scores; in brackets the Keras model's rates:",
            "",
            *_table(
                ["variant", "score", "threshold", "dev ACER", "test ACER"],
                [_rates(name, figures) for name, figures in self.variants.items()],
            ),
        ]
        for name, figures in self.variants.items():
            counts = ", ".join(f"{key} {count}" for key, count in figures["operations"].items())
            lines += ["", f"Operations of {name}: {counts}."]
            if figures["layers_in_float"]:
                kept = ", ".join(figures["layers_in_float"])
                lines += ["", f"Layers of {name} in float, with int8 weights: {kept}."]
        return "\n".join(lines) + "\n"


def _parity(name, figures):
    noise = figures["noise_error"]
    errors = figures["score_error_median"], figures["score_error_largest"]
    return [
        name,
        f"{figures['kib']:.0f}",
        " / ".join(_per_cent(error) for error in errors),
        f"{100 * figures['score_bias']:+.2f}",
        f"{figures['rank_correlation']:.4f}",
        _ABSENT if noise is None else _per_cent(noise),
        f"{figures['latency_ratio']:.2f}",
        figures["minimum_runtime"] or _ABSENT,
    ]


def _rates(name, figures):
    found, keras = figures["rates"], figures["keras_rates"]
    threshold = figures["threshold"]
    row = [name, figures["score"], _ABSENT if threshold is None else f"{threshold:.5g}"]
    for rate in ("acer_dev", "acer_test"):
        if found is None or found[rate] is None:
            row.append(_ABSENT)
        else:
            row.append(f"{100 * found[rate]:.2f} ({100 * keras[rate]:.2f})")
    return row


def _per_cent(share):
    return f"{100 * share:.2g}"


def _table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]
