"""A model file with other metadata: the same model, the old file untouched."""

from __future__ import annotations

from pathlib import Path

from despoof_keras.errors import DataError
from despoof_keras.inference.open_model import kind_of, open_despoofer
from despoof_keras.metadata import ModelMetadata
from despoof_keras.utils.files import atomic_path

# The endings of the files that can be written, by the kind of the model; the released model becomes
# a file of this package.
SUFFIXES = {"keras": ".keras", "released": ".keras", "tflite": ".tflite"}


def check_output(model: Path, output: Path) -> None:
    """Make sure that a model can be written anew, and where to.

    Raises:
        DataError: its kind cannot be written, or the output has another ending or is the model.
    """
    kind = kind_of(model)
    if kind not in SUFFIXES:
        raise DataError(
            f"{model}: expected a .keras or .tflite file, or the released model, of which a new "
            "file can be made; export a SavedModel again from its .keras file instead"
        )
    if output.suffix != SUFFIXES[kind]:
        raise DataError(f"--output: expected a {SUFFIXES[kind]} file; received {output}")
    if output.exists() and model.exists() and output.samefile(model):
        raise DataError(f"--output: expected another file than the model; received {output}")


def write_with_metadata(model: Path, metadata: ModelMetadata, output: Path) -> None:
    """Write a model again with other metadata.

    Args:
        model: of one of the kinds in `SUFFIXES`.
        metadata: the new ones.
        output: where to.
    """
    if kind_of(model) == "tflite":
        from despoof_keras.export.graph import replace_metadata

        content = replace_metadata(model.read_bytes(), metadata)
        with atomic_path(output) as temporary:
            temporary.write_bytes(content)
        return
    despoofer = open_despoofer(model)
    despoofer.metadata = metadata
    with atomic_path(output) as temporary:
        despoofer.save(temporary)
