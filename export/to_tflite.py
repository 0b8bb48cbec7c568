"""Exports a trained model, or the authors' released one, as TFLite files with a report.

python export/to_tflite.py --model runs/p1-seed0/model.keras --variants all --output exported
python export/to_tflite.py --model MODEL --variants int8 --output DIR --calibration /data/Oulu_NPU
"""

import argparse
import logging
import os
import sys
from pathlib import Path

from despoof_keras.errors import DataError

ALL = "all"
FRAMES = 6


def parse_arguments(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--model",
        type=Path,
        required=True,
        help=".keras file of a run, or the authors' released folder or .npz file",
    )
    parser.add_argument(
        "--variants",
        nargs="+",
        default=[ALL],
        metavar="NAME",
        help="float32, float16, dynamic, int8, light, or all (the default)",
    )
    parser.add_argument("--output", type=Path, required=True, help="folder to write to")
    parser.add_argument(
        "--calibration",
        type=Path,
        metavar="DATA",
        help="folder in OULU-NPU's layout: int8 is calibrated and the threshold chosen on its dev "
        "split; default: the embedded set (of which a model that was not trained on it takes only "
        "the faces, and keeps its own threshold)",
    )
    parser.add_argument(
        "--protocol", type=int, help="1 to 4 (default: the one that the model was trained on)"
    )
    parser.add_argument("--fold", type=int, help="1 to 6, with --protocol 3 and 4")
    parser.add_argument(
        "--frames", type=int, help=f"crops taken from each video (default: {FRAMES})"
    )
    parser.add_argument(
        "--skip-bad", action="store_true", help="leave out unusable videos, and count them"
    )
    parser.add_argument(
        "--find-eyes",
        action="store_true",
        help="find the eyes in videos that have no eye file beside them",
    )
    parser.add_argument("--licence", help="of the weights, for the metadata")
    parser.add_argument("--model-version", help="a name for the model, for the metadata")
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help="replace files of these names and the report at --output",
    )
    return parser.parse_args(arguments)


def export(options):
    # Imported here, so that --help and mistakes in the arguments answer at once.
    from despoof_keras.datasets.oulu_npu_protocols import check_protocol
    from despoof_keras.export.tflite_files import check_targets, export_tflite
    from despoof_keras.export.variants import VARIANTS
    from despoof_keras.inference.open_model import open_despoofer

    if options.protocol is not None:
        check_protocol(options.protocol, options.fold)
    elif options.fold is not None:
        raise DataError(f"fold: expected --protocol 3 or 4 with it; received {options.fold} alone")
    variants = VARIANTS if ALL in options.variants else options.variants
    check_targets(options.output, variants, options.overwrite)
    model = open_despoofer(options.model)
    export_tflite(
        model,
        options.output,
        variants,
        export_data(model.metadata, options),
        licence=options.licence,
        model_version=options.model_version,
        overwrite=options.overwrite,
    )


def export_data(metadata, options):
    """The crops that a model is calibrated, tried and given its threshold on."""
    from despoof_keras.export import calibration
    from despoof_keras.inference.open_model import kind_of

    protocol, fold = options.protocol, options.fold
    if options.calibration is None and calibration.is_of_other_faces(metadata):
        given = {
            "--protocol": protocol is not None,
            "--frames": options.frames is not None,
            "--skip-bad": options.skip_bad,
            "--find-eyes": options.find_eyes,
        }
        if any(given.values()):
            names = ", ".join(name for name, is_given in given.items() if is_given)
            raise DataError(
                f"expected --calibration DATA with {names}, for {options.model} was not trained on "
                "the embedded set"
            )
        if kind_of(options.model) == "released":
            return calibration.released_data(metadata)
        logging.warning(
            "%s: trained on %s; no threshold is chosen, files that score as the model does keep "
            "its own (%s); --calibration DATA chooses one for each",
            options.model,
            metadata.training_data or "what it does not say",
            metadata.threshold,
        )
        return calibration.faces_alone(metadata)
    if protocol is None:
        protocol, fold = calibration.trained_protocol(metadata)
    return calibration.labelled_data(
        metadata,
        options.calibration,
        protocol,
        fold,
        FRAMES if options.frames is None else options.frames,
        skip_bad=options.skip_bad,
        find_eyes=options.find_eyes,
    )


def main():
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    options = parse_arguments()
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logging.getLogger("despoof_keras").setLevel(logging.INFO)
    # It tells of every temporary folder.
    logging.getLogger("tensorflow").setLevel(logging.WARNING)
    try:
        export(options)
    except (DataError, ImportError, OSError) as error:
        sys.exit(f"to_tflite.py: {error}")
    print((options.output / "report.md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
