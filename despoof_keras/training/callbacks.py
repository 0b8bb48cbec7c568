"""Keras callbacks of a training run: checkpoints, history, averaged validation, a loss guard."""

from __future__ import annotations

import logging
import math
import time
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
from despoof_keras.utils.progress import LINE_INTERVAL, duration

logger = logging.getLogger(__name__)

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


class ProgressLines(keras.callbacks.Callback):
    """Logs epoch, step, loss and the time left, at most once in an interval.

    Add it where `fit` runs with `verbose=2` or 0. The time left is estimated from all steps since
    the first, which is left out because it compiles the graph; the time spent on validation and
    checkpoints so far is counted as part of the steps.

    Args:
        interval: seconds between two lines.
        clock: function that returns seconds.
    """

    def __init__(
        self, interval: float = LINE_INTERVAL, clock: Callable[[], float] = time.monotonic
    ):
        super().__init__()
        self._interval = interval
        self._clock = clock

    def on_train_begin(self, logs=None):
        self._epoch = 0
        self._timed_steps = 0
        self._first_step_end = None
        self._last_line = self._clock()

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch + 1

    def on_train_batch_end(self, batch, logs=None):
        now = self._clock()
        if self._first_step_end is None:
            self._first_step_end = now
        else:
            self._timed_steps += 1
        if not self._is_due(now):
            return
        line = self._place("step", batch + 1, self.params["steps"])
        if logs and "loss" in logs:
            line += f", loss {float(logs['loss']):.4g}"
        logger.info("%s%s", line, self._time_left(now, batch + 1))

    def on_test_batch_end(self, batch, logs=None):
        if self._is_due(self._clock()):
            logger.info("%s", self._place("validation step", batch + 1, None))

    def _is_due(self, now):
        if now - self._last_line < self._interval:
            return False
        self._last_line = now
        return True

    def _place(self, name, step, steps):
        of_all = f" of {steps}" if steps else ""
        return f"epoch {self._epoch} of {self.params['epochs']}, {name} {step}{of_all}"

    def _time_left(self, now, step):
        steps = self.params["steps"]
        if not steps or not self._timed_steps:
            return ""
        remaining = (self.params["epochs"] - self._epoch) * steps + steps - step
        seconds = (now - self._first_step_end) / self._timed_steps * remaining
        return f", {duration(seconds)} left"
