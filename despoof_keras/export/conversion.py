"""Keras models to TFLite by TensorFlow's converter: float weights, and the ranges it chooses."""

import tempfile

import keras
import tensorflow as tf

from despoof_keras.errors import DataError
from despoof_keras.export.endpoints import despoof_endpoint, light_endpoint, score_endpoint

# The functions behind a signature.
_ENDPOINTS = {"score": score_endpoint, "despoof": despoof_endpoint, "light": light_endpoint}


def convert(model, variant, endpoints=None):
    """Converts a model, with one crop a call and built-in operations only.

    The model goes through a SavedModel: the converter takes Keras 3 models and bare functions
    without an error, and gives files that answer NaN.

    Args:
        model: `Despoofer`.
        variant: `"float32"`; `"float16"`, weights in half precision; `"dynamic"`, weights in int8,
            activations quantised as they come; `"light"`, the 0/1 map alone, its weights in half
            precision.
        endpoints: mapping from signature to the name of its function, in place of the variant's.

    Returns:
        Bytes of the file, without metadata of this package. Signatures `score` and `despoof`;
        `score` alone for `"light"`. Input `image`, `(1, S, S, 3)` uint8 RGB.

    Raises:
        DataError: the model needs more than built-in operations.
    """
    if endpoints is None:
        light = {"score": "light"}
        endpoints = light if variant == "light" else {"score": "score", "despoof": "despoof"}
    size = model.image_size
    signature = [tf.TensorSpec((1, size, size, 3), tf.uint8, name="image")]
    archive = keras.export.ExportArchive()
    for key, name in endpoints.items():
        archive.add_endpoint(key, _ENDPOINTS[name](model), signature)
    with tempfile.TemporaryDirectory() as folder:
        archive.write_out(folder, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=[*endpoints])
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        if variant != "float32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if variant in ("float16", "light"):
            converter.target_spec.supported_types = [tf.float16]
        try:
            return bytes(converter.convert())
        except Exception as error:  # the converter raises bare exceptions of its own
            reason = next(iter(str(error).splitlines()), type(error).__name__)[:200]
            raise DataError(f"{variant}: not converted; {reason}") from error
