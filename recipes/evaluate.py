"""Error rates of a trained or exported model on OULU-NPU's protocols, or the embedded set's.

python recipes/evaluate.py runs/p1-seed0/model.keras --data-root /data/Oulu_NPU --protocols 1 2
python recipes/evaluate.py exported/int8.tflite --protocols 1 2 3 4

The threshold is dev's equal error rate point, and, beside it, the one that the model carries.
"""

import argparse
import logging
import os
import sys
from pathlib import Path

from data_arguments import add_data_arguments, chosen_data

from despoof_keras.datasets.oulu_npu_protocols import check_protocol
from despoof_keras.utils.files import write_json
from despoof_keras.utils.programs import run_program


def parse_arguments(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "model", help="model file or folder, or 'demonstration' for the one in the package"
    )
    add_data_arguments(parser)
    parser.add_argument(
        "--protocols", type=int, nargs="+", default=[1], help="some of 1 to 4 (default: 1)"
    )
    parser.add_argument("--fold", type=int, default=1, help="of protocols 3 and 4 (default: 1)")
    parser.add_argument("--frames", type=int, default=6, help="of each video (default: 6)")
    parser.add_argument("--json", type=Path, help="file to write the figures to")
    return parser.parse_args(arguments)


def run(options):
    folds = {one: options.fold if one in (3, 4) else None for one in options.protocols}
    for protocol, fold in folds.items():
        check_protocol(protocol, fold)

    from rich.console import Console

    from despoof_keras.evaluation.evaluate_model import evaluate_model
    from despoof_keras.evaluation.tables import evaluation_table
    from despoof_keras.inference.open_model import open_model
    from despoof_keras.synthesis import cache_folder
    from despoof_keras.tflite.demonstration import demonstration_path

    path = demonstration_path() if options.model == "demonstration" else options.model
    model = open_model(path)
    root, _ = chosen_data(options)
    figures = [
        evaluate_model(
            model,
            root,
            protocol,
            fold,
            cache=cache_folder() / "crops",
            frames=options.frames,
            skip_bad=options.skip_bad,
            find_eyes=options.find_eyes,
        )
        for protocol, fold in folds.items()
    ]
    Console(width=None if sys.stdout.isatty() else 140).print(evaluation_table(figures))
    if options.json:
        write_json(options.json, figures)


def main():
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    options = parse_arguments()
    return run_program("evaluate.py", lambda: run(options), "the same command starts again")


if __name__ == "__main__":
    sys.exit(main())
