"""Trained models: read from `.keras` files, and converted to float32."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

import keras

from despoof_keras.errors import DataError
from despoof_keras.models.despoofer import Despoofer
from despoof_keras.models.layerwise_adam import LayerwiseAdam  # noqa: F401  (registered by it)
from despoof_keras.models.precision import FULL


def load_model(path: str | Path) -> Despoofer:
    """Load a trained model, compiled if it was saved with its optimizers.

    Args:
        path: `.keras` file that a training run has written.

    Returns:
        `Despoofer`.

    Raises:
        DataError: the file is missing or damaged, or holds a model of another class.
    """
    try:
        model = keras.models.load_model(path)
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise DataError(f"{path}: expected a model saved by this package; {reason}") from error
    if not isinstance(model, Despoofer):
        raise DataError(f"{path}: expected a Despoofer; received {type(model).__name__}")
    return model


def in_float32(model: Despoofer) -> Despoofer:
    """Return a model that computes in float32 with the same weights.

    Args:
        model: model of any dtype policy.

    Returns:
        `model` itself if all its layers compute in float32; otherwise a new model, not compiled,
        with the same weights, moving averages and metadata.
    """
    layers = [layer for network in model.networks() for layer in network.layers]
    if all(layer.dtype_policy.name == FULL for layer in layers):
        return model
    full = type(model).from_config(_with_full_policies(model.get_config()))
    for target, source in zip(full.networks(), model.networks(), strict=True):
        target.set_weights(source.get_weights())
    for target, source in zip(full.averages, model.averages, strict=True):
        target.assign(source)
    return full


def _with_full_policies(config: Any) -> Any:
    """Replace every dtype policy in Keras' nested configuration by float32."""
    if isinstance(config, list):
        return [_with_full_policies(item) for item in config]
    if not isinstance(config, dict):
        return config
    if config.get("class_name") == "DTypePolicy":
        return FULL
    return {name: _with_full_policies(value) for name, value in config.items()}
