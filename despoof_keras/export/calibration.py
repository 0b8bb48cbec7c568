"""The crops that an export is calibrated and tried on."""

import dataclasses
import logging

from despoof_keras.datasets.crops import CropSettings
from despoof_keras.datasets.data import Data, described_protocol
from despoof_keras.datasets.prepare import prepare_data
from despoof_keras.datasets.simulated import warn_of_simulated
from despoof_keras.evaluation.labelled_crops import LabelledCrops
from despoof_keras.export.data import CALIBRATION_CROPS, HELD_OUT_CROPS, ExportData
from despoof_keras.metadata import ModelMetadata
from despoof_keras.models.released import EXAMPLE_LIVE_SCORE, EXAMPLE_PRINT_SCORE
from despoof_keras.synthesis import EMBEDDED_SET, data_at

logger = logging.getLogger(__name__)

# The embedded set's protocol for models that only take faces from it.
_PROTOCOL = 1
# Videos of each label that are taken then from each split, where there are that many.
_FEW_VIDEOS = 100


def is_of_other_faces(metadata: ModelMetadata) -> bool:
    """Whether a model was trained on faces that the embedded set's threshold says nothing about.

    If a model does not say what it was trained on, its threshold, if any, is not the embedded
    set's.
    """
    if metadata.training_data is None:
        return metadata.threshold is not None
    return not metadata.training_data.startswith(EMBEDDED_SET)


def trained_protocol(metadata: ModelMetadata) -> tuple[int | str, int | None]:
    """`(protocol, fold)` that a model was trained on, by its metadata; otherwise `(1, None)`."""
    return described_protocol(metadata.training_data) or (_PROTOCOL, None)


def labelled_data(metadata: ModelMetadata, data: Data, frames: int | None = 6) -> ExportData:
    """Dev and test of a data set, for choosing the threshold and measuring error rates.

    Args:
        metadata: of the model; the crops have its size and follow its crop rule.
        data: where dev and test come from; a split of one's own without attacks gets simulated
            ones.
        frames: crops taken from each video; None takes all.

    Raises:
        DataError: the data are not as needed.
    """
    # As in fine-tuning, whoever has no attacks yet has live faces at least.
    data = dataclasses.replace(data, simulate_attacks=True)
    splits = data.load()
    warn_of_simulated(splits, data.root)
    settings = CropSettings(metadata.image_size, frames, crop_rule=metadata.crop_rule)
    dev, test = (_crops(data, splits[name], settings, name) for name in ("dev", "test"))
    return ExportData(dev=dev, test=test, source=data.description)


def faces_alone(
    metadata: ModelMetadata, gap: float | None = None, processes: int | None = None
) -> ExportData:
    """Crops of the embedded set for a model of other faces, whose threshold they must not change.

    A model that was trained on photographs may take synthetic faces for attacks, so the crops only
    serve for ranges and for comparison.

    Args:
        metadata: of the model; the crops have its size and follow its crop rule.
        gap: as in `ExportData`.
        processes: as in `Data`.

    Returns:
        Data without dev and test.
    """
    data = data_at(None, protocol=_PROTOCOL, processes=processes)
    splits = data.load()
    settings = CropSettings(metadata.image_size, 1, crop_rule=metadata.crop_rule)
    calibration, held_out = (
        _crops(data, _few(splits[name]), settings, name) for name in ("dev", "test")
    )
    return ExportData(
        calibration=calibration.balanced(CALIBRATION_CROPS),
        held_out=held_out.balanced(HELD_OUT_CROPS),
        gap=gap,
    )


def released_data(metadata: ModelMetadata, processes: int | None = None) -> ExportData:
    """`faces_alone` for the released model; the gap is that of its authors' example videos."""
    return faces_alone(metadata, EXAMPLE_PRINT_SCORE - EXAMPLE_LIVE_SCORE, processes)


def unlabelled_data(metadata: ModelMetadata, name: str, processes: int | None = None) -> ExportData:
    """`faces_alone`, with a warning that no threshold is chosen.

    Args:
        metadata: of the model.
        name: of the model, for the warning.
        processes: as in `Data`.
    """
    logger.warning(
        "%s: trained on %s; no threshold is chosen, and files that score as the model does keep "
        "its own (%s); --calibration DATA chooses one for each",
        name,
        metadata.training_data or "data that it does not name",
        metadata.threshold,
    )
    return faces_alone(metadata, processes=processes)


def _few(samples):
    """Some videos of each label, spread over the list, with all species."""
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


def _crops(data, samples, settings, split):
    return LabelledCrops.of(prepare_data(data, samples, settings, f"face crops of {split}"))
