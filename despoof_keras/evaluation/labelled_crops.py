"""Face crops of videos in memory, with what they show, for trying exported models."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from despoof_keras.datasets.batches import evaluation_batches
from despoof_keras.datasets.crops import PreparedCrops
from despoof_keras.datasets.samples import BONA_FIDE
from despoof_keras.datasets.shards import frames_in_order
from despoof_keras.errors import DataError
from despoof_keras.evaluation.video_scores import FrameScores
from despoof_keras.faces.crop import PIXEL_SCALE

_SEED = 0


@dataclasses.dataclass(frozen=True)
class LabelledCrops:
    """Crops of one split.

    Attributes:
        crops: `(n, S, S, 3)` uint8 RGB.
        keys: name of each crop's video.
        frames: number of each crop's frame within it.
        pais: species of each crop, `"bona_fide"` or an attack's.
    """

    crops: np.ndarray
    keys: tuple[str, ...]
    frames: tuple[int, ...]
    pais: tuple[str, ...]

    @classmethod
    def of(cls, prepared: PreparedCrops, positions: Sequence[int] | None = None) -> "LabelledCrops":
        """Read prepared crops into memory.

        Args:
            prepared: the crops.
            positions: numbers in `shards.frames_in_order` of the only crops to read, each of which
                is read once, in ascending order; None reads all.
        """
        index = frames_in_order(prepared)
        if positions is not None:
            index = [index[position] for position in sorted(set(positions))]
        batches = [
            np.rint(batch["image"].numpy() * PIXEL_SCALE)
            for batch in evaluation_batches(prepared, positions=positions)
        ]
        return cls(
            np.concatenate(batches).astype(np.uint8),
            tuple(frame.key for frame in index),
            tuple(frame.frame for frame in index),
            tuple(frame.pai for frame in index),
        )

    def with_scores(self, scores: np.ndarray) -> FrameScores:
        """The crops' `FrameScores`, under the name `"score"`.

        Args:
            scores: `(n,)`.
        """
        values = {"score": np.asarray(scores, np.float64)}
        return FrameScores(self.keys, self.frames, self.pais, values)

    def gap(self, scores: np.ndarray) -> float:
        """Mean score of the attacks minus that of the bona fide presentations.

        Raises:
            DataError: a class is missing.
        """
        is_attack = np.array([pai != BONA_FIDE for pai in self.pais])
        if is_attack.all() or not is_attack.any():
            raise DataError("crops: expected bona fide and attack presentations; found one class")
        return float(np.mean(scores[is_attack]) - np.mean(scores[~is_attack]))

    def balanced(self, count: int) -> np.ndarray:
        """At most `count` crops, as evenly from all species as possible, in random order.

        Returns:
            `(m, S, S, 3)` uint8.
        """
        random = np.random.default_rng(_SEED)
        species = sorted(set(self.pais))
        pais = np.array(self.pais)
        queues = [random.permutation(np.flatnonzero(pais == pai)) for pai in species]
        # The n-th crop of every species comes before the next crop of any.
        ranked = sorted((rank, i) for queue in queues for rank, i in enumerate(queue.tolist()))
        return self.crops[random.permutation([i for _, i in ranked[:count]])]
