"""Train a trained model on with your own data, and compare it with what it was.

python recipes/finetune.py --init runs/p1-seed0/model.keras --dataset folder --data-root faces
python recipes/finetune.py --init released_weights.npz --dataset folder --data-root faces
python recipes/finetune.py --init MODEL --dataset replay_attack --old-dataset oulu_npu
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

GOES_ON = "the same command with --resume goes on after the last finished epoch"


def parse_arguments(arguments=None):
    parser = script_parser(__doc__)
    parser.add_argument(
        "--init",
        type=Path,
        required=True,
        help="model to begin with: a .keras file, or the authors' released folder or .npz file",
    )
    data_arguments.add_data_arguments(parser)
    data_arguments.add_protocol_arguments(parser)
    data_arguments.add_further_data_arguments(parser, "old", "the data of the model's training")
    run_arguments.add_config_argument(parser, default="finetune")
    run_arguments.add_override_arguments(parser)
    run_arguments.add_run_arguments(parser, "fine-tuning", "runs/finetuned-seed")
    return parser.parse_args(arguments)


def run(options):
    start, times = time.perf_counter(), BusyTimes()
    config = run_arguments.configuration(options)
    old_options = data_arguments.further_data_options(options, "old")
    for one in filter(None, (options, old_options)):
        data_arguments.check_protocol(one)
    output = options.output or Path("runs") / f"finetuned-seed{options.seed}"
    check_writable(output)

    with times.measure("libraries"):
        start_tensorflow()
        from despoof_keras.evaluation import tables
        from despoof_keras.synthesis import data_at
        from despoof_keras.training.experiment import DATA, Experiment
        from despoof_keras.training.finetune import run_finetuning

    writable_cache()
    with times.measure(DATA):
        data = data_at(**data_arguments.data_fields(options))
        old = old_options and data_at(**data_arguments.data_fields(old_options))
    results = run_finetuning(
        Experiment(config, data, options.seed, output),
        options.init,
        old=old,
        resume=options.resume,
        verbose=1 if is_terminal(sys.stdout) else 2,
        times=times,
    )
    tables.show(
        tables.finetuning_table(results),
        f"run folder: {output}",
        tables.times_table(times.seconds, time.perf_counter() - start),
    )


if __name__ == "__main__":
    sys.exit(run_script(parse_arguments, run, GOES_ON))
