"""Spoof scores of frames, and of the videos that they belong to."""

import dataclasses

import numpy as np

from despoof_keras.datasets.batches import EVALUATION_BATCH, evaluation_batches
from despoof_keras.datasets.crops import PreparedCrops
from despoof_keras.datasets.samples import BONA_FIDE
from despoof_keras.datasets.shards import frames_in_order
from despoof_keras.errors import DataError
from despoof_keras.evaluation.score_files import mean_of_frames
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

    keys: tuple[str, ...]
    frames: tuple[int, ...]
    pais: tuple[str, ...]
    scores: dict[str, np.ndarray]

    def by_video(self) -> "VideoScores":
        """The scores of the videos, each the mean of its frames, see `mean_of_frames`."""
        positions = {}
        for position, key in enumerate(self.keys):
            positions.setdefault(key, []).append(position)
        scores = {
            name: np.array([mean_of_frames(values[own]) for own in positions.values()])
            for name, values in self.scores.items()
        }
        pais = tuple(self.pais[own[0]] for own in positions.values())
        return VideoScores(tuple(positions), pais, scores)


@dataclasses.dataclass(frozen=True)
class VideoScores:
    """Spoof scores of videos: `keys`, `pais` and `scores` as in `FrameScores`, by video."""

    keys: tuple[str, ...]
    pais: tuple[str, ...]
    scores: dict[str, np.ndarray]

    def bona_fide(self, name: str) -> np.ndarray:
        """Scores of the bona fide videos by the score `name`."""
        return self.scores[name][self._is_bona_fide()]

    def attack(self, name: str) -> np.ndarray:
        """Scores of the attack videos by the score `name`."""
        return self.scores[name][~self._is_bona_fide()]

    def attack_species(self) -> list[str]:
        """Species of the attack videos, in the order of `attack`."""
        return [pai for pai in self.pais if pai != BONA_FIDE]

    def _is_bona_fide(self):
        return np.array([pai == BONA_FIDE for pai in self.pais])


def score_crops(model, crops: PreparedCrops, description: str | None = None) -> FrameScores:
    """Score all prepared crops.

    Args:
        model: `Despoofer`.
        crops: crops of the model's image size.
        description: label of a progress bar; without it there is none.

    Returns:
        The scores of `metadata.SCORE_NAMES`.

    Raises:
        DataError: the crops do not have the model's image size.
    """
    if crops.settings.image_size != model.image_size:
        raise DataError(
            f"crops: expected {model.image_size} pixels, the model's size; "
            f"received {crops.settings.image_size}"
        )
    parts = {name: [] for name in SCORE_NAMES}
    total = -(-sum(crops.counts.values()) // EVALUATION_BATCH)
    with tracked(evaluation_batches(crops), description, total) as batches:
        for batch in batches:
            for name, values in model.scores_of(batch["image"]).items():
                parts[name].append(values.numpy())
    index = frames_in_order(crops)
    return FrameScores(
        tuple(frame.key for frame in index),
        tuple(frame.frame for frame in index),
        tuple(frame.pai for frame in index),
        {name: np.concatenate(values) for name, values in parts.items()},
    )
