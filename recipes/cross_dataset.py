"""Train on each of two data sets and test on the other: HTER and AUC, both ways.

python recipes/cross_dataset.py
python recipes/cross_dataset.py --data-root /data/CASIA-FASD --other-root /data/replay-attack
python recipes/cross_dataset.py --dataset oulu_npu --other-dataset folder --other-root faces/
"""

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

# The paper's pair.
PAIR = ("casia_fasd", "replay_attack")
GOES_ON = "the same command with --resume goes on after the last finished epoch"


def parse_arguments(arguments=None):
    parser = script_parser(__doc__)
    data_arguments.add_data_arguments(parser, PAIR[0])
    data_arguments.add_protocol_arguments(parser)
    data_arguments.add_further_data_arguments(parser, "other", "the other data set", PAIR[1])
    run_arguments.add_config_argument(parser)
    run_arguments.add_override_arguments(parser)
    run_arguments.add_run_arguments(parser, "trainings", "runs/cross-seed")
    return parser.parse_args(arguments)


def run(options):
    start, times = time.perf_counter(), BusyTimes()
    config = run_arguments.configuration(options)
    both = (options, data_arguments.further_data_options(options, "other"))
    for one in both:
        data_arguments.check_protocol(one)
    output = options.output or Path("runs") / f"cross-seed{options.seed}"
    check_writable(output)

    with times.measure("libraries"):
        start_tensorflow()
        from despoof_keras.evaluation import tables
        from despoof_keras.synthesis import data_at
        from despoof_keras.training.cross_data_sets import run_cross_tests
        from despoof_keras.training.experiment import DATA

    writable_cache()
    with times.measure(DATA):
        one, other = (data_at(**data_arguments.data_fields(own)) for own in both)
    results = run_cross_tests(
        config,
        (one, other),
        options.seed,
        output,
        resume=options.resume,
        verbose=1 if is_terminal(sys.stdout) else 2,
        times=times,
    )
    tables.show(
        tables.cross_table(results),
        f"folder: {output}",
        tables.times_table(times.seconds, time.perf_counter() - start),
    )


if __name__ == "__main__":
    sys.exit(run_script(parse_arguments, run, GOES_ON))
