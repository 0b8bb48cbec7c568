"""The folder of a run or a search: its settings, its checkpoints and its history."""

import csv
import json
import re
from pathlib import Path

from despoof_keras.errors import DataError
from despoof_keras.utils.files import atomic_path, write_json

_CHECKPOINT_NAME = re.compile(r"epoch-(\d+)\.keras")


def checkpoint_path(folder, epochs_done):
    return Path(folder) / "checkpoints" / f"epoch-{epochs_done:04d}.keras"


def checkpoints(folder):
    """`(epochs done, path)` of a run's checkpoints, oldest first."""
    found = []
    for path in (Path(folder) / "checkpoints").glob("*.keras"):
        match = _CHECKPOINT_NAME.fullmatch(path.name)
        if match:
            found.append((int(match[1]), path))
    return sorted(found)


def read_history(folder, until=None):
    """Rows of `history.csv` up to epoch `until`, mappings of strings; none where it is missing."""
    path = Path(folder) / "history.csv"
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if until is None or int(row["epoch"]) <= until]


def write_history(folder, rows):
    with (
        atomic_path(Path(folder) / "history.csv") as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.DictWriter(file, fieldnames=list(rows[-1]))
        writer.writeheader()
        writer.writerows(rows)


def claim_folder(path, identity, what, resume):
    """Writes what a folder is begun with, or holds what is there against it.

    Args:
        path: the JSON file for it, in the folder.
        identity: what must be the same to go on, a mapping of JSON values.
        what: the folder's contents in one word, for messages.
        resume: whether to go on; without it the folder must be new.

    Raises:
        DataError: it is in use already, or was begun with something else.
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


def check_folder(path, identity, what):
    """Holds settings against those that a folder was begun with, arguments as `claim_folder`.

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
