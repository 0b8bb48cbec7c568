"""A model file's metadata, read without loading the model (standard library only)."""

import json
import os
import zipfile
import zlib
from pathlib import Path

from despoof_keras.errors import DataError
from despoof_keras.metadata import SAVED_MODEL_METADATA, ModelMetadata
from despoof_keras.tflite.file import is_tflite, read_tflite_metadata
from despoof_keras.utils.contents import regular_file

# Where Keras keeps a model's configuration inside a `.keras` archive.
KERAS_CONFIG = "config.json"
KERAS_CLASS = "Despoofer"
_EXPECTED = "a .keras file, or a SavedModel folder or .tflite file exported by this package"


def read_metadata(path: Path | str) -> ModelMetadata:
    """Read what a model file says about itself.

    For a `.keras` file written before models carried metadata, only the size and the score are
    known: there is no package version and no threshold, so the model gives scores and decides
    nothing unless it is given a threshold.

    Args:
        path: `.keras` file of a `Despoofer`, SavedModel folder that `export_saved_model` wrote, or
            `.tflite` file that `export/to_tflite.py` wrote.

    Raises:
        DataError: something else is there, or its metadata is incomplete or wrong.

    Example:
        >>> read_metadata("runs/p1-seed0/model.keras").threshold  # doctest: +SKIP
    """
    if os.path.isdir(path):  # unlike pathlib's, it takes any text
        return _read_saved_model(Path(path))
    path = Path(regular_file(path, _EXPECTED, nothing="nothing is there"))
    if zipfile.is_zipfile(path):
        return _read_keras(path)
    if is_tflite(path):
        return read_tflite_metadata(path)
    raise DataError(f"{path}: expected {_EXPECTED}; found another kind of file")


def _read_saved_model(folder):
    path = folder / SAVED_MODEL_METADATA
    if not path.is_file():
        raise DataError(
            f"{folder}: expected a SavedModel exported by this package; "
            f"{SAVED_MODEL_METADATA} is missing"
        )
    return ModelMetadata.from_json(path.read_bytes(), path)


def _read_keras(path):
    try:
        with zipfile.ZipFile(path) as archive:
            config = json.loads(archive.read(KERAS_CONFIG))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path}: expected a .keras file; {error}") from error
    class_name = config.get("class_name") if isinstance(config, dict) else None
    if class_name != KERAS_CLASS:
        raise DataError(f"{path}: expected a {KERAS_CLASS}; found {class_name}")
    settings = config.get("config")
    if not isinstance(settings, dict):
        raise DataError(f"{path}: expected a {KERAS_CLASS} with its configuration")
    if "metadata" in settings:
        return ModelMetadata.from_dict(settings["metadata"], path)
    return _from_arguments(settings, path)


def _from_arguments(settings, path):
    """Make the metadata of a model saved without any from its constructor's arguments."""
    try:
        input_layer = settings["ds_net"]["config"]["layers"][0]
        size = input_layer["config"]["batch_shape"][1]
        return ModelMetadata(image_size=size, score=settings["score"], package_version=None)
    except (KeyError, IndexError, TypeError, DataError) as error:
        raise DataError(
            f"{path}: expected a {KERAS_CLASS} with metadata, or with size and score; {error!r}"
        ) from error
