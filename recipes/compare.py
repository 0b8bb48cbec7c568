"""Compare DSNet with baselines and ablations: the same crops, protocols and figures, one table.

python recipes/compare.py --output compared
python recipes/compare.py --output compared --protocols 1 4 --folds 1 2 --rows baselines --resume
"""

import sys
from pathlib import Path

from despoof_keras.datasets import arguments as data_arguments
from despoof_keras.datasets.data_sets import data_set
from despoof_keras.training import arguments as run_arguments
from despoof_keras.utils.cache import writable_cache
from despoof_keras.utils.files import check_writable
from despoof_keras.utils.programs import run_script, script_parser, start_tensorflow
from despoof_keras.utils.streams import is_terminal

GOES_ON = "the same command with --resume goes on where it was"


def parse_arguments(arguments=None):
    parser = script_parser(__doc__)
    data_arguments.add_data_arguments(parser)
    parser.add_argument(
        "--protocols", nargs="+", metavar="P", help="(default: all of the data set)"
    )
    parser.add_argument(
        "--folds",
        type=int,
        nargs="+",
        metavar="K",
        help="of the protocols that have folds (default: all)",
    )
    parser.add_argument(
        "--rows",
        nargs="+",
        metavar="ROW",
        help="systems to run, or 'baselines', or 'ablations' (default: all); the table has all "
        "that are finished, and a name that there is not is answered with those that there are",
    )
    parser.add_argument(
        "--full",
        type=Path,
        help="folder of the same configuration's runs (p1, p3-fold1, ...), which are not repeated",
    )
    run_arguments.add_config_argument(parser)
    run_arguments.add_override_arguments(parser)
    run_arguments.add_run_arguments(parser, "comparison", "runs/comparison-seed")
    return parser.parse_args(arguments)


def run(options):
    config = run_arguments.configuration(options)
    output = options.output or Path("runs") / f"comparison-seed{options.seed}"
    check_writable(output)

    start_tensorflow()
    from despoof_keras.datasets.protocol_folds import folds_of
    from despoof_keras.evaluation import tables
    from despoof_keras.synthesis import data_at
    from despoof_keras.training.comparison.folds import Workplace
    from despoof_keras.training.comparison.run import compare_systems
    from despoof_keras.training.comparison.systems import chosen, systems_of
    from despoof_keras.training.comparison.table import TerminalTables

    # Mistakes are told before the embedded set is made.
    folds = folds_of(data_set(options.dataset), options.protocols, options.folds)
    chosen(systems_of(config), options.rows)
    writable_cache()
    data = data_at(**data_arguments.data_fields(options))
    verbose = 1 if is_terminal(sys.stdout) else 2
    workplace = Workplace(data, options.seed, output, options.full, verbose)
    results = compare_systems(workplace, config, folds, options.rows, resume=options.resume)
    tables.show(TerminalTables(results), f"comparison: {output / 'comparison.md'}")


if __name__ == "__main__":
    sys.exit(run_script(parse_arguments, run, GOES_ON))
