"""Trains and evaluates on OULU-NPU, or, without --data-root, on the embedded set.

python recipes/train_oulu.py
python recipes/train_oulu.py --data-root /data/Oulu_NPU --protocol 3 --fold 2 --config released
"""

import argparse
import dataclasses
import logging
import os
import sys
from pathlib import Path

from data_arguments import add_data_arguments, chosen_data

from despoof_keras.datasets.oulu_npu_protocols import check_protocol
from despoof_keras.training.presets import CONFIGURATIONS, named_or_stored
from despoof_keras.utils.files import check_writable
from despoof_keras.utils.programs import run_program

GOES_ON = "the same command with --resume goes on after the last finished epoch"


def parse_arguments(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_data_arguments(parser)
    parser.add_argument("--protocol", type=int, default=1, help="1 to 4 (default: 1)")
    parser.add_argument("--fold", type=int, help="1 to 6, with protocols 3 and 4")
    parser.add_argument(
        "--config",
        default="embedded",
        help=f"{', '.join(CONFIGURATIONS)}, or a JSON file of settings (default: embedded)",
    )
    parser.add_argument("--image-size", type=int, help="side of the face crops in pixels")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--batch-size", type=int)
    parser.add_argument("--seed", type=int, default=0, help="of the training (default: 0)")
    parser.add_argument("--output", type=Path, help="run folder (default: runs/p<protocol>...)")
    parser.add_argument("--resume", action="store_true", help="go on with the run in --output")
    parser.add_argument(
        "--strategy",
        choices=("auto", "one", "mirrored", "multi-worker"),
        default="auto",
        help="one device, all of this machine, or several machines by TF_CONFIG "
        "(default: auto, mirrored where several GPUs are seen)",
    )
    parser.add_argument(
        "--replicas", type=int, help="with --strategy mirrored: GPUs, or logical parts of the CPU"
    )
    parser.add_argument(
        "--mixed-precision", choices=("bfloat16", "float16"), help="compute in half precision"
    )
    parser.add_argument(
        "--jit",
        dest="jit_compile",
        action="store_true",
        help="compile losses and gradients with XLA",
    )
    parser.add_argument(
        "--synchronized-norm",
        action="store_true",
        help="normalise by the whole batch, not by each device's part of it",
    )
    return parser.parse_args(arguments)


def configuration(options):
    """The named or stored configuration, with what the command line overrides."""
    config = named_or_stored(options.config)
    overrides = {name: getattr(options, name) for name in ("image_size", "epochs", "batch_size")}
    if options.mixed_precision:
        overrides["dtype_policy"] = f"mixed_{options.mixed_precision}"
    for name in ("jit_compile", "synchronized_norm"):
        overrides[name] = getattr(options, name) or None
    return dataclasses.replace(config, **{k: v for k, v in overrides.items() if v is not None})


def run(options):
    config = configuration(options)
    check_protocol(options.protocol, options.fold)
    fold = f"-fold{options.fold}" if options.fold else ""
    output = options.output or Path("runs") / f"p{options.protocol}{fold}-seed{options.seed}"
    if options.strategy != "multi-worker":  # of several machines the chief alone writes there
        check_writable(output)

    from rich.console import Console

    from despoof_keras.distribution.strategy import distribute
    from despoof_keras.evaluation.tables import results_table
    from despoof_keras.synthesis import cache_folder
    from despoof_keras.training.experiment import Experiment, run_experiment

    check_writable(cache_folder())
    distribution = distribute(options.strategy, options.replicas)
    if distribution.workers > 1 and config.data_parts == 1:
        config = dataclasses.replace(config, data_parts=distribution.workers)
    distribution.check(config)
    root, data = chosen_data(options)
    experiment = Experiment(
        config=config,
        data_root=root,
        data=data,
        protocol=options.protocol,
        fold=options.fold,
        seed=options.seed,
        output=output,
        cache=cache_folder() / "crops",
        skip_bad=options.skip_bad,
        find_eyes=options.find_eyes,
    )
    verbose = 1 if sys.stdout.isatty() else 2
    results = run_experiment(
        experiment, resume=options.resume, distribution=distribution, verbose=verbose
    )
    if results is None:
        return
    console = Console(width=None if sys.stdout.isatty() else 140)
    console.print(results_table(results))
    best = results["best_score"]
    console.print(
        f"test ACER by the best single score ({best}): {results['scores'][best]['acer']:.1%}"
    )
    console.print(f"run folder: {output}")


def main():
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    options = parse_arguments()
    return run_program("train_oulu.py", lambda: run(options), GOES_ON)


if __name__ == "__main__":
    sys.exit(main())
