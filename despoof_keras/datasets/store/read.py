"""Crops out of a store instead of out of videos: the same bytes, without decoding anything."""

from __future__ import annotations

import dataclasses
import functools
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from despoof_keras.datasets.clip_crops import chosen_eyes, png
from despoof_keras.datasets.crops import CropSettings
from despoof_keras.datasets.samples import VideoSample
from despoof_keras.datasets.shard_jobs import ShardJob
from despoof_keras.datasets.shards import CropRecord, LeftOut, parse_example, read_index
from despoof_keras.datasets.store.contents import SHARDS, read_store
from despoof_keras.datasets.store.manifest import read_manifest
from despoof_keras.errors import DataError

# A TFRecord is preceded by its length and the length's checksum, and followed by its own checksum.
# Reference: https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details
_LENGTH = struct.Struct("<Q")
_CHECKSUM = 4  # bytes


class _Place(NamedTuple):
    """Where a record is."""

    shard: Path
    offset: int
    length: int


class StoreReader:
    """A finished store that crops are taken from.

    Args:
        store: its folder.

    Raises:
        DataError: the folder is no finished store.
    """

    def __init__(self, store: str | Path):
        self._store = Path(store)
        self._described = read_store(self._store)
        self._manifest = read_manifest(self._store)
        self._settings = self._described["settings"]

    def check(self, samples: Sequence[VideoSample], settings: CropSettings) -> None:
        """Make sure that the store has the crops of some videos with some settings.

        Raises:
            DataError: it has other crops, or lacks one of the videos.
        """
        wanted = settings.described()
        same = [name for name in wanted if name not in ("jitter", "frames_per_video")]
        fits = {name: self._settings[name] == _as_stored(wanted[name]) for name in same}
        fits["jitter"] = self._settings["jitter"] >= settings.jitter
        fits["frames_per_video"] = self._settings["frames_per_video"] in (
            None,
            settings.frames_per_video,
        )
        for name, fit in fits.items():
            if not fit:
                raise DataError(
                    f"{self._store}: expected crops with {name} {wanted[name]}; its own were "
                    f"prepared with {self._settings[name]}"
                )
        missing = [sample for sample in samples if sample.key not in self._described["videos"]]
        if missing:
            raise DataError(
                f"{self._store}: expected the video {missing[0].key}; the store has no such video "
                f"({len(missing)} of {len(samples)} are missing)"
            )
        # A video that was cut short by a protocol has other frames chosen than the whole.
        cut = [sample for sample in samples if sample.first_frames]
        if cut and self._settings["frames_per_video"] is not None:
            raise DataError(
                f"{self._store}: expected all frames of {cut[0].key}, of which the protocol takes "
                f"the first {cut[0].first_frames}; prepare the store with --frames-per-video all"
            )

    def shard(self, job: ShardJob) -> tuple[list[CropRecord], LeftOut]:
        """Make the records of a shard as `shard_jobs.crop_shard` does, out of the store.

        Raises:
            DataError: the store left out a video or a frame that the job must have.
        """
        records, left_out = [], LeftOut()
        for sample in job.samples:
            reason = self._manifest["videos_left_out"].get(sample.key)
            if reason is not None:
                if not job.skip_bad:
                    raise DataError(f"{sample.path}: left out of {self._store}: {reason}")
                left_out.videos[sample.key] = reason
                continue
            own = self._records(sample, job)
            lost = self._manifest["frames_left_out"].get(sample.key, [])
            if lost and not job.skip_bad:
                raise DataError(f"{sample.path}: left out of {self._store}: {lost[0]}")
            if lost:
                left_out.frames[sample.key] = lost
            records += own
        return records, left_out

    def _records(self, sample, job):
        wanted = None
        if self._settings["frames_per_video"] != job.settings.frames_per_video:
            wanted = chosen_eyes(sample, job.settings.frames_per_video, skip_bad=job.skip_bad)[0]
        margin = self._settings["jitter"] - job.settings.jitter
        records = []
        for frame, place in self._places[sample.key].items():
            if wanted is None or frame in wanted:
                records.append(_cut(_read(place), margin))
        return records

    @functools.cached_property
    def _places(self) -> dict[str, dict[int, _Place]]:
        """Where each frame of each video is, by its key and number."""
        places: dict[str, dict[int, _Place]] = {}
        for name in self._manifest["shards"]:
            shard = self._store / SHARDS / name
            index, _ = read_index(shard)
            for crop, place in zip(index, _records_of(shard), strict=True):
                places.setdefault(crop.key, {})[crop.frame] = place
        return places


def _records_of(shard):
    """The places of a shard's records, in their order."""
    offset, size = 0, shard.stat().st_size
    with shard.open("rb") as file:
        while offset < size:
            file.seek(offset)
            (length,) = _LENGTH.unpack(file.read(_LENGTH.size))
            offset += _LENGTH.size + _CHECKSUM
            yield _Place(shard, offset, length)
            offset += length + _CHECKSUM


def _read(place):
    with place.shard.open("rb") as file:
        file.seek(place.offset)
        return parse_example(file.read(place.length))


def _cut(record, margin):
    """A record without the outermost pixels of its pictures."""
    if not margin:
        return record
    pictures = {}
    for name in ("image", "depth"):
        pixels = cv2.imdecode(np.frombuffer(getattr(record, name), np.uint8), cv2.IMREAD_UNCHANGED)
        pictures[name] = png(np.ascontiguousarray(pixels[margin:-margin, margin:-margin]))
    return dataclasses.replace(record, **pictures)


def _as_stored(value):
    return list(value) if isinstance(value, tuple) else value
