"""Conversion of Keras models to TFLite by TensorFlow's converter."""

import tempfile
from collections.abc import Callable, Mapping

import keras
import tensorflow as tf

from despoof_keras.errors import DataError, summarize
from despoof_keras.export.endpoints import Endpoint
from despoof_keras.models.despoofer import Despoofer
from despoof_keras.tflite.model import INPUT


def keep_float32(converter: tf.lite.TFLiteConverter) -> None:
    """Store and compute everything in float32: the converter's default."""


def halve_weights(converter: tf.lite.TFLiteConverter) -> None:
    """Store the weights in half precision; runtimes compute in float32."""
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]


def quantise_weights(converter: tf.lite.TFLiteConverter) -> None:
    """Store the weights in int8; runtimes quantise the activations of each crop anew."""
    converter.optimizations = [tf.lite.Optimize.DEFAULT]


def convert(
    model: Despoofer,
    signatures: Mapping[str, Callable[[Despoofer], Endpoint]],
    conversion: Callable[[tf.lite.TFLiteConverter], None],
    name: str,
) -> bytes:
    """Convert a model to a TFLite file with built-in operations only.

    The model goes through a SavedModel: the converter accepts Keras 3 models and bare functions
    without an error, but the files that it makes of them answer NaN.

    Args:
        model: Model to convert.
        signatures: Mapping from the name of each signature to the function in `endpoints` that
            makes its function from the model.
        conversion: Function that sets the converter's options.
        name: Name for error messages.

    Returns:
        Bytes of the file, without this package's metadata. Each signature takes one crop a call:
        `image`, `(1, S, S, 3)` uint8 RGB.

    Raises:
        DataError: The model needs more than built-in operations.
    """
    size = model.image_size
    inputs = [tf.TensorSpec((1, size, size, 3), tf.uint8, name=INPUT)]
    archive = keras.export.ExportArchive()
    for signature, make_endpoint in signatures.items():
        archive.add_endpoint(signature, make_endpoint(model), inputs)
    with tempfile.TemporaryDirectory() as folder:
        archive.write_out(folder, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=[*signatures])
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        conversion(converter)
        try:
            return bytes(converter.convert())
        except Exception as error:  # the converter raises bare exceptions of its own
            raise DataError(f"{name}: cannot be converted; {summarize(error)}") from error
