"""Videos to face crops on disk: decoded, cropped, losslessly compressed, sharded, resumable."""

import collections
import dataclasses
import hashlib
import logging
from pathlib import Path

from despoof_keras.datasets.clip_crops import MESH, clip_records
from despoof_keras.datasets.crops import CropSettings, PreparedCrops
from despoof_keras.datasets.data import Data
from despoof_keras.datasets.find_eyes import with_eye_files
from despoof_keras.datasets.samples import BONA_FIDE, VideoSample, instrument_of
from despoof_keras.datasets.shards import is_complete, read_index, write_shard
from despoof_keras.errors import DataError
from despoof_keras.utils.files import one_at_a_time
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
FORMAT_VERSION = 3


def prepare_data(
    data: Data, samples: list[VideoSample], settings: CropSettings, description: str = "crops"
) -> PreparedCrops:
    """Prepare the crops of some videos of a `Data` as it says, see `prepare_crops`."""
    return prepare_crops(
        samples,
        data.cache,
        settings,
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
    The crops' folder is named by a hash of the settings and of the videos' names, sizes and times,
    so changed videos are prepared again.

    Args:
        samples: the videos.
        folder: where prepared crops, and eye positions that were found, are kept.
        settings: how the crops are made.
        processes: worker processes; default: all cores.
        skip_bad: leave out videos that cannot be used, with a warning each, instead of raising.
        find_eyes: find the eyes in videos that have no eye file, see `find_eyes.with_eye_files`.
        description: label of the progress bar.

    Returns:
        The crops.

    Raises:
        DataError: a video or eye file cannot be used (the message names it), or, with `skip_bad`,
            no crop of a label or an attack instrument is left.
    """
    if find_eyes:
        eyes = Path(folder) / "eyes"
        samples = with_eye_files(samples, eyes, processes=processes, skip_bad=skip_bad)
    folder = Path(folder) / _fingerprint(samples, settings)
    jobs = _shard_jobs(samples, folder, settings, skip_bad)
    with one_at_a_time(folder):
        missing = [job for job in jobs if not is_complete(job.path)]
        if missing:
            _run_jobs(missing, processes, description)
    return _collect(jobs, samples, settings, skip_bad)


@dataclasses.dataclass(frozen=True)
class _ShardJob:
    path: Path
    samples: tuple
    settings: CropSettings
    skip_bad: bool


def _fingerprint(samples, settings):
    digest = hashlib.sha256(repr((FORMAT_VERSION, settings)).encode())
    for sample in samples:
        for path in (sample.path, sample.eye_path, sample.depth_path):
            state = path.stat() if path is not None and path.is_file() else None
            stamp = (state.st_size, state.st_mtime_ns) if state else None
            digest.update(repr((sample.key, sample.pai, str(path), stamp)).encode())
    return digest.hexdigest()[:16]


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
        for job, (records, skipped) in zip(jobs, results, strict=True):
            # TensorFlow writes the records in this process; the workers do without it.
            write_shard(job.path, records, skipped)


def _crop_shard(job):
    """Worker: `(records, skipped messages)` of one shard; images as PNG bytes."""
    records, skipped = [], []
    for sample in job.samples:
        try:
            records += list(clip_records(sample, job.settings))
        except DataError as error:
            if not job.skip_bad:
                raise
            skipped.append(str(error))
    return records, skipped


def _collect(jobs, samples, settings, skip_bad):
    shards, counts, skipped = {0: [], 1: []}, {0: 0, 1: 0}, []
    sources, instruments = collections.Counter(), set()
    for job in jobs:
        frames, left_out = read_index(job.path)
        label = job.samples[0].label
        shards[label].append(job.path)
        counts[label] += len(frames)
        skipped += left_out
        instruments |= {instrument_of(frame.pai) for frame in frames}
        sources.update(frame.depth_source for frame in frames if label == 0)
    if sources[MESH]:
        logger.info("depth of bona fide faces, by its source: %s", dict(sources))
    if skipped and not skip_bad:  # left by an earlier call that skipped
        raise DataError(skipped[0])
    for message in skipped:
        logger.warning("left out: %s", message)
    if skipped:
        logger.warning("%d of %d videos left out", len(skipped), len(samples))
    for label, name in ((0, "bona fide"), (1, "attack")):
        if not counts[label]:
            raise DataError(
                f"expected {name} crops; none is left of {len(skipped)} videos left out"
            )
    lost = {sample.instrument for sample in samples} - instruments
    if lost:  # error rates would silently be those of the other instruments
        raise DataError(
            f"expected {' and '.join(sorted(lost))} crops; none is left of {len(skipped)} videos "
            "left out"
        )
    return PreparedCrops(shards, counts, settings, tuple(skipped), tuple(samples))
