"""MSU-MFSD: from its folder to the samples of one protocol.

```
root/real/real_clientNNN_{android,laptop}_SD_scene01.{mp4,mov}, and .face
root/attack/attack_clientNNN_{android,laptop}_SD_{ipad_video,iphone_video,printed_photo}_scene01.*
root/train_sub_list.txt (15 subjects), root/test_sub_list.txt (20 subjects)
```

The set has no dev split: a fifth of the subjects of train makes it, see `splits.dev_subjects`.

Reference: D. Wen, H. Han, A. K. Jain, "Face spoof detection with image distortion analysis", IEEE
Transactions on Information Forensics and Security, 2015.
"""

import itertools
import re
from pathlib import Path
from typing import NamedTuple

from despoof_keras.datasets.left_out import Problems
from despoof_keras.datasets.listing import list_videos, note_missing, walk
from despoof_keras.datasets.samples import BONA_FIDE, Annotation, VideoSample
from despoof_keras.datasets.splits import FOLDS, Splits, check_classes, with_dev
from despoof_keras.errors import DataError, shown, summarize
from despoof_keras.utils.text import decode_text

# The set's own splits, and those with five ways to choose the dev split.
PROTOCOLS: dict[int | str, tuple[int, ...]] = {"overall": (), "cross_validation": FOLDS}
CAMERAS = ("android", "laptop")
SPECIES = {
    "ipad_video": "replay_ipad",
    "iphone_video": "replay_iphone",
    "printed_photo": "print",
}
LISTS = {"train": "train_sub_list.txt", "test": "test_sub_list.txt"}
# What every subject has.
_COMPLETE = tuple(
    f"{camera} {pai}" for camera, pai in itertools.product(CAMERAS, (BONA_FIDE, *SPECIES.values()))
)
_LAYOUT = (
    "an MSU-MFSD tree with real/real_client001_android_SD_scene01.mp4, "
    "attack/attack_client001_android_SD_ipad_video_scene01.mp4, train_sub_list.txt and "
    "test_sub_list.txt"
)
_NAME = re.compile(
    r"(?:.*/)?(?:real/real|(?P<attack>attack/attack))_client(?P<client>\d{3})"
    r"_(?P<camera>android|laptop)_sd(?(attack)_(?P<what>\w+))_scene(?P<scene>\d\d)"
)


class VideoName(NamedTuple):
    """What a video's name says.

    Attributes:
        key: name of the video, unique within the data set.
        client: the subject's number.
        camera: one of `CAMERAS`.
        pai: `"bona_fide"` or the species.
        scene: number of the scene.
    """

    key: str
    client: int
    camera: str
    pai: str
    scene: int


def load(
    root: str | Path, protocol: int | str, fold: int | None = None, skip_bad: bool = False
) -> Splits:
    """List the videos of one protocol. Videos are not opened.

    Args:
        root: the data set's folder.
        protocol: a key of `PROTOCOLS`.
        fold: 1 to 5 for `"cross_validation"`: which fifth of train is dev; else `None`, for the
            first.
        skip_bad: warn of files and lines that cannot be used, and leave them out, instead of
            raising.

    Returns:
        `Splits`.

    Raises:
        DataError: the folder does not have MSU-MFSD's layout, a subject is in both lists or in
            none, or a split lacks bona fide presentations or attacks. The message names the file.
    """
    root, problems = Path(root), Problems(skip_bad)
    videos = list_videos(root, parse, _LAYOUT, problems)
    split_of = _split_of(root, problems)
    listed: dict[str, list[VideoSample]] = {"train": [], "test": []}
    clips: dict[str, list[str]] = {f"client {client:03d}": [] for client in sorted(split_of)}
    for video in videos:
        name = video.name
        if name.client not in split_of:
            problems.add(
                video.path, f"expected client {name.client:02d} in {' or '.join(LISTS.values())}"
            )
            continue
        clips[f"client {name.client:03d}"].append(f"{name.camera} {name.pai}")
        listed[split_of[name.client]].append(_sample(video))
    note_missing(clips, _COMPLETE, problems)
    problems.report(root)
    train, dev = with_dev(listed["train"], fold)
    splits = Splits({"train": train, "dev": dev, "test": listed["test"]}, problems.left_out)
    check_classes(splits, root, f"protocol {protocol}{f', fold {fold}' if fold else ''}")
    return splits


def parse(place: str) -> VideoName:
    """Read a video's name.

    Args:
        place: see `listing.place`.

    Raises:
        DataError: it is no name of the data set.

    Example:
        >>> parse("attack/attack_client006_android_sd_ipad_video_scene01").pai
        'replay_ipad'
    """
    match = _NAME.fullmatch(place)
    if match is None or (match["attack"] and match["what"] not in SPECIES):
        raise DataError(
            "expected a place and name such as real/real_client001_android_SD_scene01.mp4 or "
            "attack/attack_client001_laptop_SD_printed_photo_scene01.mov, the attacks being "
            f"{', '.join(SPECIES)}"
        )
    pai = SPECIES[match["what"]] if match["attack"] else BONA_FIDE
    key = place.rpartition("/")[2].replace("_sd_", "_SD_")
    return VideoName(key, int(match["client"]), match["camera"], pai, int(match["scene"]))


def _split_of(root, problems):
    """The split of each client, by the set's two lists."""
    paths = {path.name.lower(): path for path in reversed(list(walk(root)))}
    split_of: dict[int, str] = {}
    for split, name in LISTS.items():
        if name not in paths:
            raise DataError(
                f"{root}: expected {name}, the data set's list of {split}; it is missing"
            )
        for client in _clients(paths[name], problems, split):
            other = split_of.setdefault(client, split)
            if other != split:
                raise DataError(
                    f"{paths[name]}: expected each subject in one split; client {client:02d} is "
                    f"also in {LISTS[other]}"
                )
    return split_of


def _clients(path, problems, split):
    try:
        text = decode_text(path.read_bytes(), "backslashreplace")
    except OSError as error:
        raise DataError(f"{path}: expected a list of clients: {summarize(error)}") from error
    for number, line in enumerate(text.splitlines(), start=1):
        for word in line.replace(",", " ").split():
            if word.isdecimal():
                yield int(word)
            else:
                problems.add(
                    f"{path}:{number}", f"expected a client's number; received {shown(word)}", split
                )


def _sample(video):
    name = video.name
    return VideoSample(
        path=video.path,
        key=name.key,
        subject=name.client,
        session=None,
        pai=name.pai,
        phone=name.camera,
        annotation=video.face_path and Annotation(video.face_path, "msu_mfsd"),
    )
