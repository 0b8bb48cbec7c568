"""The presentations that a model is calibrated on, and its scores of them."""

from __future__ import annotations

import dataclasses

import numpy as np

from despoof_keras.datasets.crops import CropSettings
from despoof_keras.datasets.data import Data
from despoof_keras.datasets.prepare import prepare_data
from despoof_keras.datasets.samples import VideoSample
from despoof_keras.evaluation.labelled_crops import LabelledCrops
from despoof_keras.evaluation.score_files import PresentationScore
from despoof_keras.evaluation.score_table import ScoreTable
from despoof_keras.inference.scoring_model import ScoringModel
from despoof_keras.utils.progress import tracked

# Crops scored between two updates of the progress bar.
_BATCH = 64


@dataclasses.dataclass(frozen=True)
class Scored:
    """What a model says of presentations.

    Attributes:
        table: a row for each presentation that has a face; its score is the mean of its frames.
        left_out: mapping from the key of each presentation that could not be used to the reason.
    """

    table: ScoreTable
    left_out: dict[str, str]


def score_presentations(
    model: ScoringModel,
    data: Data,
    samples: list[VideoSample],
    frames: int | None,
) -> Scored:
    """Cut the faces out of presentations, and score them.

    Args:
        model: as from `open_model`.
        data: how they are prepared.
        samples: the presentations.
        frames: crops taken from each; None takes all.

    Raises:
        DataError: one cannot be used, and bad ones are not left out.
    """
    metadata = model.metadata
    settings = CropSettings(metadata.image_size, frames, crop_rule=metadata.crop_rule)
    prepared = prepare_data(data, samples, settings, "face crops")
    crops = LabelledCrops.of(prepared)
    starts = range(0, len(crops.crops), _BATCH)
    with tracked(starts, "scoring", len(starts)) as batches:
        scores = [model.scores(crops.crops[start : start + _BATCH]) for start in batches]
    sample_of = {sample.key: sample for sample in samples}
    rows = [
        PresentationScore.of(sample_of[key], float(score), frame)
        for key, frame, score in zip(crops.keys, crops.frames, np.concatenate(scores), strict=True)
    ]
    return Scored(ScoreTable.of(rows, str(data.root)), dict(prepared.left_out))
