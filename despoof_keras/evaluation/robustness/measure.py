"""How the scores of a model move under changes: one pass over videos, which may be interrupted."""

import dataclasses
import logging
from collections.abc import Sequence
from typing import Any

import numpy as np

from despoof_keras.datasets.samples import BONA_FIDE, VideoSample
from despoof_keras.errors import DataError
from despoof_keras.evaluation.robustness.conditions import CLIP, FAMILIES, Condition
from despoof_keras.evaluation.robustness.h264 import check_encoder
from despoof_keras.evaluation.robustness.journal import Journal
from despoof_keras.evaluation.robustness.perturbation import CropJob, perturbed_crops
from despoof_keras.evaluation.score_files import mean_of_frames
from despoof_keras.utils.processes import default_processes, in_processes
from despoof_keras.utils.progress import tracked
from despoof_keras.utils.video.frames import spread_indices

logger = logging.getLogger(__name__)

# Of all crops of a video, which are in memory together, and those of a few videos more.
MOST_BYTES = 64 * 2**20
# Memory of a worker, with room for its crops. Under all conditions, one was measured to need 470 MB
# at its peak for a video of 1080 x 1920 pixels, most of it for H.264 at three bit rates.
BYTES_PER_WORKER = 512 * 2**20


@dataclasses.dataclass(frozen=True)
class Measurement:
    """What is measured on each video.

    Attributes:
        conditions: what is changed; without any, videos are scored as they are.
        frames: frames of each video, at most.
        seed: of the directions in which boxes are displaced.

    Raises:
        DataError: the number of frames is less than 1.
    """

    conditions: tuple[Condition, ...]
    frames: int = 2
    seed: int = 0

    def __post_init__(self):
        if self.frames < 1:
            raise DataError(f"frames of each video: expected at least 1; received {self.frames}")

    def check(self, image_size: int) -> None:
        """Make sure that the crops of a video can be made, and fit into the memory.

        Raises:
            DataError: they do not, or there is no encoder.
        """
        if any(FAMILIES[condition.family].acts_on == CLIP for condition in self.conditions):
            check_encoder()
        for_frame = (len(self.conditions) + 1) * 3 * image_size**2
        if self.frames * for_frame > MOST_BYTES:
            raise DataError(
                f"frames of each video: expected at most {max(1, MOST_BYTES // for_frame)} with "
                f"crops of {image_size} pixels under {len(self.conditions)} conditions; "
                f"received {self.frames}"
            )


def score_videos(
    model: Any,
    samples: Sequence[VideoSample],
    measurement: Measurement,
    journal: Journal,
    *,
    processes: int | None = None,
    skip_bad: bool = False,
    description: str | None = None,
) -> dict[str, np.ndarray]:
    """Score videos as they are and under every condition.

    Videos that `journal` knows are not scored again; each is scored by itself, so that the scores
    do not depend on where a measurement was interrupted.

    Args:
        model: `ScoringModel`, or anything with its `scores` and with `metadata` that have an
            `image_size` and a `crop_rule`.
        samples: the videos, with their eye files.
        measurement: what to change.
        journal: where scores are kept.
        processes: worker processes; default: as many as there are processors and memory for.
        skip_bad: leave out videos that cannot be used, and frames of others, with a warning each.
        description: label of the progress bar; None shows none.

    Returns:
        Mapping from key to `(conditions + 1,)` scores, the unperturbed one first, each the mean of
        the frames; NaN where there is none. In the order of `samples`, without those left out.

    Raises:
        DataError: a video or its eye file cannot be used; it is named.
    """
    size, rule = model.metadata.image_size, model.metadata.crop_rule
    measurement.check(size)
    settings = (measurement.conditions, size, rule, measurement.frames, measurement.seed, skip_bad)
    jobs = [CropJob(sample, *settings) for sample in samples if sample.key not in journal.scores]
    results = in_processes(_crops, jobs, processes or default_processes(BYTES_PER_WORKER))
    with tracked(results, description, len(jobs)) as videos:
        for job, (crops, left_out) in zip(jobs, videos, strict=True):
            for message in left_out:
                logger.warning("left out: %s", message)
            if crops is not None:
                journal.add(job.sample.key, _scores(model, crops))
    return {s.key: journal.scores[s.key] for s in samples if s.key in journal.scores}


def _crops(job):
    """Worker: `(crops, messages)` of a video; None if it is left out."""
    try:
        crops = perturbed_crops(job)
    except DataError as error:
        if not job.skip_bad:
            raise
        return None, (str(error),)
    return crops, crops.left_out


def _scores(model, crops):
    """Scores of a video under every condition, `(conditions + 1,)`."""
    scores = np.full(crops.is_cut.shape, np.nan)
    scores[crops.is_cut] = model.scores(crops.crops[crops.is_cut])
    return np.array([mean_of_frames(row) for row in scores])


def choose(samples: Sequence[VideoSample], count: int | None) -> list[VideoSample]:
    """Choose about `count` videos, half of them bona fide, evenly from each species and its list.

    Args:
        samples: the videos.
        count: number of videos, at least one of each species; None takes all.

    Raises:
        DataError: the number is less than 1.
    """
    if count is None:
        return list(samples)
    if count < 1:
        raise DataError(f"videos: expected a positive number; received {count}")
    places: dict[str, list[int]] = {}
    for place, sample in enumerate(samples):
        places.setdefault(sample.pai, []).append(place)
    attacks = max(1, len(places) - (BONA_FIDE in places))
    chosen = set()
    for pai, own in places.items():
        share = max(1, round(count / 2 / (1 if pai == BONA_FIDE else attacks)))
        chosen |= {own[i] for i in spread_indices(len(own), share)}
    return [samples[place] for place in sorted(chosen)]
