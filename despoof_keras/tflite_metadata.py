"""The metadata inside a `.tflite` file, read without any TFLite runtime (standard library only)."""

from pathlib import Path

from despoof_keras.errors import DataError
from despoof_keras.metadata import ModelMetadata
from despoof_keras.tflite_file import TfliteFile, read_content
from despoof_keras.tflite_seal import SEAL_ENTRY, check_seal

# Name of the flatbuffer's metadata entry; its bytes are `ModelMetadata.to_json()` in UTF-8.
METADATA_ENTRY = "despoof_keras"
BYTES_SOURCE = "model"


def read_tflite_metadata(source):
    """Reads what a `.tflite` file says about itself.

    Args:
        source: path of the file, or its bytes.

    Returns:
        `ModelMetadata`.

    Raises:
        DataError: it is no TFLite file, it is damaged (`tflite_seal`), or it carries no metadata
            of this package; the message then says which arguments of `load_tflite` supply them.

    Example:
        >>> read_tflite_metadata("exported/float32.tflite").threshold  # doctest: +SKIP
    """
    if isinstance(source, bytes | bytearray | memoryview):
        content, name = bytes(source), BYTES_SOURCE
    else:
        content, name = read_content(source), Path(source)
    metadata = metadata_of(content, name)
    if metadata is None:
        raise missing_metadata(name)
    return metadata


def metadata_of(content, source):
    """The metadata of a file that may have none.

    Args:
        content: bytes of the file.
        source: where they come from, for messages.

    Returns:
        `ModelMetadata`, or None where the file has no entry of this package.

    Raises:
        DataError: as `read_tflite_metadata`, but for the missing entry.
    """
    file = TfliteFile(content, source)
    text = file.entry(METADATA_ENTRY)
    if text is not None or file.entry_span(SEAL_ENTRY) is not None:
        check_seal(content, source)
    return None if text is None else ModelMetadata.from_json(text, source)


def missing_metadata(source):
    """The `DataError` for a file without metadata, to be raised."""
    return DataError(
        f"{source}: carries no metadata of despoof_keras, like files of other programs and of "
        "older versions: neither its threshold nor its crops are known. Where crops are made as "
        "crop_face makes them, load_tflite(..., threshold=T) supplies what a model that scores by "
        "its noise lacks, load_tflite(..., metadata=ModelMetadata(...)) what any other does"
    )
