"""The precision in which networks compute: their own, whatever Keras' global settings are."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import keras

from despoof_keras.utils.keras_settings import check_backend

# The first module of ours that every network imports.
check_backend()

FULL = "float32"

# Blocks of `precision` that are running, in any thread, and the user's `floatx` before the first.
_lock = threading.Lock()
_running: list[str] = []


@contextlib.contextmanager
def precision(dtype_policy: str | keras.DTypePolicy = FULL) -> Iterator[None]:
    """Build, load or train networks in a precision that does not depend on Keras' settings.

    A layer without a dtype policy of its own takes Keras' global one; metrics, optimizers and the
    arrays given to `predict` take `floatx`. A user may have set both for other work, in
    `~/.keras/keras.json` or by `keras.config`, and gets them back when the block ends.

    Args:
        dtype_policy: of the layers that the block builds.
    """
    before = keras.config.dtype_policy()
    with _lock:
        _running.append(keras.config.floatx())
        keras.config.set_floatx(FULL)
    keras.config.set_dtype_policy(dtype_policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
        with _lock:
            # `floatx` belongs to all threads, so only the last block to end gives it back.
            floatx = _running[0]
            _running.pop()
            if not _running:
                keras.config.set_floatx(floatx)


class OwnPrecision(keras.Model):
    """A Keras model that is trained and asked in its own precision.

    Keras converts arrays to `floatx` on the way into `predict`, and learning rates in `fit`.
    """

    def fit(self, *args: Any, **kwargs: Any) -> keras.callbacks.History:
        with precision(self.dtype_policy):
            return super().fit(*args, **kwargs)

    def evaluate(self, *args: Any, **kwargs: Any) -> Any:
        with precision(self.dtype_policy):
            return super().evaluate(*args, **kwargs)

    def predict(self, *args: Any, **kwargs: Any) -> Any:
        with precision(self.dtype_policy):
            return super().predict(*args, **kwargs)
