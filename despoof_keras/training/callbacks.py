"""Keras callbacks of a training run: checkpoints, history, averaged validation, a loss guard."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path

import keras
import tensorflow as tf

from despoof_keras.errors import TrainingError
from despoof_keras.training.run_folder import (
    checkpoint_path,
    checkpoints,
    cut_history,
    history_path,
)
from despoof_keras.utils.files import atomic_path

# A loss this many times its first value does not recover: with the released loss weights, the loss
# of a healthy run shrinks from the first step on.
DIVERGED = 1e3

Logs = Mapping[str, float] | None


class AveragedValidation(keras.callbacks.Callback):
    """Validation with the moving averages of the weights, which are restored afterwards."""

    def on_test_begin(self, logs: Logs = None) -> None:
        self.model.swap_averages()

    def on_test_end(self, logs: Logs = None) -> None:
        self.model.swap_averages()


class RunGuard(keras.callbacks.TerminateOnNaN):
    """Guard that stops training with a `TrainingError` if the loss becomes NaN or diverges.

    It must come before the callback that saves checkpoints, so that the last good checkpoint is
    kept.

    Args:
        newest_checkpoint: function without arguments that returns the path of the newest
            checkpoint, or None.
    """

    def __init__(self, newest_checkpoint: Callable[[], Path | None]):
        super().__init__(raise_error=True)
        self._newest_checkpoint = newest_checkpoint
        self._first_loss: float | None = None
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._epoch = epoch + 1

    def on_batch_end(self, batch: int, logs: Logs = None) -> None:
        logs = logs or {}
        when = f"epoch {self._epoch}, step {batch + 1}"
        try:
            super().on_batch_end(batch, logs)
        except RuntimeError as error:
            raise self._error(when, logs) from error
        if self._first_loss is None:
            self._first_loss = abs(float(logs["loss"]))
        if self._has_diverged(logs["loss"]):
            raise self._error(when, logs)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        # Only validation sees the weights after the last step, or their moving averages. AUC and
        # ACER are NaN if the dev set lacks a class, which is no fault of the training.
        figures = {k: v for k, v in (logs or {}).items() if k not in ("val_acer", "val_auc")}
        finite = all(math.isfinite(float(value)) for value in figures.values())
        if not finite or self._has_diverged(figures.get("val_loss", 0.0)):
            raise self._error(f"validation after epoch {epoch + 1}", figures)

    def _has_diverged(self, loss):
        return abs(float(loss)) > DIVERGED * max(self._first_loss, 1.0)

    def _error(self, when, logs):
        lost = [name for name, value in logs.items() if not math.isfinite(float(value))]
        losses = (f"{k} {float(logs[k]):.3g}" for k in ("loss", "val_loss") if k in logs)
        cause = f"not finite: {', '.join(lost)}" if lost else f"diverged: {', '.join(losses)}"
        path = self._newest_checkpoint()
        left = "there is no earlier checkpoint"
        if path:
            left = f"the last good checkpoint {path} is kept"
        return TrainingError(
            f"training stopped in {when}, {cause}; {left}. The same settings would fail again: "
            "start another run with a lower learning_rate, or with global_clipnorm"
        )


class SharedStatistics(keras.callbacks.Callback):
    """Averaging of batch norm statistics, and of their moving averages, over the replicas.

    Without synchronized batch norm, each replica tracks the statistics of its own part of the
    batches. A checkpoint holds a single set of statistics, from which all replicas of a resumed run
    start. An uninterrupted run has to do the same, or it would end with different weights. The
    averaging takes place before every validation, so that the model that is validated is the model
    that is saved.

    The callback must come before `AveragedValidation`. On a single replica it does nothing.
    """

    def __init__(self):
        super().__init__()
        self._share = None

    def on_test_begin(self, logs: Logs = None) -> None:
        if self.model.distribute_strategy.num_replicas_in_sync > 1:
            if self._share is None:
                self._share = _make_sharing_function(self.model)
            self._share()


def _make_sharing_function(model):
    variables = model.averaged_variables()
    averages = [
        average
        for average, variable in zip(model.averages, variables, strict=False)
        if not variable.trainable
    ]
    moving = [variable for variable in variables if not variable.trainable]
    statistics = [variable.value for variable in (*moving, *averages)]

    def share():
        replica = tf.distribute.get_replica_context()
        values = [tf.identity(statistic) for statistic in statistics]
        means = replica.all_reduce(tf.distribute.ReduceOp.MEAN, values)
        for variable, mean in zip(statistics, means, strict=True):
            variable.assign(mean)

    return tf.function(lambda: model.distribute_strategy.run(share))


class RunHistory(keras.callbacks.CSVLogger):
    """History of a run: a row in `history.csv` after every epoch, with learning rate and metrics.

    Args:
        folder: folder of the run.
        epochs_done: finished epochs of the checkpoint that the run resumes from; rows of later
            epochs, which an interrupted run may have left, are removed.
    """

    def __init__(self, folder: Path, epochs_done: int = 0):
        cut_history(folder, epochs_done)
        super().__init__(history_path(folder), append=epochs_done > 0)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        super().on_epoch_end(epoch + 1, {"learning_rate": rate, **(logs or {})})


class RunCheckpoint(keras.callbacks.Callback):
    """Checkpoint of the newest finished epoch: the whole model with its optimizers.

    The callback must come after `RunHistory`, because a resumed run cuts the history back to the
    checkpoint.

    Args:
        folder: folder of the run; `checkpoints/epoch-NNNN.keras` is written there, atomically.
    """

    def __init__(self, folder: Path):
        super().__init__()
        self.folder = Path(folder)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        done = epoch + 1
        with atomic_path(checkpoint_path(self.folder, done)) as temporary:
            self.model.save(temporary)
        for number, path in checkpoints(self.folder):
            if number < done:
                path.unlink()
