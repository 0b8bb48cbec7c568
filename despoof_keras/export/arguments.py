"""Arguments of the scripts that export a model."""

import argparse
from pathlib import Path

from despoof_keras.datasets.arguments import (
    add_data_set_argument,
    add_protocol_arguments,
    add_video_arguments,
)


def add_export_arguments(parser: argparse.ArgumentParser, output: str, replaced: str) -> None:
    """Add `--model`, `--output` and `--overwrite`.

    Args:
        parser: to add them to.
        output: what is written to `--output`.
        replaced: what `--overwrite` replaces.
    """
    parser.add_argument(
        "--model",
        type=Path,
        required=True,
        help=".keras file of a run, or the authors' released folder or .npz file",
    )
    parser.add_argument("--output", type=Path, required=True, help=output)
    parser.add_argument("--overwrite", action="store_true", help=f"replace {replaced} at --output")


def add_tflite_arguments(parser: argparse.ArgumentParser, every: str, frames: int) -> None:
    """Add the arguments of a TFLite export: variants, data, metadata.

    Args:
        parser: to add them to.
        every: the name that stands for all variants, the default.
        frames: crops taken from each video by default.
    """
    parser.add_argument(
        "--variants",
        nargs="+",
        default=[every],
        metavar="NAME",
        help=f"float32, float16, dynamic, int8, light, or {every} (the default)",
    )
    parser.add_argument(
        "--calibration",
        "--data-root",
        type=Path,
        dest="data_root",
        metavar="DATA",
        help="folder of a data set: int8 is calibrated and the threshold chosen on its dev split; "
        "default: the embedded set (a model that was not trained on it takes only its faces, and "
        "keeps its own threshold)",
    )
    add_data_set_argument(parser)
    add_protocol_arguments(parser, "the one that the model was trained on")
    parser.add_argument(
        "--frames", type=int, help=f"crops taken from each video (default: {frames})"
    )
    add_video_arguments(parser)
    parser.add_argument("--licence", help="of the weights, for the metadata")
    parser.add_argument("--model-version", help="a name for the model, for the metadata")


def given(options: argparse.Namespace, *names: str) -> str:
    """Those of some arguments that were given, as they are typed, separated by commas."""
    return ", ".join(
        f"--{name.replace('_', '-')}"
        for name in names
        if getattr(options, name) not in (None, False)
    )
