"""Arguments of scripts that say which data set to work on."""

import argparse
from pathlib import Path
from typing import Any

from despoof_keras.datasets.data_sets import DATA_SETS, DEFAULT_DATA_SET, data_set
from despoof_keras.errors import DataError

# As `--protocol`: every protocol and fold.
ALL = "all"
# Options that `Data` calls by the same name.
_SAME_NAMES = ("protocol", "fold", "skip_bad", "find_eyes", "processes", "store")
# Options that a second data set has of its own, besides its folder.
_OF_ONE_DATA_SET = ("dataset", "protocol", "fold", "store")


def add_data_arguments(parser: argparse.ArgumentParser, default: str = DEFAULT_DATA_SET) -> None:
    """Add `--data-root`, `--dataset`, `--store`, `--data-seed` and those of `add_video_arguments`.

    Args:
        parser: to add them to.
        default: of `--dataset`.
    """
    parser.add_argument(
        "--data-root",
        type=Path,
        help="folder of the data set, or a manifest's CSV file; default: the embedded set",
    )
    add_data_set_argument(parser, default)
    parser.add_argument(
        "--store", type=Path, help="store of the data set, see `despoof data prepare`"
    )
    parser.add_argument("--data-seed", type=int, default=0, help="of the embedded set (default: 0)")
    add_video_arguments(parser)


def add_data_set_argument(parser: argparse.ArgumentParser, default: str = DEFAULT_DATA_SET) -> None:
    """Add `--dataset` with a default."""
    parser.add_argument(
        "--dataset",
        choices=tuple(DATA_SETS),
        default=default,
        help=f"which data set the folder holds (default: {default})",
    )


def add_further_data_arguments(
    parser: argparse.ArgumentParser, prefix: str, described: str, default: str | None = None
) -> None:
    """Add the arguments of further data, such as `--other-dataset`.

    Args:
        parser: to add them to.
        prefix: how their names begin, such as `"other"`.
        described: what the data are, in words.
        default: of the data set; None for none, and then there are no further data.
    """
    parser.add_argument(f"--{prefix}-root", type=Path, help=f"as --data-root, of {described}")
    parser.add_argument(
        f"--{prefix}-dataset",
        choices=tuple(DATA_SETS),
        default=default,
        help=f"as --dataset (default: {default or 'none'})",
    )
    parser.add_argument(f"--{prefix}-protocol", help="(default: the data set's first)")
    parser.add_argument(f"--{prefix}-fold", type=int)
    parser.add_argument(f"--{prefix}-store", type=Path)


def further_data_options(options: argparse.Namespace, prefix: str) -> argparse.Namespace | None:
    """The options with further data in place of the first; None where there are none.

    Raises:
        DataError: something is said of further data without their data set.
    """
    own = {name: getattr(options, f"{prefix}_{name}") for name in _OF_ONE_DATA_SET}
    root = getattr(options, f"{prefix}_root")
    if own["dataset"] is None:
        if root is not None or any(value is not None for value in own.values()):
            raise DataError(
                f"--{prefix}-dataset: expected the name of a data set, where other options begin "
                f"with --{prefix}; received none"
            )
        return None
    return argparse.Namespace(**{**vars(options), **own, "data_root": root})


def add_video_arguments(parser: argparse.ArgumentParser) -> None:
    """Add `--skip-bad`, `--find-eyes` and `--processes`."""
    parser.add_argument(
        "--skip-bad",
        action="store_true",
        help="leave out unusable videos, frames and lines of lists, and count them",
    )
    parser.add_argument(
        "--find-eyes",
        action="store_true",
        help="find the eyes in videos that have no eye file beside them (always done for data sets "
        "that come without eye files)",
    )
    add_processes_argument(parser)


def add_processes_argument(parser: argparse.ArgumentParser) -> None:
    """Add `--processes`."""
    parser.add_argument(
        "--processes",
        type=_positive,
        metavar="N",
        help="worker processes that decode videos or make the embedded set (default: as many as "
        "this process may use processors, and has memory for)",
    )


def add_protocol_arguments(
    parser: argparse.ArgumentParser,
    described: str = "the data set's first",
    *,
    with_all: bool = False,
) -> None:
    """Add `--protocol` and `--fold`.

    Args:
        parser: to add them to.
        described: what is meant where no protocol is named, in words.
        with_all: whether `ALL`, which stands for every protocol and fold, may be given too.
    """
    protocols, with_folds = [], []
    for row in DATA_SETS.values():
        protocols.append(f"{row.title}: {_listed(row.protocols)}")
        folds = [protocol for protocol in row.protocols if row.protocols[protocol]]
        if folds:
            with_folds.append(f"{row.title}: {_listed(folds)}")
    parser.add_argument(
        "--protocol",
        help=f"{'; '.join(protocols)}{f'; or {ALL}' if with_all else ''} (default: {described})",
    )
    parser.add_argument(
        "--fold", type=int, help=f"of a protocol that has folds ({'; '.join(with_folds)})"
    )


def check_protocol(options: argparse.Namespace) -> None:
    """Check `--protocol` and `--fold` against the data set, and put them as its table has them.

    Raises:
        DataError: there is no such protocol or fold, or a fold was given with `ALL`.
    """
    if options.protocol != ALL:
        row = data_set(options.dataset)
        options.protocol, options.fold = row.check_protocol(options.protocol, options.fold)
    elif options.fold is not None:
        raise DataError(
            f"--fold: expected none with --protocol {ALL}, which runs every fold; received "
            f"{options.fold}"
        )


def data_fields(options: argparse.Namespace) -> dict[str, Any]:
    """What the options say of the data, by the names that `synthesis.data_at` takes.

    An option that a script does not have is left out, and so is a protocol of `ALL`.
    """
    names = {"data_root": "root", "dataset": "name", "data_seed": "seed"}
    names |= {name: name for name in _SAME_NAMES}
    fields = {
        field: getattr(options, name) for name, field in names.items() if hasattr(options, name)
    }
    if fields.get("protocol") == ALL:
        del fields["protocol"]
    return fields


def named_folder(text: str) -> tuple[str, str | None]:
    """Read `NAME=FOLDER`, or the name alone of a data set that has an embedded one.

    Raises:
        DataError: there is no such data set.
    """
    name, _, root = text.partition("=")
    data_set(name)
    return name, root or None


def _positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a positive number; received {number}")
    return number


def _listed(numbers):
    return ", ".join(map(str, numbers))
