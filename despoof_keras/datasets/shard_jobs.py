"""The jobs that make shards of crops in worker processes; a video that kills its worker is told."""

import dataclasses
import os
from collections.abc import Sequence
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from despoof_keras.datasets.clip_crops import clip_records
from despoof_keras.datasets.crops import CropSettings
from despoof_keras.datasets.find_eyes import with_eye_file
from despoof_keras.datasets.samples import BONA_FIDE, VideoSample
from despoof_keras.datasets.shards import CropRecord, LeftOut, write_shard
from despoof_keras.errors import DataError
from despoof_keras.utils.processes import Call, in_processes
from despoof_keras.utils.progress import tracked

# Most clips in a shard, and about how many bytes one may have: small enough that an interruption
# loses seconds and that a few shards fit the memory, large enough to be read in one go; tf.data
# advises 100 to 200 MB.
MOST_CLIPS = 32
SHARD_BYTES = 100 * 2**20
# What a pixel of a crop and of its depth takes as PNG: 1.7 bytes, measured on photographs of faces.
BYTES_PER_PIXEL = 2
# Frames that a clip is taken to have where all are wanted: OULU-NPU's 5 s at 30 frames a second.
FRAMES_PER_CLIP = 150
# Smallest number of shards of a label, where there are as many clips: machines that train together
# read different shards.
FEWEST_SHARDS = 8
# Folder of the eye files that were found, beside the crops.
EYES = "eyes"


@dataclasses.dataclass(frozen=True)
class ShardJob:
    """A shard to be made.

    Attributes:
        path: the shard.
        samples: its videos.
        settings: how their crops are made.
        skip_bad: leave out videos and frames that cannot be used.
        eyes: folder for the eye files of videos that have none; None where that is an error.
    """

    path: Path
    samples: tuple[VideoSample, ...]
    settings: CropSettings
    skip_bad: bool
    eyes: Path | None = None


def shard_jobs(
    samples: Sequence[VideoSample],
    folder: Path,
    settings: CropSettings,
    skip_bad: bool,
    eyes: Path | None = None,
) -> list[ShardJob]:
    """Share videos out among shards.

    Clips of one label share shards; each shard takes every n-th clip, so that it is mixed.

    Args:
        samples: the videos.
        folder: where the shards will be.
        settings, skip_bad, eyes: as in `ShardJob`.
    """
    side = settings.image_size + 2 * settings.jitter
    frames = settings.frames_per_video or FRAMES_PER_CLIP
    clips = SHARD_BYTES // (frames * side**2 * BYTES_PER_PIXEL)
    clips = max(1, min(clips, MOST_CLIPS))
    jobs = []
    for label, name in ((0, BONA_FIDE), (1, "attack")):
        chosen = [sample for sample in samples if sample.label == label]
        total = max(-(-len(chosen) // clips), min(len(chosen), FEWEST_SHARDS))
        for number in range(total):
            path = folder / f"{name}-{number:05d}-of-{total:05d}.tfrecord"
            own = tuple(chosen[number::total])
            jobs.append(ShardJob(path, own, settings, skip_bad, eyes))
    return jobs


def run_jobs(jobs: Sequence[ShardJob], processes: int | None, description: str) -> None:
    """Make shards in worker processes of this machine.

    Args:
        jobs: the shards.
        processes: as in `processes.in_processes`.
        description: label of the progress bar.

    Raises:
        DataError: a video cannot be used, or kills the process that reads it, and is not to be left
            out.
    """
    shards = in_processes(crop_shard, jobs, processes, on_death=crop_one_by_one)
    with tracked(shards, description, len(jobs)) as results:
        for job, (records, left_out) in zip(jobs, results, strict=True):
            # TensorFlow writes the records in this process; the workers do without it.
            write_shard(job.path, records, left_out)


def crop_shard(job: ShardJob) -> tuple[list[CropRecord], LeftOut]:
    """Make the records of a shard: what a worker does."""
    records, left_out = [], LeftOut()
    for sample in job.samples:
        frames: list[str] | None = [] if job.skip_bad else None
        by_box = 0
        try:
            if job.eyes is not None:
                sample, by_box = with_eye_file(sample, job.eyes, skip_bad=job.skip_bad)
            records += clip_records(sample, job.settings, frames)
        except DataError as error:
            if not job.skip_bad:
                raise
            left_out.videos[sample.key] = _without_folders(str(error), sample)
        else:
            if frames:
                left_out.frames[sample.key] = [_without_folders(text, sample) for text in frames]
            if by_box:
                left_out.eyes_by_box[sample.key] = by_box
    return records, left_out


def crop_one_by_one(job: ShardJob, call: Call) -> tuple[list[CropRecord], LeftOut]:
    """Make the records of a shard whose worker died, each video in a worker that may die of it.

    Args:
        job: the shard.
        call: calls a function of a job in another worker, as `processes.in_processes` gives it.

    Raises:
        DataError: a video kills the worker again, and is not to be left out.
    """
    records, left_out = [], LeftOut()
    for sample in job.samples:
        try:
            own, own_left_out = call(crop_shard, dataclasses.replace(job, samples=(sample,)))
        except BrokenProcessPool as error:
            message = (
                "the process that reads it is killed, as happens where memory runs out or a video "
                "makes its decoder fail"
            )
            if not job.skip_bad:
                raise DataError(f"{sample.path}: {message}") from error
            left_out.videos[sample.key] = message
        else:
            records += own
            left_out.videos.update(own_left_out.videos)
            left_out.frames.update(own_left_out.frames)
            left_out.eyes_by_box.update(own_left_out.eyes_by_box)
    return records, left_out


def _without_folders(message, sample):
    """A message as it is kept with the crops, which are used for the same videos elsewhere, too."""
    for path in (sample.path, sample.eye_path, sample.depth_path):
        if path is not None:
            message = message.replace(f"{path.parent}{os.sep}", "")
    return message.removeprefix(f"{sample.path.name}: ")
