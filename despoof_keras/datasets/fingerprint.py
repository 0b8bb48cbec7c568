"""What identifies data: the contents of the files and what they show, wherever the files lie.

Names of folders and modification times are no part of it. A file of up to `WHOLE` bytes is hashed
whole. Of a larger one, a video in practice, its size and three blocks are hashed, the first, the
middle and the last: reading every byte of OULU-NPU would take longer than an epoch. The sizes of
all frames stand at the beginning or the end of a video file, so a video that was encoded anew or
has another frame is told apart; a changed pixel between the blocks that leaves every size as it
was is not.
"""

import concurrent.futures
import functools
import hashlib
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from despoof_keras.datasets.samples import VideoSample

BLOCK = 256 * 1024  # bytes
WHOLE = 4 * BLOCK
# Files read at the same time, because network drives answer slowly.
_AT_ONCE = 8
# What the values of `describe` are, in their order.
_FACTS = ("species", "subject", "session", "phone")
_FILES = ("video", "eye file", "depth file")
# Only of videos that have any of these.
_FURTHER = (
    "number of first frames",
    "groups",
    "format of the annotation",
    "annotation",
    "way up",
    "eyes",
    "simulation",
)


def content_stamp(path: Path | None) -> str | None:
    """A text that is the same for the same contents; None where there is no file to read.

    Args:
        path: the file, or None.
    """
    if path is None:
        return None
    try:
        state = path.stat()
        # A file that has not changed since is not read again by the same process.
        return _stamp(
            path, state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns
        )
    except OSError:
        return None


def describe(samples: Sequence[VideoSample]) -> dict[str, list]:
    """Describe videos as JSON values, in their order.

    Args:
        samples: the videos.

    Returns:
        Mapping from each video's key to its species, subject, session and phone, the
        `content_stamp` of its video, its eye file and its depth maps, and, for videos that have
        any, its number of first frames, its groups, its annotation's format and stamp, whether it
        is upside down, its eyes, and its simulation.
    """
    with concurrent.futures.ThreadPoolExecutor(_AT_ONCE) as pool:
        stamps = list(pool.map(_stamps, samples))
    return {
        sample.key: [
            sample.pai,
            sample.subject,
            sample.session,
            sample.phone,
            *own,
            *_further(sample),
        ]
        for sample, own in zip(samples, stamps, strict=True)
    }


def fingerprint(description: Any) -> str:
    """Hash of JSON values such as those of `describe`, 64 hexadecimal digits."""
    return hashlib.sha256(json.dumps(description).encode()).hexdigest()


def difference(
    before: Mapping[str, Mapping[str, list]], now: Mapping[str, Mapping[str, list]]
) -> str:
    """Say in a clause what distinguishes data from other data.

    Args:
        before, now: mappings from split to a value of `describe`.

    Returns:
        The first difference, and how many others there are.
    """
    first, *others = list(_differences(before, now)) or ["the splits differ"]
    return f"{first} ({len(others)} more differences)" if others else first


def _differences(before, now) -> Iterator[str]:
    for split in dict.fromkeys([*before, *now]):
        was, is_now = before.get(split, {}), now.get(split, {})
        for key in was:
            if key not in is_now:
                yield f"{key} is no longer a video of {split}"
        for key, values in is_now.items():
            if key not in was:
                yield f"{key} is a new video of {split}"
                continue
            names = (*_FACTS, *_FILES, *_FURTHER)
            for name, old, new in itertools.zip_longest(names, was[key], values):
                if old != new:
                    yield f"{split}: {_changed(key, name, old, new)}"
        if list(was) != list(is_now) and set(was) == set(is_now):
            yield f"the videos of {split} are listed in another order"


def _changed(key, name, old, new):
    if name in (*_FACTS, *_FURTHER):
        return f"the {name} of {key} was {old} and is {new}"
    if old is None or new is None:
        return f"the {name} of {key} {'was missing' if old is None else 'is missing'}"
    return f"the {name} of {key} is another"


def _further(sample):
    """What most data sets have not, so that their fingerprints stay as they were without it."""
    path, kind = sample.annotation or (None, None)
    facts = [
        sample.first_frames,
        [list(group) for group in sample.groups],
        kind,
        content_stamp(path),
        sample.is_upside_down,
        sample.eyes and list(sample.eyes),
    ]
    if sample.simulation is not None:
        return [*facts, list(sample.simulation)]
    return facts if any(facts) else []


def _stamps(sample):
    return [content_stamp(path) for path in (sample.path, sample.eye_path, sample.depth_path)]


@functools.lru_cache(maxsize=100_000)
def _stamp(path, device, inode, size, modified, changed):
    digest = hashlib.sha256()
    with path.open("rb") as file:
        if size <= WHOLE:
            digest.update(file.read())
        else:
            for start in (0, (size - BLOCK) // 2, size - BLOCK):
                file.seek(start)
                digest.update(file.read(BLOCK))
    return f"{size}-{digest.hexdigest()[:32]}"
