"""Keras models and SavedModels as the functions of face crops that `ScoringModel` calls."""

from pathlib import Path

import tensorflow as tf

from despoof_keras.errors import DataError
from despoof_keras.export.endpoints import despoof_endpoint, score_endpoint
from despoof_keras.inference.scoring_model import BatchFunction
from despoof_keras.models.despoofer import Despoofer


def saved_model_functions(path: Path | str, size: int) -> tuple[BatchFunction, BatchFunction]:
    """Open a SavedModel folder.

    Args:
        path: SavedModel folder that `export_saved_model` wrote.
        size: side of its crops, in pixels.

    Returns:
        Its signatures `score` and `despoof`, as functions of `(n, size, size, 3)` uint8 arrays.

    Raises:
        DataError: the folder is damaged or holds another SavedModel.
    """
    try:
        loaded = tf.saved_model.load(str(path))
    except (OSError, ValueError, KeyError, tf.errors.OpError) as error:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise DataError(f"{path}: expected a SavedModel of this package; {reason}") from error
    expected = {"image": tf.TensorSpec((None, size, size, 3), tf.uint8, name="image")}

    def function_of(name):
        signature = loaded.signatures.get(name)
        inputs = signature.structured_input_signature[1] if signature is not None else {}
        if inputs != expected:
            raise DataError(
                f"{path}: expected a signature {name!r} of {size} pixel crops; found {inputs}"
            )
        # The default argument keeps the model alive: its signatures hold only weak references.
        return lambda image, model=loaded: signature(image=tf.constant(image))

    return function_of("score"), function_of("despoof")


def keras_functions(model: Despoofer) -> tuple[BatchFunction, BatchFunction]:
    """Compile the endpoints of a Keras model.

    Returns:
        `score_endpoint` and `despoof_endpoint`, with the depth, as functions of batches of any size
        in the `crop_dtype` of the model's metadata.
    """
    size = model.image_size
    # The signature leaves the batch open, so batches of every size share one graph.
    signature = [tf.TensorSpec((None, size, size, 3), model.metadata.crop_dtype)]
    score, despoof = score_endpoint(model), despoof_endpoint(model, with_depth=True)
    return (
        tf.function(score, input_signature=signature),
        tf.function(despoof, input_signature=signature),
    )
