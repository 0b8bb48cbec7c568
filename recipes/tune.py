"""Search for training settings with keras-tuner, on OULU-NPU or the embedded set.

python recipes/tune.py
python recipes/train_oulu.py --config searches/p1-bayesian-seed0/best.json

The trials are small: few pixels, few steps. The best settings are written with the sizes of
--config.
"""

import sys
from pathlib import Path

from despoof_keras.datasets import arguments as data_arguments
from despoof_keras.training import arguments as run_arguments
from despoof_keras.training.presets import named_or_stored, trial_configuration
from despoof_keras.training.search.roles import search_role
from despoof_keras.utils.programs import run_script, script_parser, start_tensorflow
from despoof_keras.utils.streams import is_terminal

GOES_ON = "the same command with --resume goes on after the last finished trial"


def parse_arguments(arguments=None):
    parser = script_parser(__doc__)
    run_arguments.add_search_arguments(parser)
    run_arguments.add_config_argument(parser, "what is not searched: ")
    data_arguments.add_data_arguments(parser)
    data_arguments.add_protocol_arguments(parser)
    run_arguments.add_run_arguments(parser, "search", "searches/p<protocol>")
    run_arguments.add_strategy_arguments(parser, machines=False)
    return parser.parse_args(arguments)


def run(options):
    data_arguments.check_protocol(options)
    search_role()  # before the embedded set is made
    base = named_or_stored(options.config)
    trial = trial_configuration(
        base,
        options.algorithm,
        image_size=options.image_size,
        epochs=options.epochs,
        steps_per_epoch=options.steps,
        frames_per_video=options.frames,
    )

    start_tensorflow()
    from despoof_keras.distribution.strategy import distribute
    from despoof_keras.evaluation import tables
    from despoof_keras.synthesis import data_at
    from despoof_keras.training.search.report import ranked_table
    from despoof_keras.training.search.run import Search, run_search

    distribution = distribute(options.strategy, options.replicas)
    name = f"{run_arguments.protocol_name(options)}-{options.algorithm}-seed{options.seed}"
    output = options.output or Path("searches") / name
    data = data_at(**data_arguments.data_fields(options))
    outcomes = run_search(
        Search(base, trial, options.algorithm, options.trials, data, options.seed, output),
        resume=options.resume,
        distribution=distribution,
        worker_timeout=options.worker_timeout,
        verbose=1 if is_terminal(sys.stdout) else 2,
    )
    if outcomes is None:
        print("no trials are left for this worker; the chief writes the results")
        return
    best = f"best settings: {output / 'best.json'}"
    tables.show(ranked_table(outcomes), best, f"picture: {output / 'search.png'}", width=200)


if __name__ == "__main__":
    sys.exit(run_script(parse_arguments, run, GOES_ON))
