"""Export a trained model, or the authors' released one, as TFLite files with a report.

python export/to_tflite.py --model runs/p1-seed0/model.keras --variants all --output exported
python export/to_tflite.py --model MODEL --variants int8 --output DIR --calibration /data/Oulu_NPU
"""

import sys

from despoof_keras.datasets.arguments import data_fields
from despoof_keras.datasets.data_sets import data_set
from despoof_keras.errors import DataError
from despoof_keras.export.arguments import add_export_arguments, add_tflite_arguments, given
from despoof_keras.utils.programs import run_script, script_parser, start_tensorflow

ALL = "all"
FRAMES = 6


def parse_arguments(arguments=None):
    parser = script_parser(__doc__)
    add_export_arguments(parser, "folder to write to", "files of these names and the report")
    add_tflite_arguments(parser, ALL, FRAMES)
    return parser.parse_args(arguments)


def run(options):
    if options.protocol is not None:
        options.protocol, options.fold = data_set(options.dataset).check_protocol(
            options.protocol, options.fold
        )
    elif options.fold is not None:
        raise DataError(f"fold: expected --protocol with it; received {options.fold} alone")

    start_tensorflow()
    from despoof_keras.export.tflite_files import check_targets, export_tflite
    from despoof_keras.export.variants import VARIANTS
    from despoof_keras.inference.open_model import open_despoofer

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
    print((options.output / "report.md").read_text(encoding="utf-8"))


def export_data(metadata, options):
    """The crops that a model is calibrated, tried and given its threshold on."""
    from despoof_keras.export import calibration
    from despoof_keras.inference.open_model import kind_of
    from despoof_keras.synthesis import EMBEDDED_SET, data_at

    if options.data_root is None and calibration.is_of_other_faces(metadata):
        if names := given(options, "protocol", "frames", "skip_bad", "find_eyes"):
            raise DataError(
                f"expected --calibration DATA with {names}, for {options.model} was not trained on "
                "the embedded set"
            )
        if kind_of(options.model) == "released":
            return calibration.released_data(metadata, options.processes)
        return calibration.unlabelled_data(metadata, options.model, options.processes)
    fields = data_fields(options)
    if options.protocol is None:
        fields["protocol"], fields["fold"] = calibration.trained_protocol(metadata)
    data = data_at(**fields, title=EMBEDDED_SET if options.data_root is None else "")
    frames = FRAMES if options.frames is None else options.frames
    return calibration.labelled_data(metadata, data, frames)


if __name__ == "__main__":
    sys.exit(run_script(parse_arguments, run))
