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
from despoof_keras.datasets.data_sets import data_set
from despoof_keras.errors import DataError
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
    is_all = options.protocol == data_arguments.ALL
    if is_all and options.fold is not None:
        raise DataError(
            f"--fold: expected none with --protocol {data_arguments.ALL}, which runs every fold; "
            f"received {options.fold}"
        )
    if not is_all:
        data_set(options.dataset).check_protocol(options.protocol, options.fold)
    protocol = data_arguments.ALL if is_all else run_arguments.protocol_name(options)
    name = f"{protocol}-seed{options.seed}"
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
        fields = data_arguments.data_fields(options)
        if is_all:
            del fields["protocol"]
        data = data_at(**fields)
    results = (run_protocols if is_all else run_experiment)(
        Experiment(config, data, options.seed, output),
        resume=options.resume,
        distribution=distribution,
        verbose=1 if is_terminal(sys.stdout) else 2,
        times=times,
    )
    if results is None:
        return
    tables.show(
        *_summary(results, tables),
        f"run folder: {output}",
        tables.times_table(times.seconds, time.perf_counter() - start),
    )


def _summary(results, tables):
    if "protocols" in results:
        return [tables.protocols_table(results)]
    best = results["best_score"]
    rate = f"{results['scores'][best]['acer']:.1%}"
    return tables.results_table(results), f"test ACER by the best single score ({best}): {rate}"


if __name__ == "__main__":
    sys.exit(run_script(parse_arguments, run, GOES_ON))
