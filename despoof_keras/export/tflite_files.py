"""Export of a trained model as TFLite files, each tried before it gets its name."""

import contextlib
import logging
import os
from collections.abc import Collection
from pathlib import Path

from despoof_keras.errors import DataError
from despoof_keras.export.data import ExportData
from despoof_keras.export.exporter import Exporter
from despoof_keras.export.variants import VARIANTS
from despoof_keras.models.despoofer import Despoofer
from despoof_keras.utils.files import atomic_path

logger = logging.getLogger(__name__)

_REPORTS = ("report.json", "report.md")


def export_tflite(
    model: Despoofer,
    folder: str | os.PathLike,
    variants: Collection[str] = VARIANTS,
    data: ExportData | None = None,
    *,
    licence: str | None = None,
    model_version: str | None = None,
    overwrite: bool = False,
) -> dict:
    """Write `<variant>.tflite` for each variant, `report.md` and `report.json`.

    Every file takes one crop a call, `image`, `(1, S, S, 3)` uint8 RGB. The division by 256 and the
    conversion to HSV are inside, and all operations are built-in ones. Signatures:
        `score`: `score` `(1,)`, the score that the metadata name, computed without what it does not
            need;
        `despoof`: `score`, `noise` and `live_estimate` `(1, S, S, 6)`, `zero_one_map`
            `(1, S / 8, S / 8, 1)`. The variant `light` lacks it; its `score` gives the map too.

    Variants, see `variants.VARIANTS`: `float32`; `float16`, weights in half precision; `dynamic`,
    int8 weights, and activations quantised at run time; `int8`, see `int8.choose_layers`; `light`,
    the encoder and the score of the 0/1 map alone, weights in half precision.

    Metadata and a checksum are inside each file, see `tflite.file`. The files get their names after
    all of them have run in the TFLite runtime and are within their variants' bounds of the Keras
    model.

    Args:
        model: Model to export.
        folder: Folder to write to, one for an export and its report; other files in it stay.
        variants: Names of variants in `VARIANTS`; by default, all.
        data: Crops to calibrate, compare and rate on; `int8` needs some, the others do not.
        licence: Of the weights, for the metadata; by default, the model's.
        model_version: A name for the model, for the metadata; by default, the model's.
        overwrite: Replace files of these names, and the report.

    Returns:
        The contents of `report.json`.

    Raises:
        DataError: An argument is wrong, a file is already there, or a variant does not agree with
            the model; no file is changed then.
        ImportError: No TFLite runtime is installed.

    Example:
        >>> export_tflite(model, "exported", ["float32"])  # doctest: +SKIP
    """
    folder = Path(folder)
    check_targets(folder, variants, overwrite)
    exporter = Exporter(model, data or ExportData(), licence, model_version)
    artifacts = {}
    for name, variant in VARIANTS.items():
        if name in variants:
            logger.info("exporting %s", name)
            artifacts[name] = exporter.make(variant)
    report = exporter.report(artifacts)
    with contextlib.ExitStack() as stack:
        # All files are written before the first gets its name.
        for name, artifact in artifacts.items():
            path = stack.enter_context(atomic_path(folder / f"{name}.tflite"))
            path.write_bytes(artifact.content)
        for name, text in zip(_REPORTS, (report.to_json(), report.to_markdown()), strict=True):
            stack.enter_context(atomic_path(folder / name)).write_text(text, encoding="utf-8")
    return report.to_dict()


def check_targets(
    folder: str | os.PathLike, variants: Collection[str], overwrite: bool = False
) -> None:
    """Make sure that variants are known and may be written to a folder.

    Raises:
        DataError: A variant is unknown, none is given, or a file is in the way.
    """
    unknown = [name for name in variants if name not in VARIANTS]
    if unknown or not variants:
        raise DataError(
            f"variants: expected some of {', '.join(VARIANTS)}; "
            f"received {', '.join(unknown) or 'none'}"
        )
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise DataError(f"{folder}: expected a folder, or nothing; found a file")
    # The report is checked too, because that of other variants would be lost.
    for name in (*(f"{variant}.tflite" for variant in variants), *_REPORTS):
        path = folder / name
        if path.exists() and not overwrite:
            raise DataError(f"{path}: already exists; --overwrite (overwrite=True) replaces it")
