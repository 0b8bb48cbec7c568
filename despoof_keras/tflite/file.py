"""The parts of a TFLite file besides its graph, read without a runtime: metadata and a checksum.

A runtime verifies that a file is a flatbuffer, not that its numbers are those that were written: a
flipped bit in the weights changes scores without any error. The metadata entry
`despoof_keras_sha256` holds the SHA-256 of the whole file, computed with that entry's own 32 bytes
set to zero, and is checked before a runtime sees the file. It protects against damage. It is no
signature, because anyone can seal a file.

Field numbers are those of TensorFlow Lite's schema, version 3 (`lite/schema/schema.fbs`).
"""

import hashlib
import os
from pathlib import Path

from despoof_keras.errors import DataError
from despoof_keras.metadata import ModelMetadata
from despoof_keras.tflite.flatbuffer import UINT32, UINT64, Flatbuffer, Table
from despoof_keras.utils.contents import Source, read_source

IDENTIFIER = b"TFL3"
IDENTIFIER_SPAN = slice(4, 8)
SCHEMA_VERSION = 3
# The largest file that is read. Files of this package are smaller than a megabyte.
MOST_BYTES = 256 * 2**20
# Fields of the tables Model, Metadata, Buffer and SignatureDef.
_VERSION, _SUBGRAPHS, _BUFFERS, _METADATA, _SIGNATURES = 0, 2, 4, 6, 7
_METADATA_NAME, _METADATA_BUFFER = 0, 1
_DATA, _OFFSET, _SIZE = 0, 1, 2
_SIGNATURE_KEY = 2

# Names of the flatbuffer's metadata entries. The bytes of the first are `ModelMetadata.to_json()`
# in UTF-8, those of the second the checksum.
METADATA_ENTRY = "despoof_keras"
SEAL_ENTRY = "despoof_keras_sha256"
SEAL_BYTES = hashlib.sha256().digest_size
BYTES_SOURCE = "model"


def is_tflite(path: str | os.PathLike) -> bool:
    """Tell whether a file says at its start that it is a TFLite model."""
    with open(path, "rb") as file:
        return file.read(IDENTIFIER_SPAN.stop)[IDENTIFIER_SPAN] == IDENTIFIER


