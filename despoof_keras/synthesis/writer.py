"""Write the embedded data set: folders, clips, eye files, depth maps and protocol lists."""

import contextlib
import functools
import json
import logging
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from despoof_keras.datasets.oulu_npu_protocols import (
    FOLDS,
    SPLITS,
    SUBJECTS,
    list_path,
    protocol_lines,
)
from despoof_keras.errors import DataError, shown
from despoof_keras.synthesis.avi import clip_bytes, encode_clip
from despoof_keras.synthesis.clips import BONA_FIDE, ClipKey, render_clip
from despoof_keras.synthesis.media.cameras import PHONES
from despoof_keras.synthesis.scene.lighting import SESSIONS
from despoof_keras.utils.files import atomic_path, write_json
from despoof_keras.utils.processes import in_processes
from despoof_keras.utils.progress import StageProgress

GENERATOR_VERSION = 4  # raised whenever the same parameters produce different files
PARAMETERS_FILE = "embedded_set.json"  # written last: a root that has it is complete
PLAN_FILE = "embedded_set.part.json"  # written first: says what an unfinished root will become
FIRST_SUBJECT = tuple(SUBJECTS[split][0] for split in SPLITS)
MOST_SUBJECTS = tuple(SUBJECTS[split][1] - SUBJECTS[split][0] + 1 for split in SPLITS)
FILES = range(1, 6)
SMALLEST_SIDE = 32  # pixels; in smaller pictures a face is not recognisable

logger = logging.getLogger(__name__)


def write_oulu_npu(
    root: str | os.PathLike,
    *,
    subjects: Sequence[int] = (8, 6, 8),
    frames: int = 6,
    size: Sequence[int] = (320, 240),
    seed: int = 0,
    processes: int | None = None,
    progress: bool = True,
) -> Path:
    """Write a synthetic data set in OULU-NPU's layout.

    Each subject has 90 clips: six phones, three sessions and five files (bona fide, print 1,
    print 2, replay 1, replay 2). In addition to OULU-NPU's own files, bona fide clips have
    `Depth_maps/<Split>_files/<stem>.npz`, whose `depth` is uint8 (frames, height, width): 255 at
    the nearest point of the face and 0 where there is no face. Clips that already exist are kept,
    so calling this again resumes an interrupted run. The same parameters produce the same bytes,
    whatever the number of processes.

    Args:
        root: folder to write to; created if it does not exist.
        subjects: numbers of train, dev and test subjects, at most (20, 15, 20).
        frames: frames per clip.
        size: (height, width) of the videos in pixels, even numbers.
        seed: non-negative integer.
        processes: number of worker processes; None for as many as there are processors and memory
            for, see `utils.processes.default_processes`.
        progress: whether to show a progress bar on stderr.

    Returns:
        The root.

    Raises:
        DataError: if a parameter is out of range or `root` holds a set with other parameters.

    Example:
        >>> write_oulu_npu("/tmp/small", subjects=(1, 1, 1), frames=2, size=(96, 72))
    """
    parameters = _check(subjects, frames, size, seed)
    root = Path(root)
    if _is_complete(root, parameters):
        return root
    write_json(root / PLAN_FILE, parameters)
    keys = clip_keys(parameters["subjects"])
    missing = [key for key in keys if not _is_written(root, key)]
    logger.info("writing %d of %d clips to %s", len(missing), len(keys), shown(root))
    _write_clips(root, missing, parameters, processes, progress)
    _write_lists(root, [key.stem for key in keys])
    write_json(root / PARAMETERS_FILE, parameters)
    (root / PLAN_FILE).unlink(missing_ok=True)
    return root


def _write_lists(root, stems):
    for protocol in range(1, 5):
        for fold in FOLDS if protocol > 2 else (None,):
            for split in SPLITS:
                lines = protocol_lines(stems, protocol, fold, split)
                with atomic_path(root / "Protocols" / list_path(protocol, fold, split)) as path:
                    path.write_text("".join(f"{line}\n" for line in lines))


