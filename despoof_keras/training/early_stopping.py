"""Training that stops when dev gets no better, and the weights of its best epoch."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path

import keras

from despoof_keras.training.run_folder import read_history
from despoof_keras.utils.files import atomic_path, write_json

# What an epoch is judged by: the area under the curve of `monitor_score` on dev. Unlike an error
# rate, it moves with single presentations where there are few.
MONITOR = "val_auc"


def best_path(folder: Path) -> Path:
    """Return the path of the checkpoint of a run's best epoch."""
    return Path(folder) / "checkpoints" / "best.keras"


def _initial_path(folder: Path) -> Path:
    return Path(folder) / "checkpoints" / "initial.json"


def keep_initial(folder: Path, model: keras.Model, figure: float) -> None:
    """Keep the model that training begins with, as epoch 0: none may be better.

    Args:
        folder: of the run.
        model: compiled, before its first step.
        figure: its `MONITOR`.
    """
    with atomic_path(best_path(folder)) as temporary:
        model.save(temporary)
    write_json(_initial_path(folder), {MONITOR: figure})


def best_epoch(folder: Path) -> int | None:
    """The best epoch of a run's history, from 1; None without any.

    It is 0 if no epoch is better than the model that `keep_initial` kept. Of equally good epochs it
    is the first, whose weights are nearest to those that training began with.
    """
    rows = read_history(folder)
    figures = {int(row["epoch"]): float(row[MONITOR]) for row in rows}
    if _initial_path(folder).is_file():
        figures[0] = json.loads(_initial_path(folder).read_text(encoding="utf-8"))[MONITOR]
    known = {epoch: figure for epoch, figure in figures.items() if math.isfinite(figure)}
    return max(known, key=lambda epoch: (known[epoch], -epoch), default=None)


def has_stopped(folder: Path, epochs_done: int, patience: int | None) -> bool:
    """Whether a run's last epochs, as many as `patience`, were no better than one before."""
    best = best_epoch(folder)
    return patience is not None and best is not None and epochs_done - best >= patience


class EarlyStopping(keras.callbacks.Callback):
    """Keeps the best epoch's checkpoint, and stops training when none has been better for long.

    Unlike Keras' own callback it goes on where an interrupted run stood: all that it knows is in
    `history.csv`. It must come after `RunHistory`, and before `RunCheckpoint`: an epoch that has a
    checkpoint is not repeated.

    Args:
        folder: folder of the run.
        patience: epochs without a better one.
    """

    def __init__(self, folder: Path, patience: int):
        super().__init__()
        self._folder = Path(folder)
        self._patience = patience

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        done = epoch + 1
        if best_epoch(self._folder) in (done, None):
            with atomic_path(best_path(self._folder)) as temporary:
                self.model.save(temporary)
        if has_stopped(self._folder, done, self._patience):
            self.model.stop_training = True
