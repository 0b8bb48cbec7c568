"""Any model file on a data set's protocol: what it would be worth there, with whose threshold."""

import numpy as np

from despoof_keras import metrics
from despoof_keras.datasets import oulu_npu
from despoof_keras.evaluation import rates_at
from despoof_keras.labelled_crops import LabelledCrops
from despoof_keras.preparation import CropSettings, prepare_crops

# Crops scored between two signs of progress.
_BATCH = 64


def evaluate_model(model, root, protocol, fold=None, *, cache, frames=6):
    """Scores dev and test of a protocol and gives the error rates by video.

    Args:
        model: `ScoringModel`, as from `open_model`.
        root: folder in OULU-NPU's layout.
        protocol, fold: as in `oulu_npu.load`.
        cache: folder for prepared crops.
        frames: crops taken from each video; None takes all.

    Returns:
        Mapping: `protocol`, `fold`, `score` (its name), `eer_dev`, `dev_threshold` with the rates
        `at_dev_threshold`, and the model's own `threshold` with the rates `at_own_threshold`, None
        where it has none. Rates as from `evaluation.rates_at`, fractions of 1.

    Raises:
        DataError: the data are not as needed.
    """
    metadata = model.metadata
    splits = oulu_npu.load(root, protocol, fold)
    settings = CropSettings(metadata.image_size, frames, crop_rule=metadata.crop_rule)
    videos = {}
    for split in ("dev", "test"):
        crops = LabelledCrops.of(
            prepare_crops(splits[split], cache, settings, description=f"face crops of {split}")
        )
        starts = range(0, len(crops.crops), _BATCH)
        scores = [model.scores(crops.crops[start : start + _BATCH]) for start in starts]
        videos[split] = crops.with_scores(np.concatenate(scores)).by_video()
    dev, test = videos["dev"], videos["test"]
    rate, threshold = metrics.eer(dev.bona_fide("score"), dev.attack("score"))
    own = metadata.threshold
    return {
        "protocol": protocol,
        "fold": fold,
        "score": metadata.score,
        "eer_dev": rate,
        "dev_threshold": threshold,
        "at_dev_threshold": rates_at(test, "score", threshold),
        "threshold": own,
        "at_own_threshold": None if own is None else rates_at(test, "score", own),
    }
