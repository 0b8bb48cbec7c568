"""Change one setting at a time, and see what it does: over seeds, folds and other data, one table.

python recipes/variations.py --vary epochs=6 --vary crop_side=4 resize=antialiased --seeds 0 1 2
python recipes/variations.py --vary image_size=96 --other replay_attack --other folder=faces
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
    run_arguments.add_variation_arguments(parser)
    run_arguments.add_config_argument(parser)
    run_arguments.add_override_arguments(parser)
    parser.add_argument("--output", type=Path, default=Path("runs/variations"))
    parser.add_argument("--resume", action="store_true", help="continue in the folder --output")
    return parser.parse_args(arguments)


def run(options):
    from despoof_keras.training.variations.changes import variations_of

    config = run_arguments.configuration(options)
    rows = variations_of(config, options.vary)
    pairs = [data_arguments.named_folder(text) for text in options.other]
    check_writable(options.output)

    start_tensorflow()
    from despoof_keras.datasets.protocol_folds import folds_of
    from despoof_keras.evaluation import tables
    from despoof_keras.synthesis import data_at
    from despoof_keras.training.variations import table
    from despoof_keras.training.variations.run import OtherData, Plan, run_variations

    # Mistakes are told before an embedded set is made.
    folds = folds_of(data_set(options.dataset), options.protocols, options.folds)
    writable_cache()
    fields = data_arguments.data_fields(options)
    own = {**fields, "store": None}
    others = [OtherData.of(data_at(**own | {"name": name, "root": root})) for name, root in pairs]
    plan = Plan(rows, data_at(**fields), folds, options.seeds, others, options.output)
    results = run_variations(
        plan, resume=options.resume, verbose=1 if is_terminal(sys.stdout) else 2
    )
    tables.show(table.terminal(results), f"folder: {options.output}")


if __name__ == "__main__":
    sys.exit(run_script(parse_arguments, run, GOES_ON))
