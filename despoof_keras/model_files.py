"""Any model file of this package, or the released one, opened to score face crops."""

import dataclasses
import zipfile
from pathlib import Path

import numpy as np
import tensorflow as tf

from despoof_keras.endpoints import despoof_endpoint, score_endpoint
from despoof_keras.errors import DataError
from despoof_keras.metadata_files import KERAS_CONFIG, SAVED_MODEL_METADATA, read_metadata
from despoof_keras.models.released import load_released
from despoof_keras.trainer import load_model

KINDS = ("keras", "saved_model", "released")
# Crops in a call of the network. It bounds the memory: at 256 pixels a map of the decoder's first
# layer is a quarter of a gigabyte then (28 channels in float32).
SCORING_BATCH = 32
GIVEN_THRESHOLD_RULE = "given by the caller"

_EXPECTED = (
    "expected a .keras file or a SavedModel folder of this package, "
    "or the authors' released folder or .npz file"
)
# A TFLite file says so at this place.
_TFLITE_MARK = slice(4, 8), b"TFL3"


def open_model(path, threshold=None):
    """Opens a model to score face crops with.

    Args:
        path: `.keras` file of a training run, SavedModel folder that `export_saved_model` wrote,
            or the authors' released folder or `.npz` file; told apart by what is in them.
        threshold: to use in place of the model's own.

    Returns:
        `ScoringModel`.

    Raises:
        DataError: something else is there, it is damaged, or it needs crops that this package
            does not make (`ModelMetadata.check_usable`); the threshold is not finite.

    Example:
        >>> model = open_model("runs/p1-seed0/model.keras")  # doctest: +SKIP
        >>> crop = crop_face(frame, eyes, model.metadata.image_size)  # doctest: +SKIP
        >>> model.scores(crop[None]) >= model.metadata.threshold  # doctest: +SKIP
    """
    kind = kind_of(path)
    if kind == "saved_model":
        metadata = read_metadata(path)
        metadata.check_usable(path)
        endpoints = _saved_model_endpoints(path, metadata.image_size)
    else:
        model = open_despoofer(path)
        metadata = model.metadata
        endpoints = _keras_endpoints(model)
    if threshold is not None:
        metadata = dataclasses.replace(
            metadata, threshold=threshold, threshold_rule=GIVEN_THRESHOLD_RULE
        )
    return ScoringModel(kind, metadata, *endpoints)


def open_despoofer(path):
    """Opens a model file as a Keras model.

    Args:
        path: `.keras` file, or the authors' released folder or `.npz` file.

    Returns:
        `Despoofer`.

    Raises:
        DataError: as `open_model`; or it is a SavedModel, which is no Keras model any more.
    """
    kind = kind_of(path)
    if kind == "saved_model":
        raise DataError(
            f"{path}: expected a model that Keras can read, a .keras file or the authors' released "
            "one; found a SavedModel"
        )
    if kind == "keras":
        # Asked first, so that a foreign model is named without being built.
        read_metadata(path).check_usable(path)
        return load_model(path)
    try:
        return load_released(path)
    except DataError as error:
        raise DataError(f"{error}; nor is it another model of this package") from error


def kind_of(path):
    """One of `KINDS`, by what is in the file or folder.

    Raises:
        DataError: none of them.
    """
    path = Path(path)
    if path.is_dir():
        return _kind_of_folder(path)
    if not path.is_file():
        raise DataError(f"{path}: {_EXPECTED}; nothing is there")
    place, mark = _TFLITE_MARK
    with path.open("rb") as file:
        if file.read(place.stop)[place] == mark:
            raise DataError(f"{path}: {_EXPECTED}; TFLite models are not read yet")
    names = []
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    if KERAS_CONFIG in names:
        return "keras"
    if any(name.endswith(".npy") for name in names):
        return "released"
    raise DataError(f"{path}: {_EXPECTED}; found another kind of file, or a damaged one")


def _kind_of_folder(path):
    if (path / SAVED_MODEL_METADATA).is_file():
        return "saved_model"
    # The authors' folder, or its `variables` folder itself.
    if any((path / name).is_file() for name in ("variables/variables.index", "variables.index")):
        return "released"
    raise DataError(f"{path}: {_EXPECTED}; found another kind of folder")


