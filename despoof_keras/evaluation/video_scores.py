"""Spoof scores of frames, and of the videos that they belong to."""

import dataclasses

import numpy as np
import tensorflow as tf

from despoof_keras.datasets.batches import EVALUATION_BATCH, evaluation_batches
from despoof_keras.datasets.shards import frames_in_order
from despoof_keras.errors import DataError
from despoof_keras.metadata import SCORE_NAMES
from despoof_keras.utils.progress import tracked


@dataclasses.dataclass(frozen=True)
class FrameScores:
    """Spoof scores of frames, with what they show.

    Attributes:
        keys: name of each frame's video.
        frames: number of each frame within it.
        pais: species of each frame.
        scores: mapping from score name to `(frames,)` float array.
    """

    keys: tuple
    frames: tuple
    pais: tuple
    scores: dict

    def by_video(self):
        """`VideoScores`: the mean over each video's frames that have a score; NaN without any."""
        keys = list(dict.fromkeys(self.keys))
        pai_of = dict(zip(self.keys, self.pais, strict=True))
        number = {key: position for position, key in enumerate(keys)}
        position = np.array([number[key] for key in self.keys])
        scores = {}
        for name, values in self.scores.items():
            got = ~np.isnan(values)  # infinite ones are the model's fault: metrics refuse them
            total = np.bincount(position[got], weights=values[got], minlength=len(keys))
            counts = np.bincount(position[got], minlength=len(keys))
            scores[name] = np.divide(
                total, counts, out=np.full(len(keys), np.nan), where=counts > 0
            )
        return VideoScores(tuple(keys), tuple(pai_of[key] for key in keys), scores)


@dataclasses.dataclass(frozen=True)
class VideoScores:
    """Spoof scores of videos: `keys`, `pais` and `scores` as in `FrameScores`, one entry each."""

    keys: tuple
    pais: tuple
    scores: dict

    def bona_fide(self, name):
        return self.scores[name][self._is_bona_fide()]

    def attack(self, name):
        return self.scores[name][~self._is_bona_fide()]

    def attack_species(self):
        return [pai for pai in self.pais if pai != "bona_fide"]

    def _is_bona_fide(self):
        return np.array([pai == "bona_fide" for pai in self.pais])


def score_crops(model, crops, description=None):
    """Scores all prepared crops.

    Args:
        model: `Despoofer`.
        crops: `PreparedCrops` of the model's image size.
        description: label of a progress bar; None shows none.

    Returns:
        `FrameScores` with the scores of `metadata.SCORE_NAMES`.

    Raises:
        DataError: the crops have another size than the model.
    """
    if crops.settings.image_size != model.image_size:
        raise DataError(
            f"crops: expected {model.image_size} pixels, the model's size; "
            f"received {crops.settings.image_size}"
        )
    predict = tf.function(model.predict_scores, reduce_retracing=True)
    parts = {name: [] for name in SCORE_NAMES}
    total = -(-sum(crops.counts.values()) // EVALUATION_BATCH)
    with tracked(evaluation_batches(crops), description, total) as batches:
        for batch in batches:
            for name, values in predict(batch["image"]).items():
                parts[name].append(values.numpy())
    index = frames_in_order(crops)
    columns = (tuple(frame[name] for frame in index) for name in ("key", "frame", "pai"))
    return FrameScores(*columns, {name: np.concatenate(values) for name, values in parts.items()})
