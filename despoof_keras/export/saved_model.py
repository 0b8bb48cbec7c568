"""Export of a trained model as a SavedModel: graph, weights and metadata."""

import dataclasses
import os
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from despoof_keras.errors import DataError
from despoof_keras.export.endpoints import despoof_endpoint, score_endpoint
from despoof_keras.faces.crop import to_network_range
from despoof_keras.metadata import SAVED_MODEL_METADATA
from despoof_keras.models.despoofer import Despoofer
from despoof_keras.models.saving import in_float32
from despoof_keras.utils.files import atomic_folder

# Largest differences from the Keras model that an export may have, as shares of the largest value
# (of 1, if that is smaller): the released model's outputs are reproduced within these.
NOISE_TOLERANCE = 1e-4
SCORE_TOLERANCE = 1e-5
# Number of crops of noise that an export is tried on, besides the smooth ones.
NOISE_CROPS = 3
_TRIAL_SEED = 0


def export_saved_model(
    model: Despoofer, folder: str | os.PathLike, overwrite: bool = False
) -> None:
    """Write a model as a SavedModel folder, which needs TensorFlow alone.

    Its signatures take one tensor, `image`: `(batch, S, S, 3)` uint8, RGB face crops. The division
    by 256 and the conversion to HSV are inside.
        `score`, also under TensorFlow Serving's name `serving_default`: `score` `(batch,)`, the
            spoof score that the metadata name;
        `despoof`: `score`, `noise`, `live_estimate`, `zero_one_map`, see `despoof_endpoint`.

    The metadata are in `assets.extra/despoof_keras.json`. Their crops are uint8 whatever the
    model's were, because the graph takes no others.

    The folder gets its name after the export was loaded again and gave the Keras model's outputs
    within `NOISE_TOLERANCE` and `SCORE_TOLERANCE`.

    Args:
        model: Model to export.
        folder: Folder to write.
        overwrite: Replace a SavedModel of this package at `folder`.

    Raises:
        DataError: Something else is at `folder`, or the export does not agree with the model;
            nothing is changed then.
    """
    check_target(folder, overwrite)
    model = in_float32(model)
    metadata = dataclasses.replace(model.metadata, crop_dtype="uint8")
    with atomic_folder(folder) as temporary:
        _write(model, temporary)
        extra = temporary / SAVED_MODEL_METADATA
        extra.parent.mkdir()
        extra.write_text(metadata.to_json(), encoding="utf-8")
        _check_agreement(model, temporary, folder)


def check_target(folder: str | os.PathLike, overwrite: bool = False) -> None:
    """Make sure that a SavedModel may be written at `folder`.

    Raises:
        DataError: There is something that is not a SavedModel of this package, or there is such a
            SavedModel and `overwrite` is false.
    """
    folder = Path(folder)
    if not (folder.exists() or folder.is_symlink()):
        return
    if not (folder / SAVED_MODEL_METADATA).is_file():
        raise DataError(
            f"{folder}: expected nothing there, or a SavedModel exported by this package to "
            "replace; found something else"
        )
    if not overwrite:
        raise DataError(
            f"{folder}: already holds an exported model; --overwrite (overwrite=True) replaces it"
        )


def _write(model, folder):
    size = model.image_size
    signature = [tf.TensorSpec((None, size, size, 3), tf.uint8, name="image")]
    archive = keras.export.ExportArchive()
    # The first endpoint is also TensorFlow Serving's default.
    archive.add_endpoint("score", score_endpoint(model), signature)
    archive.add_endpoint("despoof", despoof_endpoint(model), signature)
    archive.write_out(str(folder), verbose=False)


def _check_agreement(model, temporary, folder):
    """Run the export and compare it: a wrong graph can be written without an error."""
    crops = trial_crops(model.image_size)
    expected = {name: np.asarray(values) for name, values in model(to_network_range(crops)).items()}
    loaded = tf.saved_model.load(str(temporary))
    image = tf.constant(crops)
    outputs = dict(loaded.signatures["despoof"](image=image))
    outputs["default score"] = loaded.signatures["serving_default"](image=image)["score"]
    tolerances = {"score": SCORE_TOLERANCE, "default score": SCORE_TOLERANCE}
    for name, values in outputs.items():
        exact = expected[name.removeprefix("default ")]
        if not np.isfinite(exact).all():
            raise DataError(f"{folder}: not exported, because the model's {name} is not finite")
        tolerance = tolerances.get(name, NOISE_TOLERANCE) * max(1.0, np.abs(exact).max())
        difference = np.abs(values.numpy() - exact).max()
        # Written so that NaN does not pass.
        if not difference <= tolerance:
            raise DataError(
                f"{folder}: not exported, because its {name} differs from the model's by "
                f"{difference:.1e}, more than {tolerance:.1e}"
            )


def trial_crops(size: int) -> np.ndarray:
    """Draw crops to try an export on: noise of all colours, then smooth ones, the last all grey.

    Returns:
        `(NOISE_CROPS + 3, size, size, 3)` uint8 RGB.
    """
    random = np.random.default_rng(_TRIAL_SEED)
    noise = random.integers(0, 256, (NOISE_CROPS, size, size, 3))
    ramp = np.linspace(0, 255, size)
    down, right = np.meshgrid(ramp, ramp, indexing="ij")
    colours = [(down, right, 255 - down), (right, down, right), (down, down, down)]
    smooth = [np.stack(colour, axis=-1) for colour in colours]
    return np.concatenate([noise, smooth]).astype(np.uint8)
