"""Any model file of this package, or the released one, opened to score face crops.

TensorFlow is imported where a file needs it: a `.tflite` file does without.
"""

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from despoof_keras.errors import DataError
from despoof_keras.inference.read_metadata import KERAS_CONFIG, read_metadata
from despoof_keras.inference.scoring_model import BatchFunction, ScoringModel
from despoof_keras.metadata import SAVED_MODEL_METADATA
from despoof_keras.tflite.detector import open_tflite
from despoof_keras.tflite.file import is_tflite
from despoof_keras.utils.libraries import explaining

if TYPE_CHECKING:
    from despoof_keras.models.despoofer import Despoofer

KINDS = ("keras", "saved_model", "released", "tflite")
_EXPORTS = {"saved_model": "a SavedModel", "tflite": "a TFLite model"}

_EXPECTED = (
    "expected a .keras file, a SavedModel folder or a .tflite file of this package, "
    "or the authors' released folder or .npz file"
)


def open_model(path: Path | str, threshold: float | None = None) -> ScoringModel:
    """Open a model file to score face crops.

    Args:
        path: `.keras` file of a training run, SavedModel folder that `export_saved_model` wrote,
            `.tflite` file that `export/to_tflite.py` wrote, or the authors' released folder or
            `.npz` file. The content decides which of them it is.
        threshold: replaces the model's own.

    Raises:
        DataError: something else is there, it is damaged, or it needs crops that this package
            does not make (`ModelMetadata.check_usable`); the threshold is not finite.
        ImportError: what this kind of file needs is not installed, or Keras is set to another
            backend than TensorFlow.

    Example:
        >>> model = open_model("runs/p1-seed0/model.keras")  # doctest: +SKIP
        >>> size, rule = model.metadata.image_size, model.metadata.crop_rule  # doctest: +SKIP
        >>> crop = crop_face(frame, eyes, size, rule=rule)  # doctest: +SKIP
        >>> model.scores(crop[None]) >= model.metadata.threshold  # doctest: +SKIP
    """
    functions: tuple[BatchFunction, BatchFunction]
    kind = kind_of(path)
    if kind == "tflite":
        # A file of another program has no metadata; a threshold makes it usable all the same.
        model, metadata = open_tflite(path, threshold=threshold)
        functions = model.score_batch, model.despoof_batch
    elif kind == "saved_model":
        with explaining():
            from despoof_keras.inference.backends import saved_model_functions

        metadata = read_metadata(path)
        metadata.check_usable(path)
        functions = saved_model_functions(path, metadata.image_size)
    else:
        with explaining():
            from despoof_keras.inference.backends import keras_functions

        despoofer = open_despoofer(path)
        metadata = despoofer.metadata
        functions = keras_functions(despoofer)
    if threshold is not None:
        metadata = metadata.with_threshold(threshold)
    return ScoringModel(kind, metadata, *functions)


def open_despoofer(path: Path | str) -> "Despoofer":
    """Open a model file as a Keras model.

    Args:
        path: `.keras` file, or the authors' released folder or `.npz` file.

    Raises:
        DataError: as for `open_model`; or the file is an export, which Keras cannot read.
    """
    kind = kind_of(path)
    if kind in _EXPORTS:
        raise DataError(
            f"{path}: expected a model that Keras can read, a .keras file or the authors' released "
            f"one; found {_EXPORTS[kind]}"
        )
    if kind == "keras":
        # Checked first, so that another program's model is reported without being built.
        read_metadata(path).check_usable(path)
        with explaining():
            from despoof_keras.models.saving import load_model
        return load_model(path)
    with explaining():
        from despoof_keras.models.released import load_released

    try:
        return load_released(path)
    except DataError as error:
        raise DataError(f"{error}; nor is it another model of this package") from error


def kind_of(path: Path | str) -> str:
    """Tell the kind of a model file or folder, one of `KINDS`, by its content.

    Raises:
        DataError: it is no model that this package opens.
    """
    path = Path(path)
    if path.is_dir():
        return _kind_of_folder(path)
    if not path.is_file():
        raise DataError(f"{path}: {_EXPECTED}; nothing is there")
    if is_tflite(path):
        return "tflite"
    names = _archived_names(path)
    if KERAS_CONFIG in names:
        return "keras"
    if any(name.endswith(".npy") for name in names):
        return "released"
    raise DataError(f"{path}: {_EXPECTED}; found another kind of file, or a damaged one")


def _archived_names(path):
    """Names in a zip archive; none if it is no archive or its directory is damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except zipfile.BadZipFile:
        return []


def _kind_of_folder(path):
    if (path / SAVED_MODEL_METADATA).is_file():
        return "saved_model"
    # The authors' folder, or its `variables` folder itself.
    if any((path / name).is_file() for name in ("variables/variables.index", "variables.index")):
        return "released"
    raise DataError(f"{path}: {_EXPECTED}; found another kind of folder")
