"""The crops that `export/to_tflite.py` calibrates and tries an export on."""

from despoof_keras.datasets import oulu_npu
from despoof_keras.labelled_crops import LabelledCrops
from despoof_keras.models.released import EXAMPLE_LIVE_SCORE, EXAMPLE_PRINT_SCORE
from despoof_keras.preparation import CropSettings, prepare_crops
from despoof_keras.synthesis import cache_folder, default_root
from despoof_keras.tflite_variants import CALIBRATION_CROPS, HELD_OUT_CROPS, ExportData

# The embedded set's protocol for models that it is only a source of faces to.
_PROTOCOL = 1
# Videos of either label that are taken then, of each split, where there are that many.
_FEW_VIDEOS = 100


def labelled_data(metadata, root=None, protocol=1, fold=None, frames=6):
    """Dev and test of a data set, to choose the threshold and measure error rates on.

    Args:
        metadata: the model's; the crops have its size and follow its crop rule.
        root: folder in OULU-NPU's layout; default: the embedded set, made on first use.
        protocol, fold: as in `oulu_npu.load`.
        frames: crops taken from each video.

    Returns:
        `tflite_variants.ExportData`.

    Raises:
        DataError: the data are not as needed.
    """
    splits = oulu_npu.load(default_root() if root is None else root, protocol, fold)
    settings = CropSettings(metadata.image_size, frames, crop_rule=metadata.crop_rule)
    dev, test = (_crops(splits[name], settings, name) for name in ("dev", "test"))
    return ExportData(dev=dev, test=test)


def released_data(image_size):
    """Crops of the embedded set for the released model, whose threshold they must not change.

    It was trained on photographs and takes synthetic faces for attacks, so they serve for ranges
    and for comparison, and the gap is that of its authors' example videos.

    Args:
        image_size: side of the crops in pixels.

    Returns:
        `tflite_variants.ExportData` without dev and test.
    """
    splits = oulu_npu.load(default_root(), _PROTOCOL)
    settings = CropSettings(image_size, frames_per_video=1)
    few = {name: _few(splits[name]) for name in ("dev", "test")}
    calibration, held_out = (_crops(few[name], settings, name) for name in ("dev", "test"))
    return ExportData(
        calibration=calibration.balanced(CALIBRATION_CROPS),
        held_out=held_out.balanced(HELD_OUT_CROPS),
        gap=EXAMPLE_PRINT_SCORE - EXAMPLE_LIVE_SCORE,
    )


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


def _crops(samples, settings, split):
    prepared = prepare_crops(
        samples, cache_folder() / "crops", settings, description=f"face crops of {split}"
    )
    return LabelledCrops.of(prepared)
