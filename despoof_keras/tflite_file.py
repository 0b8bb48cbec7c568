"""What a TFLite file holds besides its graph: signatures and metadata entries (no runtime needed).

Field numbers are those of TensorFlow Lite's schema, version 3 (`lite/schema/schema.fbs`).
"""

from despoof_keras.errors import DataError
from despoof_keras.flatbuffer import UINT32, UINT64, Flatbuffer

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
