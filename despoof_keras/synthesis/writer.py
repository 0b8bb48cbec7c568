"""Write an embedded data set: folders, clips, positions of faces, depth maps and lists."""

import contextlib
import functools
import itertools
import json
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from despoof_keras.errors import DataError, shown
from despoof_keras.synthesis.clips import record_clip
from despoof_keras.synthesis.layouts.all_layouts import LAYOUTS
from despoof_keras.synthesis.video.clip_files import clip_bytes, encode_clip
from despoof_keras.utils.files import atomic_path, write_json
from despoof_keras.utils.processes import in_processes
from despoof_keras.utils.progress import StageProgress

OULU_NPU = "oulu_npu"
FRAMES = 6  # of a clip, where nothing else is wanted
PARAMETERS_FILE = "embedded_set.json"  # written last: a root that has it is complete
PLAN_FILE = "embedded_set.part.json"  # written first: says what an unfinished root will become
SMALLEST_SIDE = 32  # pixels; in smaller pictures a face is not recognisable

logger = logging.getLogger(__name__)


def write_oulu_npu(root: str | os.PathLike, **choices: Any) -> Path:
    """Write a synthetic data set in OULU-NPU's layout; arguments as for `write_embedded_set`.

    Each subject has 90 clips: six phones, three sessions and five files (bona fide, print 1,
    print 2, replay 1, replay 2). Bona fide clips also have depth maps, see `layouts.oulu_npu`.

    Example:
        >>> write_oulu_npu("/tmp/small", subjects=(1, 1, 1), frames=2, size=(96, 72))
    """
    return write_embedded_set(OULU_NPU, root, **choices)


def write_embedded_set(
    name: str,
    root: str | os.PathLike,
    *,
    subjects: Sequence[int] | None = None,
    frames: int = FRAMES,
    size: Sequence[int] | None = None,
    seed: int = 0,
    processes: int | None = None,
    progress: bool = True,
) -> Path:
    """Write a synthetic data set in the layout of a real one.

    Clips that already exist are kept, so calling this again resumes an interrupted run. The same
    parameters produce the same bytes, whatever the number of processes.

    Args:
        name: a key of `layouts.all_layouts.LAYOUTS`.
        root: folder to write to; created if it does not exist.
        subjects: numbers of subjects of each of the layout's `splits`, at most its `most_subjects`;
            None for its `subjects`.
        frames: frames per clip.
        size: (height, width) of the videos in pixels, even numbers; None for the layout's.
        seed: non-negative integer.
        processes: number of worker processes; None for as many as there are processors and memory
            for, see `utils.processes.default_processes`.
        progress: whether to show a progress bar on stderr.

    Returns:
        The root.

    Raises:
        DataError: there is no such layout, a parameter is out of range, or `root` holds a set with
            other parameters.
    """
    parameters = _check(name, subjects, frames, size, seed)
    layout, root = LAYOUTS[name], Path(root)
    if _is_complete(root, parameters, layout):
        return root
    write_json(root / PLAN_FILE, parameters)
    clips = layout.plan(parameters["subjects"], parameters["seed"])
    # The video is the last that is written of a clip.
    missing = [clip for clip in clips if not (root / clip.video).exists()]
    logger.info("writing %d of %d clips to %s", len(missing), len(clips), shown(root))
    _write_clips(root, name, missing, parameters, processes, progress)
    layout.finish(root, clips)
    write_json(root / PARAMETERS_FILE, parameters)
    (root / PLAN_FILE).unlink(missing_ok=True)
    return root


def _check(name, subjects, frames, size, seed):
    if name not in LAYOUTS:
        raise DataError(f"layout: expected one of {', '.join(LAYOUTS)}; received {name!r}")
    layout = LAYOUTS[name]
    subjects = [int(count) for count in subjects or layout.subjects]
    size = [int(side) for side in size or layout.size]
    most = layout.most_subjects
    if len(subjects) != len(most) or any(
        not 0 < count <= limit for count, limit in zip(subjects, most, strict=True)
    ):
        raise DataError(
            f"subjects must be {len(most)} numbers from 1 to {most}, as {layout.title} "
            f"numbers its subjects; got {tuple(subjects)}"
        )
    if len(size) != 2 or any(side < SMALLEST_SIDE or side % 2 for side in size):
        raise DataError(
            f"size must be (height, width), even numbers of at least {SMALLEST_SIDE}; "
            f"got {tuple(size)}"
        )
    if frames < 1 or seed < 0:
        raise DataError(f"frames must be positive and seed not negative; got {frames} and {seed}")
    # The first layout has no name in its sets, of which there are some from before the others.
    named = {} if name == OULU_NPU else {"layout": name}
    return {
        **named,
        "generator_version": layout.version,
        "subjects": subjects,
        "frames": int(frames),
        "size": size,
        "seed": int(seed),
    }


def _is_complete(root, parameters, layout):
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
    for name in layout.owned:
        if (root / name).exists():
            raise DataError(
                f"{root}: expected a new folder, or one that this program has started; found "
                f"{name}, but not the program's settings file"
            )
    return False


def _write_clips(root, name, clips, parameters, processes, progress):
    # By person, so that each head is built only once.
    jobs = [list(group) for _, group in itertools.groupby(clips, lambda clip: clip.shot.person)]
    bar = StageProgress("embedded data set" if progress and jobs else None, len(clips))
    write = functools.partial(_write_group, root, name, parameters)
    with bar, contextlib.closing(in_processes(write, jobs, processes)) as numbers:
        for written in numbers:
            bar.advance(written)


def _write_group(root, name, parameters, clips):
    for clip in clips:
        _write_clip(root, LAYOUTS[name], clip, parameters)
    return len(clips)


def _write_clip(root, layout, planned, parameters):
    size, frames = tuple(parameters["size"]), parameters["frames"]
    clip = record_clip(planned.shot, frames, size)
    total = clip_bytes(planned.shot.camera.frame_bytes, frames, size)
    if planned.depth is not None:
        with atomic_path(root / planned.depth) as path, open(path, "wb") as file:
            np.savez_compressed(file, depth=clip.depth)
    lines = [f"{layout.position_line(frame, eyes)}\n" for frame, eyes in enumerate(clip.eyes)]
    with atomic_path(root / planned.positions) as path:
        path.write_text("".join(lines))
    video = root / planned.video
    with atomic_path(video) as path:
        path.write_bytes(encode_clip(clip.pictures, clip.quality, total, video.suffix))
