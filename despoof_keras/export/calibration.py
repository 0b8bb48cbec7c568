"""The crops that `export/to_tflite.py` calibrates and tries an export on."""

import re

from despoof_keras.datasets import oulu_npu
from despoof_keras.datasets.prepare import CropSettings, prepare_crops
from despoof_keras.evaluation.labelled_crops import LabelledCrops
from despoof_keras.export.data import CALIBRATION_CROPS, HELD_OUT_CROPS, ExportData
from despoof_keras.models.released import EXAMPLE_LIVE_SCORE, EXAMPLE_PRINT_SCORE
from despoof_keras.synthesis import EMBEDDED_SET, cache_folder, default_root

# The embedded set's protocol for models that it is only a source of faces to.
_PROTOCOL = 1
# Videos of either label that are taken then, of each split, where there are that many.
_FEW_VIDEOS = 100
# How the training data of a run of the recipe end, see `experiment.run_experiment`.
_TRAINED_PROTOCOL = re.compile(r"protocol ([1-4])(?:, fold ([1-6]))?$")


def is_of_other_faces(metadata):
    """Whether a model was trained on faces that the embedded set's threshold says nothing about.

    A model that does not say what it was trained on has its own threshold, if any, from elsewhere.
    """
    if metadata.training_data is None:
        return metadata.threshold is not None
    return not metadata.training_data.startswith(EMBEDDED_SET)


def trained_protocol(metadata):
    """`(protocol, fold)` that a model was trained on, as its metadata tell; else `(1, None)`."""
    found = _TRAINED_PROTOCOL.search(metadata.training_data or "")
    if found is None:
        return _PROTOCOL, None
    protocol, fold = found.groups()
    return int(protocol), None if fold is None else int(fold)


def labelled_data(
    metadata, root=None, protocol=1, fold=None, frames=6, *, skip_bad=False, find_eyes=False
):
    """Dev and test of a data set, to choose the threshold and measure error rates on.

    Args:
        metadata: the model's; the crops have its size and follow its crop rule.
        root: folder in OULU-NPU's layout; default: the embedded set, made on first use.
        protocol, fold: as in `oulu_npu.load`.
        frames: crops taken from each video.
        skip_bad: leave out unusable videos with a counted warning instead of stopping.
        find_eyes: find the eyes in videos that have no eye file.

    Returns:
        `ExportData`.

    Raises:
        DataError: the data are not as needed.
    """
    splits = oulu_npu.load(default_root() if root is None else root, protocol, fold)
    settings = CropSettings(metadata.image_size, frames, crop_rule=metadata.crop_rule)
    how = {"skip_bad": skip_bad, "find_eyes": find_eyes}
    dev, test = (_crops(splits[name], settings, name, **how) for name in ("dev", "test"))
    fold = f", fold {fold}" if fold else ""
    source = f"{EMBEDDED_SET if root is None else root}, protocol {protocol}{fold}"
    return ExportData(dev=dev, test=test, source=source)


def faces_alone(metadata, gap=None):
    """Crops of the embedded set for a model of other faces, whose threshold they must not change.

    A model that was trained on photographs may take synthetic faces for attacks, so they serve for
    ranges and for comparison.

    Args:
        metadata: the model's; the crops have its size and follow its crop rule.
        gap: as in `ExportData`.

    Returns:
        `ExportData` without dev and test.
    """
    splits = oulu_npu.load(default_root(), _PROTOCOL)
    settings = CropSettings(metadata.image_size, 1, crop_rule=metadata.crop_rule)
    few = {name: _few(splits[name]) for name in ("dev", "test")}
    calibration, held_out = (_crops(few[name], settings, name) for name in ("dev", "test"))
    return ExportData(
        calibration=calibration.balanced(CALIBRATION_CROPS),
        held_out=held_out.balanced(HELD_OUT_CROPS),
        gap=gap,
    )


def released_data(metadata):
    """`faces_alone` for the released model; the gap is that of its authors' example videos."""
    return faces_alone(metadata, EXAMPLE_PRINT_SCORE - EXAMPLE_LIVE_SCORE)


def _few(samples):
    """Some videos of either label, from all over the list and of every species."""
    chosen = []
    for label in (0, 1):
        rest = [sample for sample in samples if sample.label == label]
        by_species = {}
        for sample in rest:
            by_species.setdefault(sample.pai, []).append(sample)
        for group in by_species.values():
            wanted = _FEW_VIDEOS // len(by_species)
            chosen += group[:: max(1, len(group) // wanted)][:wanted]
    return chosen


def _crops(samples, settings, split, **how):
    prepared = prepare_crops(
        samples, cache_folder() / "crops", settings, description=f"face crops of {split}", **how
    )
    return LabelledCrops.of(prepared)
