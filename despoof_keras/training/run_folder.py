"""The folder of a run or a search: settings, checkpoints and history."""

from __future__ import annotations

import csv
import dataclasses
import json
import logging
import re
from collections.abc import Mapping
from pathlib import Path

from despoof_keras.datasets.fingerprint import difference, fingerprint
from despoof_keras.errors import DataError
from despoof_keras.training.config import TrainingConfig
from despoof_keras.utils.files import atomic_path, write_json

logger = logging.getLogger(__name__)

# The settings of a run.
RUN = "run.json"
# What a folder's settings call the fingerprint of its data, and the file beside them that says
# what the fingerprint was made of.
FINGERPRINT = "data_fingerprint"
DESCRIPTION = "data.json"
# What they call the data in words. It is no identity: the same data may lie elsewhere today.
TITLE = "data"
# What they call configurations: a run's, and those of a search's runs and trials.
_CONFIGURATIONS = ("config", "base", "trial")
_CHECKPOINT_NAME = re.compile(r"epoch-(\d+)\.keras")


def checkpoint_path(folder: Path, epochs_done: int) -> Path:
    """Return the path of a run's checkpoint after a number of finished epochs."""
    return Path(folder) / "checkpoints" / f"epoch-{epochs_done:04d}.keras"


def checkpoints(folder: Path) -> list[tuple[int, Path]]:
    """List a run's checkpoints as `(epochs done, path)`, oldest first."""
    listed = []
    for path in (Path(folder) / "checkpoints").glob("*.keras"):
        match = _CHECKPOINT_NAME.fullmatch(path.name)
        if match:
            listed.append((int(match[1]), path))
    return sorted(listed)


def newest_checkpoint(folder: Path) -> Path | None:
    """Return the path of a run's newest checkpoint, or None if there is none."""
    return next((path for _, path in checkpoints(folder)[::-1]), None)


def history_path(folder: Path) -> Path:
    """Return the path of a run's history, which has a row for every epoch."""
    return Path(folder) / "history.csv"


def read_history(folder: Path, until: int | None = None) -> list[dict[str, str]]:
    """Read the rows of `history.csv` up to epoch `until`; without the file there are none.

    An incomplete row, which an interrupted run may have left, is skipped.
    """
    path = history_path(folder)
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if None not in row.values()]
    return [row for row in rows if until is None or int(row["epoch"]) <= until]


def cut_history(folder: Path, epochs_done: int) -> None:
    """Remove the rows of epochs after `epochs_done`, and sort the columns as `RunHistory` does."""
    rows = read_history(folder, until=epochs_done)
    path = history_path(folder)
    if not rows:
        path.unlink(missing_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        return
    columns = ["epoch", *sorted(set(rows[0]) - {"epoch"})]
    with (
        atomic_path(path) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.DictWriter(file, fieldnames=columns)
        writer.writeheader()
        writer.writerows(rows)


def claim_folder(
    path: Path, identity: Mapping, what: str, resume: bool, data: Mapping | None = None
) -> None:
    """Write the settings of a new folder, or compare them with those of a folder to resume.

    Args:
        path: JSON file for the settings, in the folder.
        identity: mapping of JSON values that must be equal when the folder is resumed, except
            `TITLE`.
        what: noun for the folder's contents, for messages.
        resume: whether to resume; otherwise the folder must be new.
        data: mapping from split to `fingerprint.describe`.

    Raises:
        DataError: the folder is in use already, or its settings or its data differ.
    """
    if not path.exists():
        _write_settings(path, identity, data)
        return
    if not resume:
        raise DataError(
            f"{path.parent}: holds a {what} already; pass --resume to continue it, "
            "or another --output"
        )
    if not check_folder(path, identity, what, data):
        logger.warning(
            "%s: begun by a version that did not record its data; they cannot be compared with "
            "today's, and are from now on",
            path.parent,
        )
        _write_settings(path, identity, data)


def check_folder(path: Path, identity: Mapping, what: str, data: Mapping | None = None) -> bool:
    """Compare settings and data with those of an existing folder; arguments as in `claim_folder`.

    Returns:
        Whether the data could be compared. A folder of an older version has no fingerprint of
        them; then their title must be the same.

    Raises:
        DataError: the settings or the data differ.
    """
    identity = json.loads(json.dumps(identity))
    try:
        started = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(started, dict):
            raise ValueError("it holds no settings")
    except ValueError as error:
        raise DataError(f"{path}: expected the settings of a {what}; {error}") from error
    compared = [name for name in identity if name != TITLE or FINGERPRINT not in started]
    started = {name: _with_defaults(name, value) for name, value in started.items()}
    differing = [name for name in compared if started.get(name) != identity[name]]
    if differing:
        raise DataError(
            f"{path.parent}: expected the settings that the {what} was begun with; "
            f"{', '.join(differing)} differ from {path}"
        )
    if data is None:
        return True
    if FINGERPRINT in started and started[FINGERPRINT] != fingerprint(data):
        raise DataError(
            f"{path.parent}: expected the data that the {what} was begun with; "
            f"{_difference(path.with_name(DESCRIPTION), data)}"
        )
    return FINGERPRINT in started


def _write_settings(path, identity, data):
    if data is not None:
        write_json(path.with_name(DESCRIPTION), data)
        identity = {**identity, FINGERPRINT: fingerprint(data)}
    write_json(path, identity)


def _difference(path, data):
    try:
        before = json.loads(path.read_text(encoding="utf-8"))
        return difference(before, data)
    except (OSError, ValueError, AttributeError, TypeError):
        return f"others were given ({path} no longer says which they were)"


def _with_defaults(name, value):
    """Add the settings that an older version of this package did not have to a configuration."""
    if name not in _CONFIGURATIONS or not isinstance(value, dict):
        return value
    return {**dataclasses.asdict(TrainingConfig()), **value}
