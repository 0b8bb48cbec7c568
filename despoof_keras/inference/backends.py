"""Keras models and SavedModels as functions of face crops."""

import tensorflow as tf

from despoof_keras.errors import DataError
from despoof_keras.export.endpoints import despoof_endpoint, score_endpoint


def saved_model_functions(path, size):
    """The two signatures, as `ScoringModel` takes them.

    Args:
        path: SavedModel folder that `export_saved_model` wrote.
        size: side of its crops, in pixels.

    Returns:
        Functions of `(n, size, size, 3)` uint8 arrays: `score` and `despoof`.

    Raises:
        DataError: it is no such folder, or damaged.
    """
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
        # The model stays alive with the functions that use it.
        functions.append(lambda image, run=signature, model=loaded: run(image=tf.constant(image)))
    return functions


def keras_functions(model):
    """The answers of a Keras model, as `ScoringModel` takes them.

    Args:
        model: `Despoofer`.

    Returns:
        `score_endpoint` and `despoof_endpoint`, with the depth, as functions of batches of any size
        in the crops' dtype of the model's metadata.
    """
    size = model.image_size
    # The signature leaves the batch open, so batches of every size share one graph.
    signature = [tf.TensorSpec((None, size, size, 3), model.metadata.crop_dtype)]
    functions = score_endpoint(model), despoof_endpoint(model, with_depth=True)
    return [tf.function(function, input_signature=signature) for function in functions]
