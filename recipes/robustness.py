"""How the scores of models move when the picture or the face box changes.

python recipes/robustness.py runs/p1-seed0/model.keras --protocol 1 --output robustness
python recipes/robustness.py a/model.keras b/model.keras --families shift scale jpeg --output both

It leaves robustness.json and, with charts, report.html in the output folder.
"""

import sys
from pathlib import Path

from despoof_keras.datasets import arguments as data_arguments
from despoof_keras.evaluation.robustness.conditions import FAMILIES, conditions_of
from despoof_keras.utils.files import check_writable
from despoof_keras.utils.programs import run_script, script_parser, start_tensorflow

GOES_ON = "the same command with --resume goes on after the last finished video"


def parse_arguments(arguments=None):
    parser = script_parser(__doc__)
    parser.add_argument("models", nargs="+", type=Path, metavar="MODEL", help="file or folder")
    data_arguments.add_data_arguments(parser)
    data_arguments.add_protocol_arguments(parser)
    parser.add_argument(
        "--split", choices=("test", "dev"), default="test", help="to measure on (default: test)"
    )
    parser.add_argument("--frames", type=int, default=2, help="of each video (default: 2)")
    parser.add_argument("--videos", type=int, help="about so many of the split (default: all)")
    parser.add_argument(
        "--families", nargs="+", choices=list(FAMILIES), help="what to change (default: all)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the directions (default: 0)")
    parser.add_argument("--output", type=Path, required=True, help="folder for the results")
    parser.add_argument("--resume", action="store_true", help="continue in the folder --output")
    return parser.parse_args(arguments)


def run(options):
    data_arguments.check_protocol(options)
    check_writable(options.output)

    start_tensorflow()
    from despoof_keras.evaluation import tables
    from despoof_keras.evaluation.report.naming import names_of
    from despoof_keras.evaluation.robustness.measure import Measurement
    from despoof_keras.evaluation.robustness.page import write_page
    from despoof_keras.evaluation.robustness.run import ModelFile, RobustnessRun
    from despoof_keras.evaluation.robustness.table import robustness_table
    from despoof_keras.inference.open_model import open_model
    from despoof_keras.synthesis import data_at

    measurement = Measurement(conditions_of(options.families), options.frames, options.seed)
    names = names_of(options.models, options.models)
    files = [
        ModelFile(name, path, open_model(path))
        for name, path in zip(names, options.models, strict=True)
    ]
    work = RobustnessRun(
        data_at(**data_arguments.data_fields(options)),
        measurement,
        options.output,
        split=options.split,
        videos=options.videos,
        resume=options.resume,
    )
    results = work.finished(files)
    if not results:
        measured = [work.measure(file) for file in files]
        results = {own.results["model"]: own.results for own in measured}
        write_page(options.output, measured)
        work.finish(results)
    tables.show(robustness_table(results), f"results: {options.output}")


if __name__ == "__main__":
    sys.exit(run_script(parse_arguments, run, GOES_ON))
