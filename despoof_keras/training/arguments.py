"""Arguments of scripts that train: settings, run folder, devices, and those of a search."""

import argparse
import dataclasses
from pathlib import Path

from despoof_keras.datasets.arguments import ALL
from despoof_keras.datasets.protocol_folds import Fold
from despoof_keras.distribution import STRATEGIES
from despoof_keras.training.config import TrainingConfig
from despoof_keras.training.presets import (
    CONFIGURATIONS,
    HYPERBAND_EPOCHS,
    TRIAL,
    named_or_stored,
)


def add_config_argument(
    parser: argparse.ArgumentParser, purpose: str = "", default: str = "embedded"
) -> None:
    """Add `--config`; `purpose` says what the configuration is for."""
    parser.add_argument(
        "--config",
        default=default,
        help=f"{purpose}{', '.join(CONFIGURATIONS)}, or a JSON file of settings "
        f"(default: {default})",
    )


def add_override_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that override the configuration, see `configuration`."""
    parser.add_argument("--image-size", type=int, help="side of the face crops in pixels")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--batch-size", type=int)
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


def add_run_arguments(parser: argparse.ArgumentParser, what: str, output: str) -> None:
    """Add `--seed`, `--output` and `--resume`.

    Args:
        parser: to add them to.
        what: the run in a word or two.
        output: how the default of `--output` begins.
    """
    parser.add_argument("--seed", type=int, default=0, help=f"of the {what} (default: 0)")
    parser.add_argument("--output", type=Path, help=f"folder (default: {output}...)")
    parser.add_argument(
        "--resume", action="store_true", help=f"continue the {what} in the folder --output"
    )


def add_strategy_arguments(parser: argparse.ArgumentParser, *, machines: bool) -> None:
    """Add `--strategy` and `--replicas`; with `machines`, several machines are a choice."""
    several = ", or several machines by TF_CONFIG" if machines else ""
    parser.add_argument(
        "--strategy",
        choices=STRATEGIES if machines else STRATEGIES[:-1],
        default="auto",
        help=f"one device, all of this machine{several} "
        "(default: auto, which is mirrored where several GPUs are seen)",
    )
    parser.add_argument(
        "--replicas", type=int, help="with --strategy mirrored: GPUs, or logical parts of the CPU"
    )


def add_search_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of a search: its algorithm, and the number and the sizes of its trials."""
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
        help="(default: 8; hyperband runs as many whole iterations as have at least so many)",
    )
    parser.add_argument("--image-size", type=int, default=TRIAL["image_size"], help="of the trials")
    parser.add_argument(
        "--epochs",
        type=int,
        help=f"of a trial (default: {TRIAL['epochs']}; with hyperband {HYPERBAND_EPOCHS}, the most "
        "that a trial may have)",
    )
    parser.add_argument(
        "--steps", type=int, default=TRIAL["steps_per_epoch"], help="in an epoch of a trial"
    )
    parser.add_argument(
        "--frames", type=int, default=TRIAL["frames_per_video"], help="of each video in the trials"
    )
    parser.add_argument(
        "--worker-timeout",
        type=float,
        default=600.0,
        help="seconds without a sign of life of any worker after which the chief of a search on "
        "several machines ends (default: 600)",
    )


def add_variation_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `variations` takes: rows, protocols, folds, seeds, and other data."""
    parser.add_argument(
        "--vary",
        nargs="+",
        action="append",
        default=[],
        metavar="SETTING=VALUE",
        help="a row of the table: settings of the configuration that are others; give it once for "
        "each row. The first row changes nothing",
    )
    parser.add_argument("--protocols", nargs="+", metavar="P", help="(default: all)")
    parser.add_argument("--folds", type=int, nargs="+", metavar="K", help="(default: all)")
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=[0], metavar="N", help="(default: 0)"
    )
    parser.add_argument(
        "--other",
        action="append",
        default=[],
        metavar="NAME[=FOLDER]",
        help="data that every model is tested on besides, such as replay_attack, of which there is "
        "an embedded set, or folder=faces; of folders and manifests all splits",
    )


def configuration(options: argparse.Namespace) -> TrainingConfig:
    """The named or stored configuration, with what `add_override_arguments` gives instead.

    Raises:
        DataError: there is no such configuration, or a value is outside its range.
    """
    overrides = {name: getattr(options, name) for name in ("image_size", "epochs", "batch_size")}
    if options.mixed_precision:
        overrides["dtype_policy"] = f"mixed_{options.mixed_precision}"
    for name in ("jit_compile", "synchronized_norm"):
        overrides[name] = getattr(options, name) or None
    overrides = {name: value for name, value in overrides.items() if value is not None}
    config = named_or_stored(options.config)
    if options.epochs is not None:
        # A short run would otherwise begin with the whole pretraining of a long one.
        shorter = min(config.depth_pretraining_epochs, options.epochs)
        overrides["depth_pretraining_epochs"] = shorter
    return dataclasses.replace(config, **overrides)


def protocol_name(options: argparse.Namespace) -> str:
    """How a run's folder names the protocol and the fold, such as `"p3-fold2"`, or all of them."""
    if options.protocol == ALL:
        return ALL
    return Fold(options.protocol, options.fold).folder
