"""Callbacks of a training run: checkpoints, averaged validation, a guard against lost losses."""

import math
from pathlib import Path

import keras
import tensorflow as tf

from despoof_keras.errors import TrainingError
from despoof_keras.training.run_folder import (
    checkpoint_path,
    checkpoints,
    read_history,
    write_history,
)
from despoof_keras.utils.files import atomic_path

# A loss this many times its first value will not come back: the released weights' own losses
# shrink from the first step on.
EXPLODED = 1e3


class AveragedValidation(keras.callbacks.Callback):
    """Validates with the moving averages of the weights, and puts the weights back afterwards."""

    def on_test_begin(self, logs=None):
        self.model.swap_averages()

    def on_test_end(self, logs=None):
        self.model.swap_averages()


class RunGuard(keras.callbacks.Callback):
    """Raises `TrainingError` when a figure is not finite or the loss explodes.

    It has to stand before the callback that saves checkpoints.

    Args:
        kept: function without arguments, the path of the newest checkpoint or None.
    """

    def __init__(self, kept):
        super().__init__()
        self._kept = kept
        self._first = None
        self._epoch = 0

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch + 1

    def on_train_batch_end(self, batch, logs=None):
        loss = float(logs["loss"])
        if self._first is None and math.isfinite(loss):
            self._first = abs(loss)
        if not math.isfinite(loss) or self._is_exploded(loss):
            self._stop(f"epoch {self._epoch}, step {batch + 1}", logs)

    def on_epoch_end(self, epoch, logs=None):
        # Validation sees the weights after the last step, or their moving averages. AUC and ACER
        # have no value where the dev set lacks a class, which is no fault of the training.
        figures = {k: v for k, v in (logs or {}).items() if k not in ("val_acer", "val_auc")}
        finite = all(math.isfinite(float(value)) for value in figures.values())
        if not finite or self._is_exploded(figures.get("val_loss", 0.0)):
            self._stop(f"validation after epoch {epoch + 1}", figures)

    def _is_exploded(self, loss):
        return abs(float(loss)) > EXPLODED * max(self._first, 1.0)

    def _stop(self, when, logs):
        lost = [name for name, value in logs.items() if not math.isfinite(float(value))]
        losses = (f"{k} {float(logs[k]):.3g}" for k in ("loss", "val_loss") if k in logs)
        what = f"not finite: {', '.join(lost)}" if lost else f"exploded: {', '.join(losses)}"
        path = self._kept()
        kept = f"{path} is kept, from before" if path else "there is no checkpoint from before"
        raise TrainingError(
            f"training stopped in {when}, {what}; {kept}. The same settings would end the same "
            "way: start another run with a lower learning_rate, or with global_clipnorm"
        )


class SharedStatistics(keras.callbacks.Callback):
    """Averages moving statistics, and their moving averages, over the replicas.

    Without synchronized batch norm each replica follows its own part of the batches. A checkpoint
    holds one set of statistics, so a resumed run starts from the same on every replica; a run that
    goes on has to do so as well, or the two would end with different weights. The model that is
    validated is the one that is kept, too: this is done before every validation.

    It has to stand before `AveragedValidation`. On one replica it does nothing.
    """

    def __init__(self):
        super().__init__()
        self._share = None

    def on_test_begin(self, logs=None):
        if self.model.distribute_strategy.num_replicas_in_sync > 1:
            if self._share is None:
                self._share = _sharing(self.model)
            self._share()


def _sharing(model):
    variables = model.averaged_variables()
    kept = [one for one, of in zip(model.averages, variables, strict=False) if not of.trainable]
    statistics = [one.value for one in (*(v for v in variables if not v.trainable), *kept)]

    def share():
        replica = tf.distribute.get_replica_context()
        values = [tf.identity(one) for one in statistics]
        means = replica.all_reduce(tf.distribute.ReduceOp.MEAN, values)
        for variable, mean in zip(statistics, means, strict=True):
            variable.assign(mean)

    return tf.function(lambda: model.distribute_strategy.run(share))


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
