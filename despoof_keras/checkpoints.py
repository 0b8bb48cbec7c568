"""A run's newest checkpoint and its history, on disk after every epoch."""

import csv
import re
from pathlib import Path

import keras

from despoof_keras.utils.files import atomic_path

_CHECKPOINT_NAME = re.compile(r"epoch-(\d+)\.keras")


class RunCheckpoint(keras.callbacks.Callback):
    """Keeps the newest finished epoch: the whole model with its optimizers, and the history.

    Files appear complete: the history first, the checkpoint after it. A resumed run cuts the
    history back to the checkpoint's epoch.

    Args:
        folder: of the run; `checkpoints/epoch-NNNN.keras` and `history.csv` are written there.
    """

    def __init__(self, folder):
        super().__init__()
        self.folder = Path(folder)

    def on_epoch_end(self, epoch, logs=None):
        done = epoch + 1
        rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        row = {
            "epoch": done,
            "learning_rate": rate,
            **{k: float(v) for k, v in (logs or {}).items()},
        }
        write_history(self.folder, [*read_history(self.folder, until=epoch), row])
        with atomic_path(checkpoint_path(self.folder, done)) as temporary:
            self.model.save(temporary)
        for number, path in checkpoints(self.folder):
            if number < done:
                path.unlink()


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
