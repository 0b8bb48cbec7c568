"""Any model file on a data set's protocol: what it would be worth there, with whose threshold."""

import numpy as np

from despoof_keras.datasets import oulu_npu
from despoof_keras.datasets.prepare import CropSettings, prepare_crops
from despoof_keras.evaluation.labelled_crops import LabelledCrops
from despoof_keras.evaluation.rates import evaluate, rates_at
from despoof_keras.utils.progress import tracked

# Crops scored between two signs of progress.
_BATCH = 64


def evaluate_model(
    model, root, protocol, fold=None, *, cache, frames=6, skip_bad=False, find_eyes=False
):
    """Scores dev and test of a protocol and gives the error rates by video.

    Args:
        model: `ScoringModel`, as from `open_model`.
        root: folder in OULU-NPU's layout.
        protocol, fold: as in `oulu_npu.load`.
        cache: folder for prepared crops and found eye positions.
        frames: crops taken from each video; None takes all.
        skip_bad: leave out unusable videos with a counted warning instead of stopping.
        find_eyes: find the eyes in videos that have no eye file.

    Returns:
        Mapping: `protocol`, `fold`, `score` (its name), `videos_left_out` (a count for each of dev
        and test), `eer_dev`, and the rates
        `at_dev_threshold` and `at_own_threshold`, the model's, None where it has none. Rates and
        thresholds as from `rates.rates_at`, fractions of 1.

    Raises:
        DataError: the data are not as needed.
    """
    metadata = model.metadata
    splits = oulu_npu.load(root, protocol, fold)
    settings = CropSettings(metadata.image_size, frames, crop_rule=metadata.crop_rule)
    frame_scores, left_out = {}, {}
    for split in ("dev", "test"):
        prepared = prepare_crops(
            splits[split],
            cache,
            settings,
            skip_bad=skip_bad,
            find_eyes=find_eyes,
            description=f"face crops of {split}",
        )
        left_out[split] = len(prepared.skipped)
        crops = LabelledCrops.of(prepared)
        starts = range(0, len(crops.crops), _BATCH)
        with tracked(starts, f"scoring {split}", len(starts)) as batches:
            scores = [model.scores(crops.crops[start : start + _BATCH]) for start in batches]
        frame_scores[split] = crops.with_scores(np.concatenate(scores))
    rates = evaluate(**frame_scores)["scores"]["score"]
    own, videos = metadata.threshold, frame_scores["test"].by_video()
    return {
        "protocol": protocol,
        "fold": fold,
        "score": metadata.score,
        "videos_left_out": left_out,
        "eer_dev": rates.pop("eer_dev"),
        "at_dev_threshold": rates,
        "at_own_threshold": None if own is None else rates_at(videos, "score", own),
    }
