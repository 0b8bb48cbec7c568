"""OULU-NPU's layout: six phones, three sessions, two printers, two displays.

In addition to OULU-NPU's own files, bona fide clips have `Depth_maps/<Split>_files/<stem>.npz`,
whose `depth` is uint8 (frames, height, width): 255 at the nearest point of the face and 0 where
there is no face.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from despoof_keras.datasets.oulu_npu_protocols import (
    FOLDS,
    SPLITS,
    SUBJECTS,
    list_path,
    protocol_lines,
)
from despoof_keras.simulation.cameras import PHONES
from despoof_keras.simulation.displays import DISPLAYS
from despoof_keras.simulation.lighting import SESSIONS
from despoof_keras.simulation.printing import PRINTERS
from despoof_keras.synthesis.clips import Clip, Person, Shot, record_clip
from despoof_keras.synthesis.layouts.layout import Layout, PlannedClip, eye_line
from despoof_keras.synthesis.media.attacks import Attack
from despoof_keras.utils.files import atomic_path

BONA_FIDE = 1  # file number; 2, 3 are prints, 4, 5 replays
FILES = range(1, 6)
FIRST_SUBJECT = tuple(SUBJECTS[split][0] for split in SPLITS)
MOST_SUBJECTS = tuple(SUBJECTS[split][1] - SUBJECTS[split][0] + 1 for split in SPLITS)


@dataclasses.dataclass(frozen=True)
class ClipKey:
    """The name of a clip, which together with the set's seed determines all its random draws."""

    split: str
    subject: int
    session: int
    phone: int
    file: int

    @property
    def stem(self) -> str:
        """File name without suffix, as in OULU-NPU."""
        return f"{self.phone}_{self.session}_{self.subject:02d}_{self.file}"


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


def render_clip(key: ClipKey, frames: int, size: tuple[int, int], seed: int) -> Clip:
    """Render a clip.

    Args:
        key: the clip's name.
        frames: number of frames.
        size: (height, width) in pixels, even numbers.
        seed: seed of the whole set.
    """
    return record_clip(_shot(key, seed), frames, size)


def _shot(key, seed):
    medium = {**PRINTERS, **DISPLAYS}.get(key.file)
    return Shot(
        person=Person((seed, key.subject), (seed, key.subject, key.session, 1)),
        draws=(
            seed,
            SPLITS.index(key.split),
            key.subject,
            key.session,
            key.phone,
            key.file,
        ),
        light=SESSIONS[key.session],
        camera=PHONES[key.phone],
        attack=medium and Attack(medium),
    )


def _plan(subjects, seed):
    return [_planned(key, seed) for key in clip_keys(subjects)]


def _planned(key, seed):
    folder = f"{key.split.capitalize()}_files"
    return PlannedClip(
        video=f"{folder}/{key.stem}.avi",
        positions=f"{folder}/{key.stem}.txt",
        shot=_shot(key, seed),
        depth=f"Depth_maps/{folder}/{key.stem}.npz" if key.file == BONA_FIDE else None,
    )


def _write_lists(root, clips):
    stems = [Path(clip.video).stem for clip in clips]
    for protocol in range(1, 5):
        for fold in FOLDS if protocol > 2 else (None,):
            for split in SPLITS:
                lines = protocol_lines(stems, protocol, fold, split)
                with atomic_path(root / "Protocols" / list_path(protocol, fold, split)) as path:
                    path.write_text("".join(f"{line}\n" for line in lines))


OULU_NPU = Layout(
    title="OULU-NPU",
    version=4,
    plan=_plan,
    position_line=eye_line,
    splits=SPLITS,
    most_subjects=MOST_SUBJECTS,
    subjects=(8, 6, 8),
    size=(320, 240),
    owned=(*(f"{split.capitalize()}_files" for split in SPLITS), "Protocols"),
    finish=_write_lists,
)
