"""Face crops of videos in memory, with what they show: to try exported models on."""

import dataclasses

import numpy as np

from despoof_keras.datasets.batches import evaluation_batches
from despoof_keras.datasets.shards import frames_in_order
from despoof_keras.errors import DataError
from despoof_keras.evaluation.video_scores import FrameScores
from despoof_keras.faces.crop import PIXEL_SCALE

BONA_FIDE = "bona_fide"
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
    keys: tuple
    frames: tuple
    pais: tuple

    @classmethod
    def of(cls, prepared):
        """The crops of `PreparedCrops`."""
        batches = [np.rint(b["image"].numpy() * PIXEL_SCALE) for b in evaluation_batches(prepared)]
        index = frames_in_order(prepared)
        columns = (tuple(frame[name] for frame in index) for name in ("key", "frame", "pai"))
        return cls(np.concatenate(batches).astype(np.uint8), *columns)

    def with_scores(self, scores):
        """`FrameScores` of the crops under the name `"score"`.

        Args:
            scores: `(n,)`.
        """
        values = {"score": np.asarray(scores, np.float64)}
        return FrameScores(self.keys, self.frames, self.pais, values)

    def gap(self, scores):
        """Mean score of the attacks less that of the bona fide presentations.

        Raises:
            DataError: a class is missing.
        """
        is_attack = np.array([pai != BONA_FIDE for pai in self.pais])
        if is_attack.all() or not is_attack.any():
            raise DataError("crops: expected bona fide and attack presentations; found one class")
        return float(np.mean(scores[is_attack]) - np.mean(scores[~is_attack]))

    def balanced(self, count):
        """At most `count` crops, as many of every species as there are, in random order.

        Returns:
            `(m, S, S, 3)` uint8.
        """
        random = np.random.default_rng(_SEED)
        species = sorted(set(self.pais))
        pais = np.array(self.pais)
        queues = [random.permutation(np.flatnonzero(pais == pai)) for pai in species]
        # The n-th of every species before the next of any.
        ranked = sorted((rank, i) for queue in queues for rank, i in enumerate(queue.tolist()))
        return self.crops[random.permutation([i for _, i in ranked[:count]])]