def clip_keys(subjects: Sequence[int]) -> list[ClipKey]:
    """List all clips of a set, with the clips of one subject and session side by side.

    Args:
        subjects: numbers of train, dev and test subjects.

    Returns:
        The keys of the clips, in the order in which they are written.
    """
    return [
        ClipKey(split, first + offset, session, phone, file)
        for split, first, count in zip(SPLITS, FIRST_SUBJECT, subjects, strict=True)
        for offset in range(count)
        for session in SESSIONS
        for phone in PHONES
        for file in FILES
    ]


def _check(subjects, frames, size, seed):
    subjects, size = [int(count) for count in subjects], [int(side) for side in size]
    if len(subjects) != 3 or any(
        not 0 < count <= most for count, most in zip(subjects, MOST_SUBJECTS, strict=False)
    ):
        raise DataError(
            f"subjects must be three numbers from 1 to {MOST_SUBJECTS}, as OULU-NPU "
            f"numbers its subjects; got {tuple(subjects)}"
        )
    if len(size) != 2 or any(side < SMALLEST_SIDE or side % 2 for side in size):
        raise DataError(
            f"size must be (height, width), even numbers of at least {SMALLEST_SIDE}; "
            f"got {tuple(size)}"
        )
    if frames < 1 or seed < 0:
        raise DataError(f"frames must be positive and seed not negative; got {frames} and {seed}")
    return {
        "generator_version": GENERATOR_VERSION,
        "subjects": subjects,
        "frames": int(frames),
        "size": size,
        "seed": int(seed),
    }


def _is_complete(root, parameters):
    """Tell whether the set is complete; raise if the root holds another set."""
    for name in (PARAMETERS_FILE, PLAN_FILE):
        path = root / name
        if not path.exists():
            continue
        try:
            recorded = json.loads(path.read_text())
        except ValueError:
            recorded = "no JSON"
        if recorded != parameters:
            raise DataError(
                f"{path}: expected a set with {parameters}, found {recorded}; "
                "choose another folder or remove this one"
            )
        return name == PARAMETERS_FILE
    for name in (*(f"{split.capitalize()}_files" for split in SPLITS), "Protocols"):
        if (root / name).exists():
            raise DataError(
                f"{root}: expected a new folder, or one that this program has started; found "
                f"{name}, but not the program's settings file"
            )
    return False


def _paths(root, key):
    """Paths of a clip's video, eye file and depth map (None for attacks)."""
    folder = f"{key.split.capitalize()}_files"
    depth = root / "Depth_maps" / folder / f"{key.stem}.npz" if key.file == BONA_FIDE else None
    return root / folder / f"{key.stem}.avi", root / folder / f"{key.stem}.txt", depth


def _is_written(root, key):
    return _paths(root, key)[0].exists()  # the video is written last


def _write_clips(root, keys, parameters, processes, progress):
    groups = _groups(keys)
    bar = StageProgress("embedded data set" if progress and groups else None, len(keys))
    write = functools.partial(_write_group, root, parameters)
    with bar, contextlib.closing(in_processes(write, groups, processes)) as numbers:
        for written in numbers:
            bar.advance(written)


def _groups(keys):
    """Group clips into jobs by subject and session, so that each head is built only once."""
    groups = {}
    for key in keys:
        groups.setdefault((key.split, key.subject, key.session), []).append(key)
    return list(groups.values())


def _write_group(root, parameters, keys):
    for key in keys:
        _write_clip(root, key, parameters)
    return len(keys)


def _write_clip(root, key, parameters):
    size, frames = tuple(parameters["size"]), parameters["frames"]
    clip = render_clip(key, frames, size, parameters["seed"])
    total = clip_bytes(PHONES[key.phone].frame_bytes, frames, size)
    video, eye_file, depth = _paths(root, key)
    if depth is not None:
        with atomic_path(depth) as path, open(path, "wb") as file:
            np.savez_compressed(file, depth=clip.depth)
    lines = [f"{frame},{','.join(map(str, eyes))}\n" for frame, eyes in enumerate(clip.eyes)]
    with atomic_path(eye_file) as path:
        path.write_text("".join(lines))
    with atomic_path(video) as path:
        path.write_bytes(encode_clip(clip.pictures, clip.quality, total))
