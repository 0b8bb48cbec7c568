"""Replay-Attack: from its folder to the samples of one protocol.

```
root/{train,devel,test}/real/client001_session01_webcam_authenticate_{controlled,adverse}_{1,2}.mov
root/{train,devel,test}/attack/{fixed,hand}/<attack>.mov
root/face-locations/<the same path>.face
```

An attack is named after what shows the face, the client, the camera and kind of what is shown, and
the lighting: `attack_print_client001_session01_highdef_photo_adverse.mov`. The enrolment clips
(`enroll/`) are no part of presentation attack detection and are passed over.

Reference: I. Chingovska, A. Anjos, S. Marcel, "On the effectiveness of local binary patterns in
face anti-spoofing", BIOSIG 2012. The protocols are those of bob.db.replay.
"""

import itertools
import re
from pathlib import Path
from typing import NamedTuple

from despoof_keras.datasets.left_out import Problems
from despoof_keras.datasets.listing import list_videos, note_missing
from despoof_keras.datasets.samples import BONA_FIDE, SPLITS, Annotation, VideoSample
from despoof_keras.datasets.splits import Splits, check_classes, check_subjects
from despoof_keras.errors import DataError

PHOTOS = ("print", "mobile_photo", "highdef_photo")
VIDEOS = ("mobile_video", "highdef_video")
# The attacks of each protocol; all have every bona fide presentation.
ATTACKS: dict[int | str, tuple[str, ...]] = {
    "grandtest": PHOTOS + VIDEOS,
    "print": ("print",),
    "mobile": ("mobile_photo", "mobile_video"),
    "highdef": ("highdef_photo", "highdef_video"),
    "photo": PHOTOS,
    "video": VIDEOS,
    "digitalphoto": ("mobile_photo", "highdef_photo"),
}
PROTOCOLS: dict[int | str, tuple[int, ...]] = dict.fromkeys(ATTACKS, ())
SUPPORTS = ("fixed", "hand")
LIGHTINGS = ("controlled", "adverse")
TAKES = ("1", "2")
# What every client has.
_COMPLETE = (
    *(f"real {light} {take}" for light, take in itertools.product(LIGHTINGS, TAKES)),
    *(
        f"{pai} {support} {light}"
        for pai, support, light in itertools.product(PHOTOS + VIDEOS, SUPPORTS, LIGHTINGS)
    ),
)
_LAYOUT = (
    "a Replay-Attack tree with train/, devel/ and test/ holding real/client001_session01_"
    "webcam_authenticate_adverse_1.mov and attack/{fixed,hand}/attack_print_client001_session01_"
    "highdef_photo_adverse.mov"
)
_SPLIT_OF = {"train": "train", "devel": "dev", "test": "test"}
_REAL = re.compile(
    r"(?:.*/)?(?P<split>train|devel|test)/real/client(?P<client>\d+)_session(?P<session>\d+)"
    r"_webcam_authenticate_(?P<lighting>controlled|adverse)_(?P<take>[12])"
)
_ATTACK = re.compile(
    r"(?:.*/)?(?P<split>train|devel|test)/attack/(?P<support>fixed|hand)"
    r"/attack_(?P<device>print|mobile|highdef)_client(?P<client>\d+)_session(?P<session>\d+)"
    r"_(?P<source>highdef|mobile)_(?P<kind>photo|video)_(?P<lighting>controlled|adverse)"
)
_ENROLMENT = re.compile(r"(?:.*/)?client\d+_session\d+_webcam_enroll_\w+")


class VideoName(NamedTuple):
    """What a video's name and folders say.

    Attributes:
        key: name of the video, unique within the data set.
        split: `"train"`, `"dev"` or `"test"`.
        client: the subject's number.
        session: number of the session.
        pai: `"bona_fide"` or the species.
        support: of an attack, one of `SUPPORTS`; else empty.
        lighting: one of `LIGHTINGS`.
        take: of a bona fide presentation, one of `TAKES`; else empty.
    """

    key: str
    split: str
    client: int
    session: int
    pai: str
    support: str
    lighting: str
    take: str

    @property
    def clip(self) -> str:
        """Which of the client's videos it is, in words."""
        if self.pai == BONA_FIDE:
            return f"real {self.lighting} {self.take}"
        return f"{self.pai} {self.support} {self.lighting}"


def load(
    root: str | Path, protocol: int | str, fold: int | None = None, skip_bad: bool = False
) -> Splits:
    """List the videos of one protocol. Videos are not opened.

    Args:
        root: the data set's folder.
        protocol: a key of `PROTOCOLS`.
        fold: None; no protocol has folds.
        skip_bad: warn of files that cannot be used, and leave them out, instead of raising.

    Returns:
        `Splits`; the samples have the groups `support` and `lighting`.

    Raises:
        DataError: the folder does not have Replay-Attack's layout, a client is in two splits, or a
            split lacks bona fide presentations or attacks. The message names the file or folder.
    """
    root, problems = Path(root), Problems(skip_bad)
    videos = list_videos(root, parse, _LAYOUT, problems)
    clips: dict[str, list[str]] = {}
    samples = Splits({split: [] for split in SPLITS})
    for video in videos:
        clips.setdefault(f"client {video.name.client:03d}", []).append(video.name.clip)
        samples[video.name.split].append(_sample(video))
    note_missing(clips, _COMPLETE, problems)
    problems.report(root)
    check_subjects(samples)
    chosen = (BONA_FIDE, *ATTACKS[protocol])
    splits = Splits(
        {split: [s for s in own if s.pai in chosen] for split, own in samples.items()},
        problems.left_out,
    )
    check_classes(splits, root, f"protocol {protocol}")
    return splits


def parse(place: str) -> VideoName | None:
    """Read a video's name.

    Args:
        place: see `listing.place`.

    Returns:
        What it says; None for an enrolment clip.

    Raises:
        DataError: it is no name of the data set.

    Example:
        >>> parse("devel/attack/hand/attack_print_client003_session01_highdef_photo_adverse").pai
        'print'
    """
    match = _ATTACK.fullmatch(place) or _REAL.fullmatch(place)
    parts = {"support": "", "take": "", "device": "", **(match.groupdict() if match else {})}
    is_odd_print = parts["device"] == "print" and parts["kind"] != "photo"
    if match is None or is_odd_print:
        if _ENROLMENT.fullmatch(place):
            return None
        raise DataError(
            "expected a place and name such as train/real/client001_session01_webcam_"
            "authenticate_adverse_1.mov or train/attack/fixed/attack_print_client001_session01_"
            "highdef_photo_adverse.mov"
        )
    stem = place.rpartition("/")[2]
    pai = BONA_FIDE
    if parts["device"]:
        pai = "print" if parts["device"] == "print" else f"{parts['device']}_{parts['kind']}"
        # The same names are in fixed/ and hand/.
        stem = f"{parts['support']}_{stem}"
    return VideoName(
        stem,
        _SPLIT_OF[parts["split"]],
        int(parts["client"]),
        int(parts["session"]),
        pai,
        parts["support"],
        parts["lighting"],
        parts["take"],
    )


def _sample(video):
    name = video.name
    return VideoSample(
        path=video.path,
        key=name.key,
        subject=name.client,
        session=name.session,
        pai=name.pai,
        annotation=video.face_path and Annotation(video.face_path, "replay_attack"),
        groups=(("support", name.support), ("lighting", name.lighting)),
    )
