"""`despoof data check`: its options, and what it does."""

import argparse
import contextlib
import json
import logging
from collections.abc import Iterator
from pathlib import Path

from despoof_keras.datasets import arguments
from despoof_keras.datasets.check.screen import next_command, screen
from despoof_keras.datasets.data import Data
from despoof_keras.datasets.data_sets import DATA_SETS, DEFAULT_DATA_SET

CHECK_HELP = """Says what a data set holds, and whether a model can be trained and evaluated on it.

despoof data check faces/
despoof data check faces.csv --json
despoof data check --dataset siw /data/SiW --protocol 1

Every file is opened and its first frame decoded; faces are looked for in some. Options that the
recipes have too mean the same: what --skip-bad would leave out is listed with or without it.
Exit code: 0 usable, 1 not (the last line says why)."""

# Presentations in which a face is looked for, spread over splits and species.
SAMPLED = 200
ALL = "all"
# A folder that only OULU-NPU has.
_OULU_NPU = "Train_files"
_READERS_LOGGER = "despoof_keras.datasets"


def add_check_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `despoof data check`."""
    parser.add_argument(
        "data_root", type=Path, metavar="DIR", help="folder of the data set, or a manifest"
    )
    parser.add_argument(
        "--dataset",
        choices=tuple(DATA_SETS),
        help="which data set it is (default: manifest for a file, oulu_npu for a folder with "
        f"{_OULU_NPU}/, folder for any other)",
    )
    arguments.add_protocol_arguments(parser)
    parser.add_argument(
        "--sample",
        type=_number,
        default=SAMPLED,
        metavar="N",
        help=f"presentations in which a face is looked for, or {ALL} (default: {SAMPLED})",
    )
    arguments.add_video_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def check(options: argparse.Namespace) -> tuple[bool, str]:
    """Check a data set as the options say.

    Returns:
        Whether it is usable, and what is to be printed.

    Raises:
        DataError: there is no such protocol or fold.
        ImportError: a library is missing.
    """
    # The program's other commands work where nothing is installed that opens pictures and videos.
    from despoof_keras.datasets.check.findings import check_data

    data = Data(
        options.data_root,
        "",  # nothing is kept
        options.protocol,
        options.fold,
        options.dataset or _default_data_set(options.data_root),
        skip_bad=options.skip_bad,
        find_eyes=options.find_eyes,
        processes=options.processes,
    )
    with _without_warnings():
        findings = check_data(data, options.sample)
    if options.json:
        return findings["usable"], json.dumps(findings)
    text = screen(findings)
    if findings["usable"]:
        is_needed = options.skip_bad and bool(findings["left_out"])
        text += f"\nnext: {next_command(findings, skip_bad=is_needed)}"
    return findings["usable"], text


def _default_data_set(root):
    if root.is_file():
        return "manifest"
    return DEFAULT_DATA_SET if (root / _OULU_NPU).is_dir() else "folder"


@contextlib.contextmanager
def _without_warnings() -> Iterator[None]:
    """Hold back what the readers warn of: it is among the findings."""
    logger = logging.getLogger(_READERS_LOGGER)
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def _number(text):
    if text == ALL:
        return None
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a whole number or {ALL}; received {text}")
    return int(text)
