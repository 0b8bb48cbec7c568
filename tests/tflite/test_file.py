"""The checksum and the metadata inside a TFLite file, without any runtime."""

import hashlib
import json

import numpy as np
import pytest
import tflite_files
from tflite_files import METADATA

from despoof_keras.errors import DataError
from despoof_keras.inference.open_model import open_despoofer
from despoof_keras.tflite.file import (
    METADATA_ENTRY,
    SEAL_ENTRY,
    TfliteFile,
    read_tflite_metadata,
    seal,
)


@pytest.fixture(scope="module")
def content(tflite_folder):
    return (tflite_folder / "model.tflite").read_bytes()


@pytest.fixture(scope="module")
def bare(tflite_folder):
    return (tflite_folder / "bare.tflite").read_bytes()


def test_the_seal_is_the_hash_of_everything_else(content):
    file = TfliteFile(content, "model")
    digest = file.metadata_bytes(SEAL_ENTRY)
    assert content.count(digest) == 1
    assert hashlib.sha256(content.replace(digest, bytes(32))).digest() == digest
    assert seal(content) == content
    file.check_seal()


def test_any_flipped_byte_breaks_the_seal(content):
    for place in np.linspace(0, len(content) - 1, 150, dtype=int):
        damaged = bytearray(content)
        damaged[place] ^= 1
        with pytest.raises(DataError, match=r"^model: "):
            TfliteFile(bytes(damaged), "model").check_seal()
    with pytest.raises(DataError, match="damaged: its content does not agree"):
        TfliteFile(content + b"\0", "model").check_seal()


def test_a_file_without_a_place_for_it_is_not_sealed(bare):
    for entries in ({}, {SEAL_ENTRY: bytes(31)}, {"other": bytes(32)}):
        with pytest.raises(DataError, match=f"name: expected a metadata entry '{SEAL_ENTRY}'"):
            seal(tflite_files.with_entries(bare, entries), "name")


def test_metadata_come_from_a_path_or_bytes(content, tflite_folder):
    assert read_tflite_metadata(content) == METADATA
    assert read_tflite_metadata(bytearray(content)) == METADATA
    assert read_tflite_metadata(str(tflite_folder / "model.tflite")) == METADATA
    assert json.loads(TfliteFile(content, "").metadata_bytes(METADATA_ENTRY)) == METADATA.to_dict()


def test_signatures_and_other_entries_are_read(bare):
    more = tflite_files.with_entries(bare, {"other": b"value", "empty": b""})
    file = TfliteFile(more, "model")
    assert set(file.signatures) == {"score", "despoof"}
    values = [file.metadata_bytes(name) for name in ("other", "empty", "no")]
    assert values == [b"value", b"", None]


def test_metadata_without_a_seal_are_not_believed(bare):
    entries = {METADATA_ENTRY: METADATA.to_json().encode()}
    with pytest.raises(DataError, match=f"'{SEAL_ENTRY}'.*export the model again"):
        read_tflite_metadata(tflite_files.with_entries(bare, entries))


@pytest.mark.parametrize("text", [b"", b"no JSON", b"[]", b'{"image_size": 64}', b"\xff\xfe"])
def test_metadata_that_are_none_are_named(text, bare):
    entries = {METADATA_ENTRY: text, SEAL_ENTRY: bytes(32)}
    with pytest.raises(DataError, match=r"^model: expected"):
        read_tflite_metadata(seal(tflite_files.with_entries(bare, entries)))


def test_a_tflite_file_is_no_keras_model(tflite_folder):
    with pytest.raises(DataError, match=r"model\.tflite: expected.*found a TFLite model"):
        open_despoofer(tflite_folder / "model.tflite")
