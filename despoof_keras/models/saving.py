"""Trained models from their `.keras` files, and in float32 whatever they were trained in."""

import zipfile
import zlib

import keras

from despoof_keras.errors import DataError
from despoof_keras.models.despoofer import Despoofer

FULL = "float32"


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


def in_float32(model):
    """The same model, computing in float32.

    Args:
        model: `Despoofer`, of any dtype policy.

    Returns:
        `model` itself where all its layers compute in float32, else a new `Despoofer`, not
        compiled, with its weights, averages and metadata.
    """
    layers = [layer for network in model.networks() for layer in network.layers]
    if all(layer.dtype_policy.name == FULL for layer in layers):
        return model
    exact = type(model).from_config(_with_full_policies(model.get_config()))
    for ours, theirs in zip(exact.networks(), model.networks(), strict=True):
        ours.set_weights(theirs.get_weights())
    for ours, theirs in zip(exact.averages, model.averages, strict=True):
        ours.assign(theirs)
    return exact


def _with_full_policies(config):
    """Keras' nested configuration with float32 for every dtype policy."""
    if isinstance(config, list):
        return [_with_full_policies(one) for one in config]
    if not isinstance(config, dict):
        return config
    if config.get("class_name") == "DTypePolicy":
        return FULL
    return {name: _with_full_policies(value) for name, value in config.items()}
