"""Callbacks of a training run: checkpoints, history, averaged validation, a guard of the loss."""

from __future__ import annotations

import math
from collections.abc import Callable
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

# A loss this many times its first value will not come back: the released weights' own losses
# shrink from the first step on.
EXPLODED = 1e3


class AveragedValidation(keras.callbacks.Callback):
    """Validate with the moving averages of the weights, and put the weights back afterwards."""

    def on_test_begin(self, logs=None):
        self.model.swap_averages()

    def on_test_end(self, logs=None):
        self.model.swap_averages()


class RunGuard(keras.callbacks.TerminateOnNaN):
    """Stop the run with a `TrainingError` when a figure is not finite or the loss explodes.

    It has to stand before the callback that saves checkpoints, so that the last good one is kept.

    Args:
        newest_checkpoint: function without arguments that returns the path of the newest
            checkpoint, or None.
    """

    def __init__(self, newest_checkpoint: Callable[[], Path | None]):
        super().__init__(raise_error=True)
        self._newest_checkpoint = newest_checkpoint
        self._first = None
        self._epoch = 0

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch + 1

    def on_batch_end(self, batch, logs=None):
        when = f"epoch {self._epoch}, step {batch + 1}"
        try:
            super().on_batch_end(batch, logs)
        except RuntimeError as error:
            raise self._error(when, logs) from error
        if self._first is None:
            self._first = abs(float(logs["loss"]))
        if self._is_exploded(logs["loss"]):
            raise self._error(when, logs)

    def on_epoch_end(self, epoch, logs=None):
        # Validation sees the weights after the last step, or their moving averages. AUC and ACER
        # have no value where the dev set lacks a class, which is no fault of the training.
        figures = {k: v for k, v in (logs or {}).items() if k not in ("val_acer", "val_auc")}
        finite = all(math.isfinite(float(value)) for value in figures.values())
        if not finite or self._is_exploded(figures.get("val_loss", 0.0)):
            raise self._error(f"validation after epoch {epoch + 1}", figures)

    def _is_exploded(self, loss):
        return abs(float(loss)) > EXPLODED * max(self._first, 1.0)

    def _error(self, when, logs):
        lost = [name for name, value in logs.items() if not math.isfinite(float(value))]
        losses = (f"{k} {float(logs[k]):.3g}" for k in ("loss", "val_loss") if k in logs)
        what = f"not finite: {', '.join(lost)}" if lost else f"exploded: {', '.join(losses)}"
        path = self._newest_checkpoint()
        kept = f"{path}, from before, is kept" if path else "there is no checkpoint from before"
        return TrainingError(
            f"training stopped in {when}, {what}; {kept}. The same settings would end the same "
            "way: start another run with a lower learning_rate, or with global_clipnorm"
        )


class SharedStatistics(keras.callbacks.Callback):
    """Average moving statistics, and their moving averages, over the replicas.

    Without synchronized batch norm each replica follows its own part of the batches. A checkpoint
    holds one set of statistics, so a resumed run starts from the same on every replica. A run that
    is not interrupted has to do so too, or the two would end with different weights. The model that
    is validated is also the one that is kept, so this happens before every validation.

    It has to stand before `AveragedValidation`. On one replica it does nothing.
    """

    def __init__(self):
        super().__init__()
        self._share = None

    def on_test_begin(self, logs=None):
        if self.model.distribute_strategy.num_replicas_in_sync > 1:
            if self._share is None:
                self._share = _statistics_sharing(self.model)
            self._share()


def _statistics_sharing(model):
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
    """Write a row to `history.csv` after every epoch: epochs done, learning rate, all figures.

    Args:
        folder: of the run.
        epochs_done: epochs of the checkpoint that the run goes on from; rows of later ones, which
            an interrupted run may have left, are removed.
    """

    def __init__(self, folder: Path, epochs_done: int = 0):
        cut_history(folder, epochs_done)
        super().__init__(history_path(folder), append=epochs_done > 0)

    def on_epoch_end(self, epoch, logs=None):
        rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        super().on_epoch_end(epoch + 1, {"learning_rate": rate, **(logs or {})})


class RunCheckpoint(keras.callbacks.Callback):
    """Keep the newest finished epoch: the whole model with its optimizers.

    It has to stand after `RunHistory`: a resumed run cuts the history back to the checkpoint.

    Args:
        folder: of the run; `checkpoints/epoch-NNNN.keras` is written there, complete or not at all.
    """

    def __init__(self, folder: Path):
        super().__init__()
        self.folder = Path(folder)

    def on_epoch_end(self, epoch, logs=None):
        done = epoch + 1
        with atomic_path(checkpoint_path(self.folder, done)) as temporary:
            self.model.save(temporary)
        for number, path in checkpoints(self.folder):
            if number < done:
                path.unlink()
