"""What a store is to hold: every video of a data set once, and which protocols it belongs to."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from despoof_keras.datasets.crops import CropSettings
from despoof_keras.datasets.data_sets import data_set, load
from despoof_keras.datasets.fingerprint import describe, difference
from despoof_keras.datasets.protocol_folds import Fold, folds_of
from despoof_keras.datasets.samples import VideoSample
from despoof_keras.datasets.shard_jobs import EYES, ShardJob, shard_jobs
from despoof_keras.errors import DataError
from despoof_keras.utils.files import write_json

# Written first: what the store is to hold. A folder without it is no store.
STORE = "store.json"
SHARDS = "shards"
# Raised whenever a store of the same videos and settings has other bytes.
FORMAT_VERSION = 1


@dataclasses.dataclass(frozen=True)
class StoreContents:
    """What a store is to hold.

    Attributes:
        name: the data set's name in `data_sets.DATA_SETS`.
        samples: its videos, sorted by key, each once.
        protocols: mapping from each protocol's and fold's name (`Fold.folder`) to a mapping from
            split to the keys of its videos.
        settings: how the crops are made.
        skip_bad: leave out videos and frames that cannot be used.
        find_eyes: find the eyes in videos that have no eye file.
    """

    name: str
    samples: tuple[VideoSample, ...]
    protocols: Mapping[str, Mapping[str, list[str]]]
    settings: CropSettings
    skip_bad: bool = False
    find_eyes: bool = False

    def jobs(self, store: Path) -> list[ShardJob]:
        """The shards of the store; the same for the same videos, wherever they lie."""
        eyes = store / EYES if self.find_eyes else None
        return shard_jobs(self.samples, store / SHARDS, self.settings, self.skip_bad, eyes)

    def described(self) -> dict[str, Any]:
        """The contents as JSON values, without the places of files."""
        values = {
            "format": FORMAT_VERSION,
            "data_set": self.name,
            "settings": self.settings.described(),
            "skip_bad": self.skip_bad,
            "find_eyes": self.find_eyes,
            "protocols": self.protocols,
            "videos": describe(self.samples),
        }
        return json.loads(json.dumps(values))


def contents_of(
    name: str,
    root: str | Path,
    settings: CropSettings,
    *,
    protocol: int | str | None = None,
    fold: int | None = None,
    skip_bad: bool = False,
    find_eyes: bool = False,
) -> StoreContents:
    """List the videos of a data set for a store.

    Args:
        name: the data set's name in `data_sets.DATA_SETS`.
        root: its folder.
        settings: how the crops are made.
        protocol, fold: only the videos of this one; None for those of all protocols and folds.
        skip_bad, find_eyes: as in `StoreContents`.

    Raises:
        DataError: there is no such protocol, or the folder is not laid out as the data set is; or
            two protocols say different things of one video.
    """
    row = data_set(name)
    chosen = folds_of(row)
    if protocol is not None:
        chosen = [Fold(*row.check_protocol(protocol, fold))]
    samples: dict[str, VideoSample] = {}
    protocols = {}
    for each in chosen:
        splits = load(name, root, each.protocol, each.fold, skip_bad=skip_bad)
        protocols[each.folder] = {split: [s.key for s in own] for split, own in splits.items()}
        for sample in (sample for own in splits.values() for sample in own):
            # A protocol may take the first frames of a video alone; the store has them all.
            whole = dataclasses.replace(sample, first_frames=None)
            if samples.setdefault(sample.key, whole) != whole:
                raise DataError(
                    f"{sample.path}: protocols disagree about it; prepare one of them alone with "
                    "--protocol"
                )
    ordered = tuple(samples[key] for key in sorted(samples))
    find_eyes = find_eyes or not row.has_eye_files
    return StoreContents(name, ordered, protocols, settings, skip_bad, find_eyes)


def claim_store(store: Path, contents: StoreContents) -> None:
    """Begin a store, or make sure that it was begun with the same videos and settings.

    Raises:
        DataError: it was begun with others, or the folder holds something else.
    """
    path, described = store / STORE, contents.described()
    if not path.exists():
        if store.exists() and any(store.iterdir()):
            raise DataError(f"{store}: expected a store, or an empty folder for one")
        write_json(path, described)
        return
    begun = read_store(store)
    remedy = "give another --output, or remove the store"
    others = [key for key in described if key not in ("videos", "protocols")]
    differing = [key for key in others if begun.get(key) != described[key]]
    if differing:
        changed = ", ".join(f"{key} {begun.get(key)}" for key in differing)
        raise DataError(f"{store}: was begun with {changed}; {remedy}")
    if begun["videos"] != described["videos"]:
        before, now = {"the store": begun["videos"]}, {"the store": described["videos"]}
        changed = difference(before, now)
        raise DataError(f"{store}: was begun with other videos; {changed}; {remedy}")
    if begun["protocols"] != described["protocols"]:
        raise DataError(f"{store}: was begun with other protocols; {remedy}")


def read_store(store: Path) -> dict[str, Any]:
    """Read what a store is to hold, as `StoreContents.described` says it.

    Raises:
        DataError: the folder is no store.
    """
    path = store / STORE
    try:
        described = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(described, dict) or described.get("format") != FORMAT_VERSION:
            raise ValueError("it is of another version")
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: expected what a store holds; {error}") from error
    return described
