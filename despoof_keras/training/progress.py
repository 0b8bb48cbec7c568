"""The progress of a training run as lines of a log, for output that cannot show Keras' bar."""

import logging
import time
from collections.abc import Callable

import keras

from despoof_keras.utils.progress import LINE_INTERVAL, duration

logger = logging.getLogger(__name__)


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
