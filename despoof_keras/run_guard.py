"""Ends a training run whose loss is lost, before its weights replace the last good ones."""

import math

import keras

from despoof_keras.errors import TrainingError

# A loss this many times its first value will not come back: the released weights' own losses
# shrink from the first step on.
EXPLODED = 1e3


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
