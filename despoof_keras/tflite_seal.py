"""A checksum inside a TFLite file, so that a damaged one is refused before a runtime sees it.

A runtime verifies that a file is a flatbuffer, not that its numbers are those that were written:
a flipped bit in the weights gives other scores without a sign of it. The metadata entry
`despoof_keras_sha256` holds the SHA-256 of the whole file with that entry's own 32 bytes taken as
zeros. It guards against damage; it is no signature, anybody can seal a file.
"""

import hashlib

from despoof_keras.errors import DataError
from despoof_keras.tflite_file import TfliteFile

SEAL_ENTRY = "despoof_keras_sha256"
SEAL_BYTES = hashlib.sha256().digest_size


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
