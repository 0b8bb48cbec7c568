"""CASIA-FASD's layout: three cameras; photographs bent or with the eyes cut out; a tablet.

Each subject has three bona fide clips and nine attacks, as in the data set, and every clip has a
`.face` file beside it in Replay-Attack's format. Cameras and media differ from those of the other
embedded sets.
"""

from despoof_keras.datasets.casia_fasd import VideoName
from despoof_keras.datasets.samples import BONA_FIDE
from despoof_keras.simulation.cameras import Phone
from despoof_keras.simulation.displays import STRIPES, Display
from despoof_keras.simulation.lighting import SessionLight
from despoof_keras.simulation.printing import Printer
from despoof_keras.synthesis.clips import Person, Shot
from despoof_keras.synthesis.layouts.layout import Layout, PlannedClip, box_line, change_ending
from despoof_keras.synthesis.media.attacks import Attack

# Sets the seeds of this layout apart from those of others.
_CODE = 102
SPLITS = ("train", "test")
_CLIPS = (*map(str, range(1, 9)), *(f"HR_{number}" for number in range(1, 5)))

# An old USB camera, a new one, and a system camera.
CAMERAS = {
    "low": Phone(0.95, 0.15, "GBRG", 3600, 11, 0.10, 2.1, 0.85, 0.30, 1.0, 0.4, (60, 78), 26000),
    "normal": Phone(0.66, 0.09, "RGGB", 5200, 7, 0.20, 2.2, 1.00, 0.20, 0.7, 0.6, (74, 90), 30000),
    "high": Phone(0.42, 0.05, "BGGR", 12000, 3, 0.30, 2.25, 1.10, 0.12, 0.3, 0.6, (86, 97), 36000),
}
# Rooms as they happened to be.
LIGHT = SessionLight((-60, 60), (-5, 50), (3500, 6300), (3500, 6000), (0.40, 0.75), (0.4, 1.2))
# A good colour printer on coated paper of a yellowish white.
PHOTO_PRINTER = Printer(
    pitch=1.25,
    inks=((0.03, 0.42, 0.60), (0.74, 0.06, 0.24), (0.93, 0.82, 0.07), (0.02, 0.02, 0.02)),
    paper=(0.90, 0.88, 0.83),
    gain=(-0.08, 0.12),
    spread=0.18,
    black=0.6,
    texture=0.010,
    gloss=(0.0, 0.16),
)
TABLET = Display(
    pitch=(1.35, 1.8),
    cells=STRIPES,
    mixing=((0.92, 0.07, 0.01), (0.05, 0.91, 0.04), (0.0, 0.06, 0.94)),
    white=(5800, 7400),
    gamma=(2.0, 2.4),
    black=(0.001, 0.010),
    reflectance=(0.004, 0.03),
    glare=(0.0, 0.08),
)
ATTACKS = {
    "warped_photo": Attack(PHOTO_PRINTER, bend=(0.08, 0.22)),
    "cut_photo": Attack(PHOTO_PRINTER, is_cut=True),
    "replay": Attack(TABLET),
}


def _plan(subjects, seed):
    return [
        _planned(VideoName(split, folder, clip), seed)
        for split, count in zip(SPLITS, subjects, strict=True)
        for folder in range(1, count + 1)
        for clip in _CLIPS
    ]


def _planned(name, seed):
    attack = None if name.pai == BONA_FIDE else ATTACKS[name.pai]
    seeds = (seed, _CODE, name.subject)
    person = Person(seeds, (*seeds, 1))
    attacker = None
    if attack and attack.is_cut:
        # Someone who is no subject looks through the holes.
        other = (seed, _CODE, name.subject, 3)
        attacker = Person(other, other)
    shot = Shot(
        person,
        (*seeds, 2, _CLIPS.index(name.clip)),
        LIGHT,
        CAMERAS[name.quality],
        attack,
        attacker,
    )
    video = f"{name.split}_release/{name.folder}/{name.clip}.avi"
    return PlannedClip(video, change_ending(video, ".face"), shot)


CASIA_FASD = Layout(
    title="CASIA-FASD",
    version=1,
    plan=_plan,
    position_line=box_line,
    splits=SPLITS,
    most_subjects=(20, 30),
    subjects=(15, 12),
    size=(240, 320),
    owned=("train_release", "test_release"),
)
