"""Error rates of a trained or exported model on OULU-NPU's protocols, or the embedded set's.

python recipes/evaluate.py runs/p1-seed0/model.keras --data-root /data/Oulu_NPU --protocols 1 2
python recipes/evaluate.py exported/int8.tflite --protocols 1 2 3 4

There are two thresholds: dev's equal error rate point, and the one that the model carries.
"""

import sys
from pathlib import Path

from despoof_keras.datasets import arguments as data_arguments
from despoof_keras.datasets.data_sets import data_set
from despoof_keras.utils.files import write_json
from despoof_keras.utils.programs import run_script, script_parser, start_tensorflow


def parse_arguments(arguments=None):
    parser = script_parser(__doc__)
    parser.add_argument(
        "model", help="model file or folder, or 'demonstration' for the one in the package"
    )
    data_arguments.add_data_arguments(parser)
    parser.add_argument(
        "--protocols", nargs="+", help="one or several (default: the data set's first)"
    )
    parser.add_argument(
        "--fold", type=int, default=1, help="of the protocols that have folds (default: 1)"
    )
    parser.add_argument("--frames", type=int, default=6, help="of each video (default: 6)")
    parser.add_argument("--json", type=Path, help="file to write the figures to")
    return parser.parse_args(arguments)


def run(options):
    row = data_set(options.dataset)
    named = {str(protocol): protocol for protocol in row.protocols}
    folds = dict(
        row.check_protocol(name, options.fold if row.protocols.get(named.get(name)) else None)
        for name in options.protocols or [str(row.default_protocol)]
    )

    start_tensorflow()
    from despoof_keras.evaluation import tables
    from despoof_keras.evaluation.evaluate_model import evaluate_model
    from despoof_keras.inference.open_model import open_model
    from despoof_keras.synthesis import data_at
    from despoof_keras.tflite.demonstration import demonstration_path

    path = demonstration_path() if options.model == "demonstration" else options.model
    model = open_model(path)
    fields = data_arguments.data_fields(options)
    figures = [
        evaluate_model(model, data_at(**fields | {"protocol": p, "fold": fold}), options.frames)
        for p, fold in folds.items()
    ]
    tables.show(tables.evaluation_table(figures))
    if options.json:
        write_json(options.json, figures)


if __name__ == "__main__":
    sys.exit(run_script(parse_arguments, run))
