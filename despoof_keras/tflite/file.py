"""What a TFLite file holds besides its graph, read without a runtime: metadata and a checksum.

A runtime verifies that a file is a flatbuffer, not that its numbers are those that were written: a
flipped bit in the weights silently gives other scores. The metadata entry `despoof_keras_sha256`
holds the SHA-256 of the whole file with that entry's own 32 bytes taken as zeros, and is checked
before a runtime sees the file. It guards against damage; it is no signature: anybody can seal a
file.

Field numbers are those of TensorFlow Lite's schema, version 3 (`lite/schema/schema.fbs`).
"""

import hashlib
from pathlib import Path

from despoof_keras.errors import DataError
from despoof_keras.metadata import ModelMetadata
from despoof_keras.tflite.flatbuffer import UINT32, UINT64, Flatbuffer

IDENTIFIER = b"TFL3"
IDENTIFIER_SPAN = slice(4, 8)
SCHEMA_VERSION = 3
# The largest file that is read. Files of this package have under a megabyte.
MOST_BYTES = 256 * 2**20
# Fields of the tables Model, Metadata, Buffer and SignatureDef.
_VERSION, _SUBGRAPHS, _BUFFERS, _METADATA, _SIGNATURES = 0, 2, 4, 6, 7
_ENTRY_NAME, _ENTRY_BUFFER = 0, 1
_DATA, _OFFSET, _SIZE = 0, 1, 2
_SIGNATURE_KEY = 2

SEAL_ENTRY = "despoof_keras_sha256"
SEAL_BYTES = hashlib.sha256().digest_size

# Name of the flatbuffer's metadata entry; its bytes are `ModelMetadata.to_json()` in UTF-8.
METADATA_ENTRY = "despoof_keras"
BYTES_SOURCE = "model"


def is_tflite(path):
    """Whether a file says at its start that it is a TFLite model."""
    with open(path, "rb") as file:
        return file.read(IDENTIFIER_SPAN.stop)[IDENTIFIER_SPAN] == IDENTIFIER


def read_content(path):
    """The bytes of a TFLite file.

    Args:
        path: file.

    Raises:
        DataError: there is no file, it may not be read, it is too large, or does not say at its
            start that it is a TFLite model.
    """
    try:
        with open(path, "rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise DataError(f"{path}: expected a .tflite file; {error.strerror}") from error
    if len(content) > MOST_BYTES:
        raise DataError(f"{path}: expected a .tflite file of at most {MOST_BYTES} bytes")
    check_identifier(content, path)
    return content


def check_identifier(content, source):
    """Makes sure that bytes begin as a TFLite model does.

    Raises:
        DataError: they do not.
    """
    found = bytes(content[IDENTIFIER_SPAN])
    if found != IDENTIFIER:
        raise DataError(
            f"{source}: expected a .tflite file, with {IDENTIFIER!r} at byte "
            f"{IDENTIFIER_SPAN.start}; found {found!r} there"
        )


class TfliteFile:
    """A TFLite file's tables, as far as they are needed to use the model rightly.

    Args:
        content: bytes of the file.
        source: where they come from, for messages.

    Attributes:
        content: as given.
        signatures: names of the signatures.

    Raises:
        DataError: it is no TFLite model of `SCHEMA_VERSION`, has no graph, or points outside of
            itself, as a file that was cut short does.
    """

    def __init__(self, content, source):
        check_identifier(content, source)
        self.content = content
        self._buffer = Flatbuffer(content, source)
        model = self._buffer.root()
        version = model.number(_VERSION, UINT32)
        if version != SCHEMA_VERSION:
            raise DataError(
                f"{source}: expected TFLite's schema version {SCHEMA_VERSION}; found {version}"
            )
        if not any(True for _ in model.tables(_SUBGRAPHS)):
            raise DataError(f"{source}: expected a TFLite model; it holds no graph")
        self._spans = [self._span_of(buffer) for buffer in model.tables(_BUFFERS)]
        self._entries = {}
        for entry in model.tables(_METADATA):
            index = entry.number(_ENTRY_BUFFER, UINT32)
            if index >= len(self._spans):
                raise DataError(f"{source}: damaged: its metadata are in a buffer it has not")
            self._entries.setdefault(entry.text(_ENTRY_NAME), self._spans[index])
        self.signatures = [one.text(_SIGNATURE_KEY) for one in model.tables(_SIGNATURES)]

    def entry_span(self, name):
        """`(start, stop)` of a metadata entry's bytes within the file, or None."""
        return self._entries.get(name)

    def entry(self, name):
        """The bytes of a metadata entry, or None."""
        span = self.entry_span(name)
        return None if span is None else bytes(self.content[slice(*span)])

    def _span_of(self, buffer):
        """Where a buffer's bytes lie: within the flatbuffer, or after it (files above 2 GB)."""
        offset, size = buffer.number(_OFFSET, UINT64), buffer.number(_SIZE, UINT64)
        # 1 stands for "to be filled in" in files that were not finished.
        return self._buffer.span(offset, size) if offset > 1 else buffer.data(_DATA)


def seal(content, source="model"):
    """Fills in the checksum.

    Args:
        content: bytes of a TFLite file with a metadata entry `SEAL_ENTRY` of `SEAL_BYTES` bytes,
            whatever they are (the exporter writes zeros).
        source: where they come from, for messages.

    Returns:
        The bytes of the sealed file, of the same length.

    Raises:
        DataError: the entry is missing or has another length, or it is no TFLite file.
    """
    start, stop = _span(TfliteFile(content, source), source)
    return content[:start] + _digest(content, start, stop) + content[stop:]


def check_seal(content, source="model"):
    """Makes sure that a TFLite file is as it was when it was sealed.

    Args:
        content: bytes of the file.
        source: where they come from, for messages.

    Raises:
        DataError: it was changed since, it was never sealed, or it is no TFLite file.
    """
    start, stop = _span(TfliteFile(content, source), source)
    if bytes(content[start:stop]) != _digest(content, start, stop):
        raise DataError(
            f"{source}: damaged: its content does not agree with the SHA-256 in it; copy or "
            "export it again"
        )


def _span(file, source):
    span = file.entry_span(SEAL_ENTRY)
    if span is None or span[1] - span[0] != SEAL_BYTES:
        raise DataError(
            f"{source}: expected a metadata entry {SEAL_ENTRY!r} of {SEAL_BYTES} bytes, as in "
            "every file that export/to_tflite.py writes; export the model again"
        )
    return span


def _digest(content, start, stop):
    digest = hashlib.sha256(content[:start])
    digest.update(bytes(stop - start))
    digest.update(content[stop:])
    return digest.digest()


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
