"""Trained models back from their `.keras` files."""

import zipfile
import zlib

import keras

from despoof_keras.errors import DataError
from despoof_keras.trainer import Despoofer


def load_model(path):
    """Loads a trained model, with its optimizers where it was saved with them.

    Args:
        path: `.keras` file, as a training run leaves it.

    Returns:
        `Despoofer`.

    Raises:
        DataError: the file is missing, damaged or holds another model.
    """
    try:
        model = keras.models.load_model(path)
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise DataError(f"{path}: expected a model saved by this package; {reason}") from error
    if not isinstance(model, Despoofer):
        raise DataError(f"{path}: expected a Despoofer; found {type(model).__name__}")
    return model
