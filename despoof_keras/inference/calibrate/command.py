"""`despoof calibrate`: its options, and what it does."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import Any

from despoof_keras.datasets import arguments
from despoof_keras.datasets.data_sets import DATA_SETS
from despoof_keras.datasets.samples import SPLITS

CALIBRATE_HELP = """Chooses a model's threshold on your own clips, in a new model file.

despoof calibrate model.keras --dataset folder faces --output mine.keras
despoof calibrate exported/int8.tflite --dataset folder faces --output mine.tflite --apcer 0.05

The old file stays as it is. With bona fide clips alone only --bpcer is possible. Beside the new
file, FILE.calibration.json has the figures."""

# Crops taken from each clip, as `evaluate_model` takes them.
FRAMES = 6
_RATE = "a fraction, such as 0.05"


def add_calibrate_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `despoof calibrate`."""
    parser.add_argument(
        "model", type=Path, help=".keras or .tflite file, or the authors' released model"
    )
    parser.add_argument(
        "data_root", type=Path, metavar="DIR", help="folder of the clips, or a manifest"
    )
    parser.add_argument(
        "--dataset",
        choices=tuple(DATA_SETS),
        default="folder",
        help="which data set it is (default: folder)",
    )
    arguments.add_protocol_arguments(parser)
    parser.add_argument("--split", choices=SPLITS, help="clips of this split alone (default: all)")
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        metavar="FILE",
        help="new model file, of the same kind",
    )
    aims = parser.add_mutually_exclusive_group()
    aims.add_argument(
        "--bpcer", type=float, metavar="R", help=f"bound on the bona fide error rate, {_RATE}"
    )
    aims.add_argument(
        "--apcer",
        type=float,
        metavar="R",
        help=f"bound on the worst instrument's error rate, {_RATE} (default: the equal error rate, "
        "or --bpcer 0.05 where there are no attacks)",
    )
    parser.add_argument(
        "--frames-per-video",
        type=int,
        default=FRAMES,
        metavar="N",
        help=f"crops taken from each clip (default: {FRAMES})",
    )
    arguments.add_video_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def calibrate_model(options: argparse.Namespace) -> dict[str, Any]:
    """Calibrate a model as the options say, and write the new file.

    Returns:
        The contents of `FILE.calibration.json`: those of `evaluation.calibration.calibrate`, and
        `"model"`, `"output"`, `"score"`, `"data"`, `"threshold_before"`, `"left_out"`.

    Raises:
        DataError: the model cannot be written again, or the clips are not as needed. Nothing is
            written then.
    """
    from despoof_keras.utils.files import check_writable, write_json
    from despoof_keras.utils.programs import start_tensorflow

    start_tensorflow()
    from despoof_keras.datasets.data import Data
    from despoof_keras.evaluation.calibration import calibrate
    from despoof_keras.inference.calibrate.model_files import check_output, write_with_metadata
    from despoof_keras.inference.calibrate.scores import score_presentations
    from despoof_keras.inference.open_model import open_model
    from despoof_keras.utils.cache import writable_cache

    check_output(options.model, options.output)
    check_writable(options.output.absolute().parent)
    data = Data(
        options.data_root,
        writable_cache() / "crops",
        options.protocol,
        options.fold,
        options.dataset,
        skip_bad=options.skip_bad,
        find_eyes=options.find_eyes,
        processes=options.processes,
    )
    samples = data.presentations(options.split)
    aim = _aim(options, any(sample.label for sample in samples))
    model = open_model(options.model)
    scored = score_presentations(model, data, samples, options.frames_per_video)
    figures = calibrate(scored.table, aim)
    metadata = dataclasses.replace(
        model.metadata,
        threshold=figures["threshold"],
        threshold_rule=_rule(aim, figures, data.title),
        uncertain_from=figures["uncertain_from"],
        uncertain_to=figures["uncertain_to"],
    )
    facts = {
        "model": str(options.model),
        "output": str(options.output),
        "score": metadata.score,
        "data": data.title,
        "threshold_before": model.metadata.threshold,
        **figures,
        "left_out": scored.left_out,
    }
    write_with_metadata(options.model, metadata, options.output)
    write_json(options.output.with_name(f"{options.output.name}.calibration.json"), facts)
    return facts


def _aim(options, has_attacks):
    from despoof_keras.evaluation.calibration import APCER, BPCER, EER, USUAL_BPCER, Aim

    if options.bpcer is not None:
        return Aim(BPCER, options.bpcer)
    if options.apcer is not None:
        return Aim(APCER, options.apcer)
    return Aim(EER) if has_attacks else Aim(BPCER, USUAL_BPCER)


def _rule(aim, figures, title):
    counts = figures["presentations"]
    persons = "" if figures["subjects"] is None else f" of {figures['subjects']} subjects"
    return (
        f"calibrated: {aim.sentence()} on {counts['bona_fide']} bona fide and {counts['attack']} "
        f"attack presentations{persons} in {title}, each video's score the mean of its frames"
    )
