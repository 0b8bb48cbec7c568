"""Train and evaluate on OULU-NPU, or, without --data-root, on the embedded set.

python recipes/train_oulu.py
python recipes/train_oulu.py --data-root /data/Oulu_NPU --protocol 3 --fold 2 --config released
python recipes/train_oulu.py --protocol all --output runs/all
"""

import dataclasses
import sys
import time
from pathlib import Path

from despoof_keras.datasets import arguments as data_arguments
from despoof_keras.training import arguments as run_arguments
from despoof_keras.utils.cache import writable_cache
from despoof_keras.utils.files import check_writable
from despoof_keras.utils.programs import run_script, script_parser, start_tensorflow
from despoof_keras.utils.streams import is_terminal
from despoof_keras.utils.threads import BusyTimes

GOES_ON = "the same command with --resume goes on after the last finished epoch"


def parse_arguments(arguments=None):
    parser = script_parser(__doc__)
    data_arguments.add_data_arguments(parser)
    data_arguments.add_protocol_arguments(parser, with_all=True)
    run_arguments.add_config_argument(parser)
    run_arguments.add_override_arguments(parser)
    run_arguments.add_run_arguments(parser, "training", "runs/p<protocol>")
    run_arguments.add_strategy_arguments(parser, machines=True)
    return parser.parse_args(arguments)


def run(options):
    start, times = time.perf_counter(), BusyTimes()
    config = run_arguments.configuration(options)
    data_arguments.check_protocol(options)
    name = f"{run_arguments.protocol_name(options)}-seed{options.seed}"
    output = options.output or Path("runs") / name
    if options.strategy != "multi-worker":  # of several machines the chief alone writes there
        check_writable(output)

    with times.measure("libraries"):
        start_tensorflow()
        from despoof_keras.distribution.strategy import distribute
        from despoof_keras.evaluation import tables
        from despoof_keras.synthesis import data_at
        from despoof_keras.training.experiment import DATA, Experiment, run_experiment
        from despoof_keras.training.protocols import run_protocols

    writable_cache()
    distribution = distribute(options.strategy, options.replicas)
    if distribution.workers > 1 and config.data_parts == 1:
        config = dataclasses.replace(config, data_parts=distribution.workers)
    distribution.check(config)
    with times.measure(DATA):
        data = data_at(**data_arguments.data_fields(options))
    run_all = run_protocols if options.protocol == data_arguments.ALL else run_experiment
    results = run_all(
        Experiment(config, data, options.seed, output),
        resume=options.resume,
        distribution=distribution,
        verbose=1 if is_terminal(sys.stdout) else 2,
        times=times,
    )
    if results is None:
        return
    tables.show(
        *tables.run_tables(results),
        f"run folder: {output}",
        tables.times_table(times.seconds, time.perf_counter() - start),
    )


if __name__ == "__main__":
    sys.exit(run_script(parse_arguments, run, GOES_ON))
