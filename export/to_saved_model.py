"""Export a trained model, or the authors' released one, as a SavedModel folder.

python export/to_saved_model.py --model runs/p1-seed0/model.keras --output exported
"""

import sys

from despoof_keras.export.arguments import add_export_arguments
from despoof_keras.utils.programs import run_script, script_parser, start_tensorflow


def parse_arguments(arguments=None):
    parser = script_parser(__doc__)
    add_export_arguments(parser, "SavedModel folder to write", "an exported model")
    return parser.parse_args(arguments)


def run(options):
    start_tensorflow()
    from despoof_keras.export.saved_model import check_target, export_saved_model
    from despoof_keras.inference.open_model import open_despoofer

    check_target(options.output, options.overwrite)
    export_saved_model(open_despoofer(options.model), options.output, options.overwrite)
    print(f"SavedModel: {options.output}")


if __name__ == "__main__":
    sys.exit(run_script(parse_arguments, run))
