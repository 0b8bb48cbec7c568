"""Error rates of any model file on a protocol, by dev's threshold and by the model's own."""

import numpy as np

from despoof_keras.datasets.crops import CropSettings
from despoof_keras.datasets.data import Data
from despoof_keras.datasets.fingerprint import describe, fingerprint
from despoof_keras.datasets.prepare import prepare_data
from despoof_keras.evaluation.labelled_crops import LabelledCrops
from despoof_keras.evaluation.rates import dev_threshold, rates_at
from despoof_keras.utils.progress import tracked

# Crops scored between two updates of the progress bar.
_BATCH = 64
_SPLITS = ("dev", "test")


def evaluate_model(model, data: Data, frames: int | None = 6) -> dict:
    """Score dev and test of a protocol, and compute the error rates by video.

    Args:
        model: `ScoringModel`, as from `open_model`.
        data: what to score.
        frames: crops taken from each video; None takes all.

    Returns:
        Mapping: `protocol`, `fold`, `data_fingerprint` (of dev and test), `score` (its name),
        `videos_left_out` and `frames_left_out` (counts for each of dev and test), `eer_dev`, and
        the rates `at_dev_threshold` and `at_own_threshold`, the model's, None where it has none.
        Rates and thresholds as from `rates.rates_at`, fractions of 1.

    Raises:
        DataError: the data are not as needed.
    """
    metadata = model.metadata
    splits = data.load()
    settings = CropSettings(metadata.image_size, frames, crop_rule=metadata.crop_rule)
    frame_scores, left_out, frames_left_out = {}, {}, {}
    for split in _SPLITS:
        prepared = prepare_data(data, splits[split], settings, f"face crops of {split}")
        left_out[split] = len(prepared.left_out)
        frames_left_out[split] = len(prepared.frames_left_out)
        crops = LabelledCrops.of(prepared)
        starts = range(0, len(crops.crops), _BATCH)
        with tracked(starts, f"scoring {split}", len(starts)) as batches:
            scores = [model.scores(crops.crops[start : start + _BATCH]) for start in batches]
        frame_scores[split] = crops.with_scores(np.concatenate(scores))
    dev, videos = (frame_scores[split].by_video() for split in _SPLITS)
    eer_dev, threshold = dev_threshold(dev, "score")
    own = metadata.threshold
    return {
        "protocol": data.protocol,
        "fold": data.fold,
        "data_fingerprint": fingerprint({split: describe(splits[split]) for split in _SPLITS}),
        "score": metadata.score,
        "videos_left_out": left_out,
        "frames_left_out": frames_left_out,
        "eer_dev": eer_dev,
        "at_dev_threshold": rates_at(videos, "score", threshold),
        "at_own_threshold": None if own is None else rates_at(videos, "score", own),
    }
