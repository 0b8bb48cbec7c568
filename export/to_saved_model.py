"""Exports a trained model, or the authors' released one, as a SavedModel folder.

python export/to_saved_model.py --model runs/p1-seed0/model.keras --output exported
"""

import argparse
import os
import sys
from pathlib import Path

from despoof_keras.errors import DataError


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
    parser.add_argument("--output", type=Path, required=True, help="SavedModel folder to write")
    parser.add_argument(
        "--overwrite", action="store_true", help="replace an exported model at --output"
    )
    return parser.parse_args(arguments)


def main():
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    options = parse_arguments()
    from despoof_keras.export.saved_model import check_target, export_saved_model
    from despoof_keras.inference.open_model import open_despoofer

    try:
        check_target(options.output, options.overwrite)
        export_saved_model(open_despoofer(options.model), options.output, options.overwrite)
    except (DataError, OSError) as error:
        sys.exit(f"to_saved_model.py: {error}")
    print(f"SavedModel: {options.output}")


if __name__ == "__main__":
    main()
