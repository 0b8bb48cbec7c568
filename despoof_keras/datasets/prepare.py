"""Videos to face crops on disk: decoded, cropped, losslessly compressed, sharded, resumable."""

import collections
import dataclasses
import logging
import os
from pathlib import Path

from despoof_keras.datasets.clip_crops import MESH, clip_records
from despoof_keras.datasets.crops import CropSettings, PreparedCrops
from despoof_keras.datasets.data import Data
from despoof_keras.datasets.find_eyes import with_eye_files
from despoof_keras.datasets.fingerprint import describe, fingerprint
from despoof_keras.datasets.left_out import warn_of
from despoof_keras.datasets.samples import BONA_FIDE, VideoSample, instrument_of
from despoof_keras.datasets.shards import LeftOut, is_complete, read_index, write_shard
from despoof_keras.errors import DataError, encodable
from despoof_keras.utils.files import check_name, one_at_a_time
from despoof_keras.utils.processes import in_processes
from despoof_keras.utils.progress import tracked

logger = logging.getLogger(__name__)

# Clips in a shard: small enough that an interruption loses seconds, large enough that 256-pixel
# shards of OULU-NPU stay near 100 MB, as tf.data advises.
CLIPS_PER_SHARD = 32
# Smallest number of shards of a label, where there are as many clips: machines that train together
# read different shards.
FEWEST_SHARDS = 8
# Raised whenever the crops' contents change, so that old crops are not taken for new ones.
FORMAT_VERSION = 4


def prepare_data(
    data: Data, samples: list[VideoSample], settings: CropSettings, description: str = "crops"
) -> PreparedCrops:
    """Prepare the crops of some videos of a `Data` as it says, see `prepare_crops`."""
    return prepare_crops(
        samples,
        data.cache,
        settings,
        processes=data.processes,
        skip_bad=data.skip_bad,
        find_eyes=data.find_eyes,
        description=description,
    )


def prepare_crops(
    samples: list[VideoSample],
    folder: str | Path,
    settings: CropSettings,
    *,
    processes: int | None = None,
    skip_bad: bool = False,
    find_eyes: bool = False,
    description: str = "crops",
) -> PreparedCrops:
    """Write the face crops of videos as TFRecord shards, unless they have been written already.

    A shard gets its name when it is complete, so an interrupted call continues where it stopped.
    The crops' folder is named by a hash of the settings and of the videos' contents, see
    `fingerprint`: changed videos are prepared again, and moved ones are not.

    Args:
        samples: the videos.
        folder: where prepared crops, and eye positions that were found, are kept.
        settings: how the crops are made.
        processes: worker processes; default: see `processes.default_processes`.
        skip_bad: leave out videos that cannot be used, and frames of others (see `clip_records`),
            with a warning each, instead of raising.
        find_eyes: find the eyes in videos that have no eye file, see `find_eyes.with_eye_files`.
        description: label of the progress bar.

    Returns:
        The crops.

    Raises:
        DataError: a video or eye file cannot be used (the message names it), or, with `skip_bad`,
            no crop of a label or an attack instrument is left.
    """
    check_name(folder)
    own = fingerprint(describe(samples))
    if find_eyes:
        eyes = Path(folder) / "eyes"
        samples = with_eye_files(samples, eyes, processes=processes, skip_bad=skip_bad)
    made_from = (FORMAT_VERSION, dataclasses.asdict(settings), describe(samples))
    folder = Path(folder) / fingerprint(made_from)[:16]
    jobs = _shard_jobs(samples, folder, settings, skip_bad)
    with one_at_a_time(folder):
        missing = [job for job in jobs if not is_complete(job.path)]
        if missing:
            _run_jobs(missing, processes, description)
    return dataclasses.replace(_collect(jobs, samples, settings, skip_bad), fingerprint=own)


@dataclasses.dataclass(frozen=True)
class _ShardJob:
    path: Path
    samples: tuple
    settings: CropSettings
    skip_bad: bool


def _shard_jobs(samples, folder, settings, skip_bad):
    """Clips of one label share shards; each shard takes every n-th clip, so that it is mixed."""
    jobs = []
    for label, name in ((0, BONA_FIDE), (1, "attack")):
        chosen = [sample for sample in samples if sample.label == label]
        total = max(-(-len(chosen) // CLIPS_PER_SHARD), min(len(chosen), FEWEST_SHARDS))
        for number in range(total):
            path = folder / f"{name}-{number:05d}-of-{total:05d}.tfrecord"
            jobs.append(_ShardJob(path, tuple(chosen[number::total]), settings, skip_bad))
    return jobs


def _run_jobs(jobs, processes, description):
    shards = in_processes(_crop_shard, jobs, processes)
    with tracked(shards, description, len(jobs)) as results:
        for job, (records, left_out) in zip(jobs, results, strict=True):
            # TensorFlow writes the records in this process; the workers do without it.
            write_shard(job.path, records, left_out)


def _crop_shard(job):
    """Worker: `(records, LeftOut)` of one shard; images as PNG bytes."""
    records, left_out = [], LeftOut()
    for sample in job.samples:
        frames = []
        try:
            records += clip_records(sample, job.settings, frames if job.skip_bad else None)
        except DataError as error:
            if not job.skip_bad:
                raise
            left_out.videos[sample.key] = _without_folders(str(error), sample)
        else:
            if frames:
                left_out.frames[sample.key] = [_without_folders(text, sample) for text in frames]
    return records, left_out


def _without_folders(message, sample):
    """A message as it is kept with the crops, which are used for the same videos elsewhere, too."""
    for path in (sample.path, sample.eye_path, sample.depth_path):
        if path is not None:
            message = message.replace(f"{path.parent}{os.sep}", "")
    return message.removeprefix(f"{sample.path.name}: ")


def _collect(jobs, samples, settings, skip_bad):
    shards, counts = {0: [], 1: []}, {0: 0, 1: 0}
    path_of = {sample.key: encodable(str(sample.path)) for sample in samples}
    videos, lost_frames = {}, []
    sources, instruments = collections.Counter(), set()
    for job in jobs:
        frames, left_out = read_index(job.path)
        label = job.samples[0].label
        shards[label].append(job.path)
        counts[label] += len(frames)
        videos |= {key: f"{path_of[key]}: {text}" for key, text in left_out.videos.items()}
        for key, texts in left_out.frames.items():
            lost_frames += [f"{path_of[key]}: {text}" for text in texts]
        instruments |= {instrument_of(frame.pai) for frame in frames}
        sources.update(frame.depth_source for frame in frames if label == 0)
    if sources[MESH]:
        logger.info("depth of bona fide faces, by its source: %s", dict(sources))
    if not skip_bad:  # left by an earlier call that skipped
        for message in (*videos.values(), *lost_frames):
            raise DataError(message)
    _report(videos, lost_frames, len(samples))
    for label, name in ((0, "bona fide"), (1, "attack")):
        if not counts[label]:
            raise DataError(f"expected {name} crops; none is left of {len(videos)} videos left out")
    lost = {sample.instrument for sample in samples} - instruments
    if lost:  # error rates would silently be those of the other instruments
        raise DataError(
            f"expected {' and '.join(sorted(lost))} crops; none is left of {len(videos)} videos "
            "left out"
        )
    return PreparedCrops(shards, counts, settings, videos, tuple(samples), tuple(lost_frames))


def _report(videos, frames, total):
    for message in videos.values():
        logger.warning("left out: %s", message)
    warn_of(frames)
    if videos:
        logger.warning("%d of %d videos left out", len(videos), total)
    if frames:
        logger.warning("frames left out of the other videos: %d", len(frames))
