"""TFLite files for tests: converted here, with or without metadata and checksum."""

import keras
import numpy as np
import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils

from despoof_keras.export.endpoints import despoof_endpoint, score_endpoint
from despoof_keras.metadata import ModelMetadata
from despoof_keras.tflite.file import METADATA_ENTRY, SEAL_BYTES, SEAL_ENTRY, seal

METADATA = ModelMetadata(image_size=32, threshold=0.25, threshold_rule="a rule")


def convert(functions, folder, shape=(1, 32, 32, 3), dtype=tf.uint8, name="image"):
    """Bytes of a TFLite model without metadata.

    Args:
        functions: mapping of signature names to functions of one tensor that give mappings.
        folder: empty one, for a SavedModel.
        shape, dtype, name: of the input.
    """
    archive = keras.export.ExportArchive()
    for signature, function in functions.items():
        archive.add_endpoint(signature, function, [tf.TensorSpec(shape, dtype, name=name)])
    archive.write_out(str(folder), verbose=False)
    converter = tf.lite.TFLiteConverter.from_saved_model(
        str(folder), signature_keys=list(functions)
    )
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    return bytes(converter.convert())


def convert_despoofer(model, folder):
    """Bytes of a `Despoofer` with its two signatures, without metadata."""
    functions = {"score": score_endpoint(model), "despoof": despoof_endpoint(model)}
    return convert(functions, folder, (1, model.image_size, model.image_size, 3))


def with_entries(content, entries):
    """The file with metadata entries, a mapping of names to bytes, added."""
    model = flatbuffer_utils.read_model_from_bytearray(bytearray(content))
    model.metadata = model.metadata or []
    for name, value in entries.items():
        buffer = schema.BufferT()
        buffer.data = list(value)
        model.buffers.append(buffer)
        entry = schema.MetadataT()
        entry.name, entry.buffer = name.encode(), len(model.buffers) - 1
        model.metadata.append(entry)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def with_metadata(content, metadata=METADATA):
    """The file as the exporter leaves it: with its metadata, sealed."""
    entries = {METADATA_ENTRY: metadata.to_json().encode(), SEAL_ENTRY: bytes(SEAL_BYTES)}
    return seal(with_entries(content, entries))


def random_crops(count, size=32, seed=3):
    """`count` crops of noise in a list."""
    random = np.random.default_rng(seed)
    return list(random.integers(0, 256, (count, size, size, 3)).astype(np.uint8))


def with_other_types(content):
    """The file with every float tensor declared a complex one, which no operation takes."""
    model = flatbuffer_utils.read_model_from_bytearray(bytearray(content))
    for subgraph in model.subgraphs:
        for tensor in subgraph.tensors:
            if tensor.type == schema.TensorType.FLOAT32:
                tensor.type = schema.TensorType.COMPLEX64
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))
