"""The folder of a run or a search: its settings, its checkpoints and its history."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping
from pathlib import Path

from despoof_keras.errors import DataError
from despoof_keras.utils.files import atomic_path, write_json

_CHECKPOINT_NAME = re.compile(r"epoch-(\d+)\.keras")


def checkpoint_path(folder: Path, epochs_done: int) -> Path:
    """Name the checkpoint of a run after so many finished epochs."""
    return Path(folder) / "checkpoints" / f"epoch-{epochs_done:04d}.keras"


def checkpoints(folder: Path) -> list[tuple[int, Path]]:
    """List `(epochs done, path)` of a run's checkpoints, oldest first."""
    listed = []
    for path in (Path(folder) / "checkpoints").glob("*.keras"):
        match = _CHECKPOINT_NAME.fullmatch(path.name)
        if match:
            listed.append((int(match[1]), path))
    return sorted(listed)


def newest_checkpoint(folder: Path) -> Path | None:
    """Return the path of a run's newest checkpoint, None without any."""
    return next((path for _, path in checkpoints(folder)[::-1]), None)


def history_path(folder: Path) -> Path:
    """Name the file of a run's figures, a row for every epoch."""
    return Path(folder) / "history.csv"


def read_history(folder: Path, until: int | None = None) -> list[dict[str, str]]:
    """Read the rows of `history.csv`, up to epoch `until`; none where there is no file.

    A row that an interrupted run has written in part is left out.
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


def claim_folder(path: Path, identity: Mapping, what: str, resume: bool) -> None:
    """Write the settings that a folder is begun with, or compare them with those already there.

    Args:
        path: the JSON file for them, in the folder.
        identity: what must be the same to go on, a mapping of JSON values.
        what: the folder's contents in one word, for messages.
        resume: whether to go on; otherwise the folder must be new.

    Raises:
        DataError: the folder is in use already, or was begun with other settings.
    """
    if not path.exists():
        write_json(path, identity)
        return
    if not resume:
        raise DataError(
            f"{path.parent}: holds a {what} already; pass --resume to go on with it, "
            "or another --output"
        )
    check_folder(path, identity, what)


def check_folder(path: Path, identity: Mapping, what: str) -> None:
    """Compare settings with those that a folder was begun with; arguments as in `claim_folder`.

    Raises:
        DataError: they differ.
    """
    identity = json.loads(json.dumps(identity))
    try:
        started = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{path}: expected the settings of a {what}; {error}") from error
    differing = [name for name in identity if started.get(name) != identity[name]]
    if differing:
        raise DataError(
            f"{path.parent}: expected the settings that the {what} was begun with; "
            f"{', '.join(differing)} differ from {path}"
        )
