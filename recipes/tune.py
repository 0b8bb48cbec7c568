"""Searches for training settings with keras-tuner, on OULU-NPU or the embedded set.

python recipes/tune.py
python recipes/train_oulu.py --config searches/p1-bayesian-seed0/best.json

The trials are small: few pixels, few steps. The best settings are written with the sizes of
--config.
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
from despoof_keras.utils.programs import run_program

GOES_ON = "the same command with --resume goes on after the last finished trial"
# Hyperband needs three epochs: it trains the best third of the trials three times as long.
HYPERBAND_EPOCHS = 3
# A trial of the default size takes about a minute on two CPU cores.
SMALL = {"image_size": 32, "epochs": 2, "steps_per_epoch": 120, "frames_per_video": 3, "jitter": 2}


def parse_arguments(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--algorithm",
        choices=("random", "hyperband", "bayesian"),
        default="bayesian",
        help="(default: bayesian)",
    )
    parser.add_argument(
        "--trials",
        type=int,
        default=8,
        help="(default: 8; hyperband runs as many as its own iterations need to have so many)",
    )
    parser.add_argument("--image-size", type=int, default=SMALL["image_size"], help="of the trials")
    parser.add_argument(
        "--epochs",
        type=int,
        help=f"of a trial (default: {SMALL['epochs']}; with hyperband {HYPERBAND_EPOCHS} at most)",
    )
    parser.add_argument(
        "--steps", type=int, default=SMALL["steps_per_epoch"], help="in an epoch of a trial"
    )
    parser.add_argument(
        "--frames", type=int, default=SMALL["frames_per_video"], help="of each video in the trials"
    )
    parser.add_argument(
        "--config",
        default="embedded",
        help=f"what is not searched: {', '.join(CONFIGURATIONS)}, or a JSON file of settings "
        "(default: embedded)",
    )
    add_data_arguments(parser)
    parser.add_argument("--protocol", type=int, default=1, help="1 to 4 (default: 1)")
    parser.add_argument("--fold", type=int, help="1 to 6, with protocols 3 and 4")
    parser.add_argument("--seed", type=int, default=0, help="of search and trials (default: 0)")
    parser.add_argument("--output", type=Path, help="folder (default: searches/p<protocol>...)")
    parser.add_argument("--resume", action="store_true", help="go on with the search in --output")
    parser.add_argument(
        "--strategy",
        choices=("auto", "one", "mirrored"),
        default="auto",
        help="devices of this machine for every trial (default: auto)",
    )
    parser.add_argument("--replicas", type=int, help="with --strategy mirrored")
    parser.add_argument(
        "--worker-timeout",
        type=float,
        default=600.0,
        help="seconds after which the chief of a search on several machines ends when no worker "
        "shows any life (default: 600)",
    )
    return parser.parse_args(arguments)


def run(options):
    check_protocol(options.protocol, options.fold)
    base = named_or_stored(options.config)
    usual = HYPERBAND_EPOCHS if options.algorithm == "hyperband" else SMALL["epochs"]
    trial = dataclasses.replace(
        base,
        image_size=options.image_size,
        epochs=usual if options.epochs is None else options.epochs,
        steps_per_epoch=options.steps,
        frames_per_video=options.frames,
        jitter=min(base.jitter, SMALL["jitter"]),
    )

    from rich.console import Console

    from despoof_keras.distribution.strategy import distribute
    from despoof_keras.synthesis import cache_folder
    from despoof_keras.training.search.report import ranked_table
    from despoof_keras.training.search.run import Search, run_search

    distribution = distribute(options.strategy, options.replicas)
    fold = f"-fold{options.fold}" if options.fold else ""
    name = f"p{options.protocol}{fold}-{options.algorithm}-seed{options.seed}"
    root, data = chosen_data(options)
    search = Search(
        base=base,
        trial=trial,
        algorithm=options.algorithm,
        trials=options.trials,
        data_root=root,
        data=data,
        protocol=options.protocol,
        fold=options.fold,
        seed=options.seed,
        output=options.output or Path("searches") / name,
        cache=cache_folder() / "crops",
        skip_bad=options.skip_bad,
        find_eyes=options.find_eyes,
    )
    outcomes = run_search(
        search,
        resume=options.resume,
        distribution=distribution,
        worker_timeout=options.worker_timeout,
        verbose=1 if sys.stdout.isatty() else 2,
    )
    if outcomes is None:
        print("no trials are left for this worker; the chief writes the results")
        return
    console = Console(width=None if sys.stdout.isatty() else 200)
    console.print(ranked_table(outcomes))
    console.print(f"best settings: {search.output / 'best.json'}")
    console.print(f"picture: {search.output / 'search.png'}")


def main():
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    options = parse_arguments()
    return run_program("tune.py", lambda: run(options), GOES_ON)


if __name__ == "__main__":
    sys.exit(main())
