"""Videos to face crops on disk: decoded, cropped, losslessly compressed, sharded, resumable."""

import collections
import dataclasses
import logging
from pathlib import Path

from despoof_keras.datasets.clip_crops import MESH
from despoof_keras.datasets.crops import CropSettings, PreparedCrops
from despoof_keras.datasets.data import Data
from despoof_keras.datasets.find_eyes import with_eye_files
from despoof_keras.datasets.fingerprint import describe, fingerprint
from despoof_keras.datasets.left_out import warn_of
from despoof_keras.datasets.samples import VideoSample, instrument_of
from despoof_keras.datasets.shard_jobs import EYES, run_jobs, shard_jobs
from despoof_keras.datasets.shards import is_complete, read_index, write_shard
from despoof_keras.datasets.simulated import with_simulated
from despoof_keras.errors import DataError, encodable
from despoof_keras.utils.files import check_name, one_at_a_time
from despoof_keras.utils.progress import tracked

logger = logging.getLogger(__name__)

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
        store=data.store,
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
    store: str | Path | None = None,
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
        store: take the crops from this store, see `store.read.StoreReader`, and decode nothing.
        description: label of the progress bar.

    Returns:
        The crops; the same bytes with a store as without.

    Raises:
        DataError: a video or eye file cannot be used (the message names it), or, with `skip_bad`,
            no crop is left of a label or an attack instrument that the videos have.
    """
    check_name(folder)
    own = fingerprint(describe(samples))
    eyes = (Path(store) if store else Path(folder)) / EYES if find_eyes else None
    if eyes is not None:
        samples = with_eye_files(samples, eyes, processes=processes, skip_bad=skip_bad)
    samples = with_simulated(samples, settings.simulated)
    if store is not None and any(sample.simulation for sample in samples):
        raise DataError(
            f"{store}: expected recorded videos alone; simulated ones are made of frames, and a "
            "store holds crops"
        )
    made_from = (FORMAT_VERSION, settings.described(), describe(samples))
    folder = Path(folder) / fingerprint(made_from)[:16]
    # Where no eyes were found, they are looked for again, so that the reason is known.
    jobs = shard_jobs(samples, folder, settings, skip_bad, eyes)
    with one_at_a_time(folder):
        missing = [job for job in jobs if not is_complete(job.path)]
        if missing and store is not None:
            _take(missing, store, samples, settings, description)
        elif missing:
            run_jobs(missing, processes, description)
    return dataclasses.replace(_collect(jobs, samples, settings, skip_bad), fingerprint=own)


def _take(jobs, store, samples, settings, description):
    """Write shards of crops that a store has."""
    from despoof_keras.datasets.store.read import StoreReader

    reader = StoreReader(store)
    reader.check(samples, settings)
    with tracked(jobs, description, len(jobs)) as waiting:
        for job in waiting:
            write_shard(job.path, *reader.shard(job))


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
        if not counts[label] and any(sample.label == label for sample in samples):
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