class TfliteFile:
    """A TFLite file: its bytes, parsed once, as far as they are needed to use the model correctly.

    Args:
        content: Bytes of the file.
        source: Where they come from, for messages.

    Attributes:
        content: As given.
        source: As given.
        root: Root table of the flatbuffer.
        signatures: Names of the signatures.

    Raises:
        DataError: The bytes are no TFLite model of `SCHEMA_VERSION`, have no graph, or point
            outside themselves, as in a file that was cut short.
    """

    def __init__(self, content: bytes, source: str | os.PathLike):
        identifier = bytes(content[IDENTIFIER_SPAN])
        if identifier != IDENTIFIER:
            raise DataError(
                f"{source}: expected a .tflite file, with {IDENTIFIER!r} at byte "
                f"{IDENTIFIER_SPAN.start}; found {identifier!r} there"
            )
        self.content = content
        self.source = source
        self._buffer = Flatbuffer(content, source)
        self.root = root = self._buffer.root()
        version = root.number(_VERSION, UINT32)
        if version != SCHEMA_VERSION:
            raise DataError(
                f"{source}: expected TFLite's schema version {SCHEMA_VERSION}; found {version}"
            )
        if not any(True for _ in root.tables(_SUBGRAPHS)):
            raise DataError(f"{source}: expected a TFLite model; it holds no graph")
        self._metadata_spans = self._read_metadata_spans()
        self.signatures = [table.text(_SIGNATURE_KEY) for table in root.tables(_SIGNATURES)]

    @classmethod
    def read(cls, source: Source) -> "TfliteFile":
        """Read a file.

        Args:
            source: Path of the file, its bytes, or a binary file object.

        Raises:
            DataError: The file is missing, unreadable or larger than `MOST_BYTES`, or see the
                class.
        """
        name, content = read_source(source, BYTES_SOURCE, "a .tflite file", MOST_BYTES)
        return cls(content, Path(source) if isinstance(source, str | os.PathLike) else name)

    def metadata_bytes(self, name: str) -> bytes | None:
        """Return the bytes of a metadata entry, or None if there is none of that name."""
        span = self._metadata_spans.get(name)
        return None if span is None else bytes(self.content[slice(*span)])

    def metadata(self) -> ModelMetadata | None:
        """Read the model's metadata after checking the seal.

        Returns:
            The metadata, or None if the file carries none of this package.

        Raises:
            DataError: The file was changed after it was sealed, was never sealed, or its metadata
                are wrong.
        """
        text = self.metadata_bytes(METADATA_ENTRY)
        if text is not None or SEAL_ENTRY in self._metadata_spans:
            self.check_seal()
        return None if text is None else ModelMetadata.from_json(text, self.source)

    def check_seal(self) -> None:
        """Make sure that the file is as it was when it was sealed.

        Raises:
            DataError: The file was changed since, or was never sealed.
        """
        start, stop = self._seal_span()
        if bytes(self.content[start:stop]) != self._digest():
            raise DataError(
                f"{self.source}: damaged: its content does not agree with the SHA-256 in it; copy "
                "or export it again"
            )

    def sealed(self) -> bytes:
        """Return the bytes of the file with its checksum filled in, see `seal`."""
        start, stop = self._seal_span()
        return self.content[:start] + self._digest() + self.content[stop:]

    def _read_metadata_spans(self) -> dict[str, tuple[int, int]]:
        buffers = [self._span_of(buffer) for buffer in self.root.tables(_BUFFERS)]
        spans = {}
        for table in self.root.tables(_METADATA):
            index = table.number(_METADATA_BUFFER, UINT32)
            if index >= len(buffers):
                raise DataError(
                    f"{self.source}: damaged: its metadata are in a buffer that does not exist"
                )
            spans.setdefault(table.text(_METADATA_NAME), buffers[index])
        return spans

    def _span_of(self, buffer: Table) -> tuple[int, int]:
        """Locate a buffer's bytes: in the flatbuffer, or after it in files larger than 2 GB."""
        offset, size = buffer.number(_OFFSET, UINT64), buffer.number(_SIZE, UINT64)
        # 1 stands for "to be filled in" in files that were not finished.
        return self._buffer.span(offset, size) if offset > 1 else buffer.data(_DATA)

    def _seal_span(self) -> tuple[int, int]:
        span = self._metadata_spans.get(SEAL_ENTRY)
        if span is None or span[1] - span[0] != SEAL_BYTES:
            raise DataError(
                f"{self.source}: expected a metadata entry {SEAL_ENTRY!r} of {SEAL_BYTES} bytes, "
                "as in every file that export/to_tflite.py writes; export the model again"
            )
        return span

    def _digest(self) -> bytes:
        start, stop = self._seal_span()
        digest = hashlib.sha256(self.content[:start])
        digest.update(bytes(stop - start))
        digest.update(self.content[stop:])
        return digest.digest()


def seal(content: bytes, source: str | os.PathLike = BYTES_SOURCE) -> bytes:
    """Fill in a file's checksum.

    Args:
        content: Bytes of a TFLite file with a metadata entry `SEAL_ENTRY` of `SEAL_BYTES` bytes of
            any value.
        source: Where they come from, for messages.

    Returns:
        Bytes of the sealed file, of the same length.

    Raises:
        DataError: The entry is missing or has another length, or the bytes are no TFLite file.
    """
    return TfliteFile(content, source).sealed()


def read_tflite_metadata(source: Source) -> ModelMetadata:
    """Read what a `.tflite` file says about itself.

    Args:
        source: Path of the file, its bytes, or a binary file object.

    Raises:
        DataError: It is no TFLite file, it is damaged, or it carries no metadata of this package;
            in the last case the message says which arguments of `load_tflite` supply them.

    Example:
        >>> read_tflite_metadata("exported/float32.tflite").threshold  # doctest: +SKIP
    """
    file = TfliteFile.read(source)
    metadata = file.metadata()
    if metadata is None:
        raise missing_metadata(file.source)
    return metadata


def missing_metadata(source: str | os.PathLike) -> DataError:
    """Make the error, to be raised, for a file without metadata."""
    return DataError(
        f"{source}: carries no metadata of despoof_keras, like files of other programs and of "
        "older versions, so neither its threshold nor the crops that it needs are known. If crops "
        "are made as crop_face makes them, load_tflite(..., threshold=T) is enough for a model "
        "that scores by its noise; any other needs load_tflite(..., "
        "metadata=ModelMetadata(...))"
    )
