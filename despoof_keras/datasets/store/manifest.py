"""A store's manifest: its shards with their checksums, written when all are there, and verified."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from despoof_keras.datasets.shard_jobs import ShardJob
from despoof_keras.datasets.shards import index_path, read_index
from despoof_keras.datasets.store.contents import SHARDS, STORE, read_store
from despoof_keras.errors import DataError
from despoof_keras.utils.files import write_json
from despoof_keras.utils.progress import StageProgress

# Written last: a store that has it is complete.
MANIFEST = "manifest.json"
_BLOCK = 2**20  # bytes read at a time


def is_finished(store: Path) -> bool:
    """Whether all shards of a store have been made."""
    return (store / MANIFEST).is_file()


def write_manifest(store: Path, jobs: Sequence[ShardJob]) -> None:
    """Write the manifest of a store whose shards have all been made.

    Args:
        store: its folder.
        jobs: its shards.
    """
    shards, crops, videos, frames, by_box = {}, {0: 0, 1: 0}, {}, {}, {}
    with StageProgress("checksums", len(jobs)) as progress:
        for job in jobs:
            index, left_out = read_index(job.path)
            crops[job.samples[0].label] += len(index)
            videos |= left_out.videos
            frames |= left_out.frames
            by_box |= left_out.eyes_by_box
            shards[job.path.name] = {
                "crops": len(index),
                "bytes": job.path.stat().st_size,
                "sha256": checksum(job.path),
                "index_sha256": checksum(index_path(job.path)),
            }
            progress.advance()
    manifest = {
        "store_sha256": checksum(store / STORE),
        "crops": {"bona_fide": crops[0], "attack": crops[1]},
        "videos_left_out": videos,
        "frames_left_out": frames,
        "eyes_by_box": by_box,
        "shards": shards,
    }
    write_json(store / MANIFEST, manifest)


def read_manifest(store: Path) -> dict[str, Any]:
    """Read the manifest of a store.

    Raises:
        DataError: the folder is no store, the store is unfinished or the manifest is damaged.
    """
    read_store(store)
    path = store / MANIFEST
    if not path.is_file():
        raise DataError(
            f"{store}: expected a finished store; repeat the command that began it, which goes on"
        )
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        manifest["shards"].items()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path}: expected a store's manifest; it is damaged") from error
    return manifest


def problems_of(store: Path) -> Iterator[str]:
    """Compare a store with its manifest.

    Every byte is read.

    Yields:
        A sentence for each thing that is not as the manifest says.

    Raises:
        DataError: as for `read_manifest`.
    """
    manifest = read_manifest(store)
    if manifest.get("store_sha256") != checksum(store / STORE):
        yield f"{store / STORE}: it was changed"
    shards = manifest["shards"]
    expected = set()
    with StageProgress("verifying", len(shards)) as progress:
        for name, facts in shards.items():
            path = store / SHARDS / name
            expected |= {path, index_path(path)}
            yield from _file_problems(path, facts["sha256"], facts["bytes"])
            yield from _file_problems(index_path(path), facts["index_sha256"], None)
            progress.advance()
    for path in sorted((store / SHARDS).iterdir()):
        if path not in expected:
            yield f"{path}: it does not belong to the store"


def checksum(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _file_problems(path, expected, size):
    if not path.is_file():
        yield f"{path}: it is missing"
    elif size is not None and path.stat().st_size != size:
        yield f"{path}: it has {path.stat().st_size:,} bytes, and had {size:,}"
    elif checksum(path) != expected:
        yield f"{path}: its contents have changed"
