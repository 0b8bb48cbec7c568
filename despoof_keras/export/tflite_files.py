"""A trained model as TFLite files that carry what they need, each tried before it gets its name."""

import contextlib
import logging
from pathlib import Path

from despoof_keras.errors import DataError
from despoof_keras.export.variants import VARIANTS, ExportData, Exporter
from despoof_keras.utils.files import atomic_path

logger = logging.getLogger(__name__)

_REPORTS = ("report.json", "report.md")


def export_tflite(
    model,
    folder,
    variants=VARIANTS,
    data=None,
    *,
    licence=None,
    model_version=None,
    overwrite=False,
):
    """Writes `<variant>.tflite` for each variant, `report.md` and `report.json`.

    Every file takes one crop a call, `image`, `(1, S, S, 3)` uint8 RGB; division by 256 and HSV are
    inside, operations are built-in ones only. Signatures:
        `score`: `score` `(1,)`, the score that the metadata name, and nothing that it needs not;
        `despoof`: `score`, `noise` and `live_estimate` `(1, S, S, 6)`, `zero_one_map`
            `(1, S / 8, S / 8, 1)`; not in `light`, whose `score` gives the map too.

    Variants: `float32`; `float16`, weights in half precision; `dynamic`, int8 weights and
    activations quantised as they come; `int8`, see `tflite_static`; `light`, the encoder and the
    0/1 map's score alone, weights in half precision.

    Metadata and a checksum lie inside (`tflite_metadata`, `tflite_seal`). The files get their names
    when all of them were run in the runtime and are within `variants.BOUNDS` of the Keras
    model.

    Args:
        model: `Despoofer`.
        folder: to write to, one for an export and its report; other files in it stay.
        variants: some of `VARIANTS`.
        data: `ExportData`; default: none, which is enough for all but `int8`.
        licence, model_version: for the metadata, in place of the model's.
        overwrite: replace files of these names, the report of what is there too.

    Returns:
        The contents of `report.json`.

    Raises:
        DataError: an argument is wrong, a file is there already, or a variant does not agree with
            the model; no file is changed then.
        ImportError: no TFLite runtime is installed.

    Example:
        >>> export_tflite(model, "exported", ["float32"])  # doctest: +SKIP
    """
    folder, data = Path(folder), data or ExportData()
    names = [variant for variant in VARIANTS if variant in variants]
    check_targets(folder, variants, overwrite)
    export = Exporter(model, data, licence, model_version)
    artifacts = {}
    for name in names:
        logger.info("exporting %s", name)
        artifacts[name] = export.make(name)
    report = export.report(artifacts)
    with contextlib.ExitStack() as stack:
        # All of them are written before the first gets its name.
        paths = {
            name: stack.enter_context(atomic_path(folder / f"{name}.tflite")) for name in names
        }
        for name, path in paths.items():
            path.write_bytes(artifacts[name].content)
        stack.enter_context(atomic_path(folder / "report.json")).write_text(report.to_json())
        stack.enter_context(atomic_path(folder / "report.md")).write_text(report.to_markdown())
    return report.to_dict()


def check_targets(folder, variants, overwrite=False):
    """Makes sure that variants are known and may be written to a folder.

    Raises:
        DataError: they are not known, or a file is in the way.
    """
    unknown = [variant for variant in variants if variant not in VARIANTS]
    if unknown or not variants:
        raise DataError(
            f"variants: expected some of {', '.join(VARIANTS)}; received {', '.join(unknown)}"
        )
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise DataError(f"{folder}: expected a folder, or nothing; found a file")
    # A report of other variants would be lost.
    for name in (*(f"{variant}.tflite" for variant in variants), *_REPORTS):
        path = folder / name
        if path.exists() and not overwrite:
            raise DataError(f"{path}: is there already; --overwrite (overwrite=True) replaces it")