class ScoringModel:
    """A model that scores face crops, whatever file it came from.

    Attributes:
        kind: one of `KINDS`.
        metadata: `ModelMetadata`; a crop is an attack when its score is at least
            `metadata.threshold`, where there is one.

    Args:
        score_function, despoof_function: functions from a batch of crops, `(n, S, S, 3)` in
            `metadata.crop_dtype`, to mappings of tensors, see `endpoints`.
    """

    def __init__(self, kind, metadata, score_function, despoof_function):
        self.kind = kind
        self.metadata = metadata
        self._score_function = score_function
        self._despoof_function = despoof_function

    def scores(self, crops):
        """The spoof scores of face crops.

        Args:
            crops: `(n, S, S, 3)` RGB in [0, 255], as `crop_face` makes them at the size
                `metadata.image_size`. They are rounded here where the metadata say so.

        Returns:
            `(n,)` float32, higher means attack; NaN where the model's answer is not finite.

        Raises:
            DataError: the crops have another shape or range.
        """
        return self._run(self._score_function, crops)["score"]

    def despoof(self, crops):
        """The spoof scores of face crops, and what the model makes of the pictures.

        Args:
            crops: as `scores` takes them.

        Returns:
            Mapping of float32 arrays: `score` as from `scores`, `noise`, `live_estimate`,
            `zero_one_map`, and, unless the model is a SavedModel, `depth`; see
            `endpoints.despoof_endpoint`.

        Raises:
            DataError: the crops have another shape or range.
        """
        return self._run(self._despoof_function, crops)

    def _run(self, function, crops):
        crops = self._checked(crops)
        # TensorFlow convolves no empty batch, so one crop stands in for none.
        batches = crops if len(crops) else np.zeros((1, *crops.shape[1:]), crops.dtype)
        starts = range(0, len(batches), SCORING_BATCH)
        parts = [function(tf.constant(batches[start : start + SCORING_BATCH])) for start in starts]
        outputs = {
            name: np.concatenate([part[name].numpy() for part in parts])[: len(crops)]
            for name in parts[0]
        }
        score = outputs["score"]
        outputs["score"] = np.where(np.isfinite(score), score, np.float32(np.nan))
        return outputs

    def _checked(self, crops):
        """The crops in the dtype of the metadata."""
        size = self.metadata.image_size
        crops = np.asarray(crops, np.float32)
        if crops.ndim != 4 or crops.shape[1:] != (size, size, 3):
            raise DataError(
                f"crops: expected an array of shape (n, {size}, {size}, 3); received {crops.shape}"
            )
        # Written so that NaN does not pass.
        if not ((crops >= 0) & (crops <= 255)).all():
            raise DataError(
                "crops: expected finite values in [0, 255]; "
                f"received {crops.min():g} to {crops.max():g}"
            )
        return np.rint(crops).astype(np.uint8) if self.metadata.crop_dtype == "uint8" else crops


def _keras_endpoints(model):
    size = model.image_size
    # The signature leaves the batch open, so batches of every size share one graph.
    signature = [tf.TensorSpec((None, size, size, 3), model.metadata.crop_dtype)]
    functions = score_endpoint(model), despoof_endpoint(model, with_depth=True)
    return [tf.function(function, input_signature=signature) for function in functions]


def _saved_model_endpoints(path, size):
    """The two signatures; the model stays alive with the functions that use it."""
    try:
        loaded = tf.saved_model.load(str(path))
    except (OSError, ValueError, KeyError, tf.errors.OpError) as error:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise DataError(f"{path}: expected a SavedModel of this package; {reason}") from error
    wanted = tf.TensorSpec((None, size, size, 3), tf.uint8, name="image")
    functions = []
    for name in ("score", "despoof"):
        signature = loaded.signatures.get(name)
        inputs = signature.structured_input_signature[1] if signature is not None else {}
        if inputs != {"image": wanted}:
            raise DataError(
                f"{path}: expected a signature {name!r} of {size} pixel crops; found {inputs}"
            )
        functions.append(lambda image, run=signature, model=loaded: run(image=image))
    return functions
