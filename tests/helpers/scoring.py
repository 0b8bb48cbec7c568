"""A model for tests of what happens around a model: its score is a crop's mean brightness."""

import numpy as np

from despoof_keras.inference.scoring_model import ScoringModel
from despoof_keras.metadata import ModelMetadata

SIZE = 32


def brightness_model(threshold=0.25, score=None):
    """A `ScoringModel` that scores by brightness, or always by `score`."""

    def score_batch(crops):
        scores = crops.mean(axis=(1, 2, 3), dtype=np.float32) / 256
        return {"score": scores if score is None else np.full_like(scores, score)}

    def despoof_batch(crops):
        maps = np.zeros((len(crops), SIZE // 8, SIZE // 8, 1), np.float32)
        picture = np.zeros((len(crops), SIZE, SIZE, 6), np.float32)
        outputs = {"noise": picture, "live_estimate": picture, "zero_one_map": maps, "depth": maps}
        return {**score_batch(crops), **outputs}

    metadata = ModelMetadata(SIZE, threshold=threshold)
    return ScoringModel("keras", metadata, score_batch, despoof_batch)


def write_clip(path, image, count, step=3):
    """Write a video in which an RGB image moves to the right by `step` pixels a frame."""
    import cv2

    height, width = image.shape[:2]
    writer = cv2.VideoWriter(
        str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10, (width, height), isColor=True
    )
    for number in range(count):
        writer.write(cv2.cvtColor(np.roll(image, step * number, axis=1), cv2.COLOR_RGB2BGR))
    writer.release()
