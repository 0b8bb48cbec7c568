"""Replay-Attack's layout and protocols, on trees of empty files."""

import collections
import os
import re

import pytest
from data_set_trees import REPLAY_CLIENTS, keys_of, replay_paths, write

from despoof_keras import datasets
from despoof_keras.datasets import VideoSample, replay_attack
from despoof_keras.datasets.samples import Annotation, instrument_of
from despoof_keras.errors import DataError

SPLITS = {"train": "train", "devel": "dev", "test": "test"}
REAL = "train/real/client001_session01_webcam_authenticate_adverse_1.mov"
ATTACK = "train/attack/hand/attack_print_client001_session01_highdef_photo_adverse.mov"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """All of the data set's files, with its enrolment clips and the positions of faces."""
    root = tmp_path_factory.mktemp("replay_attack")
    for split, clients in REPLAY_CLIENTS.items():
        paths = list(replay_paths(split, clients))
        write(root, paths)
        write(root, [f"face-locations/{path[:-4]}.face" for path in paths])
        names = [f"client{client:03d}_session01_webcam_enroll_adverse_1.mov" for client in clients]
        write(root, [f"enroll/{split}/{name}" for name in names])
    return root


@pytest.fixture
def small(tmp_path):
    """One client in each split."""
    for split, clients in REPLAY_CLIENTS.items():
        write(tmp_path, replay_paths(split, clients[:1]))
    return tmp_path


@pytest.mark.parametrize(
    ("protocol", "attacks"),
    [
        ("grandtest", 1000),
        ("print", 200),
        ("mobile", 400),
        ("highdef", 400),
        ("photo", 600),
        ("video", 400),
        ("digitalphoto", 400),
    ],
)
def test_protocols_have_the_published_sizes(whole, protocol, attacks, caplog):
    splits = datasets.load("replay_attack", whole, protocol)
    sizes = {name: collections.Counter(s.label for s in own) for name, own in splits.items()}
    assert sizes == {
        "train": {0: 60, 1: attacks * 3 // 10},
        "dev": {0: 60, 1: attacks * 3 // 10},
        "test": {0: 80, 1: attacks * 4 // 10},
    }
    assert not caplog.records
    assert splits.left_out == ()


def test_the_sizes_of_the_default_protocol_are_those_of_the_table(whole):
    splits = datasets.load("replay_attack", whole)
    assert [len(splits[name]) for name in SPLITS.values()] == [360, 360, 480]
    keys = [sample.key for own in splits.values() for sample in own]
    assert len(set(keys)) == 1200
    assert not [key for key in keys if "/" in key or os.sep in key]


def test_species_are_instruments_of_their_own(whole):
    splits = datasets.load("replay_attack", whole)
    species = collections.Counter(s.pai for own in splits.values() for s in own)
    assert species == {
        "bona_fide": 200,
        "print": 200,
        "mobile_photo": 200,
        "mobile_video": 200,
        "highdef_photo": 200,
        "highdef_video": 200,
    }
    assert all(instrument_of(pai) == pai for pai in species)


def test_a_sample_says_what_its_name_says(whole):
    splits = datasets.load("replay_attack", whole)
    by_key = {sample.key: sample for sample in splits["train"]}
    key = "hand_attack_mobile_client001_session01_mobile_video_controlled"
    stem = "train/attack/hand/attack_mobile_client001_session01_mobile_video_controlled"
    assert by_key[key] == VideoSample(
        path=whole / f"{stem}.mov",
        key=key,
        subject=1,
        session=1,
        pai="mobile_video",
        annotation=Annotation(whole / "face-locations" / f"{stem}.face", "replay_attack"),
        groups=(("support", "hand"), ("lighting", "controlled")),
    )
    real = by_key["client001_session01_webcam_authenticate_adverse_2"]
    assert real.pai == "bona_fide"
    assert real.groups == (("support", ""), ("lighting", "adverse"))


def nested(root):
    (root / "train").rename(root / "inner")
    (root / "train").mkdir()
    (root / "inner").rename(root / "train" / "train")


def deeper(root):
    folder = root / "downloads" / "replayattack"
    folder.mkdir(parents=True)
    for split in REPLAY_CLIENTS:
        (root / split).rename(folder / split)


def in_capitals(root):
    path = root / REAL
    path.rename(path.with_name(path.name.upper()))
    (root / "devel").rename(root / "Devel")


def re_encoded(root):
    (root / REAL).rename((root / REAL).with_suffix(".mp4"))


def with_leftovers(root):
    write(root, [f"{REAL[:11]}._{REAL[11:]}", f"__MACOSX/{REAL}", f"{REAL[:11]}@eaDir/x.mov"])
    write(root, ["protocols/clients.txt", "readme.rst", "train/Thumbs.db"])


def linked(root):
    """A split on another disk, in whose folder a link leads back."""
    (root / "test").rename(root / ".elsewhere")
    (root / "test").symlink_to(root / ".elsewhere")
    (root / ".elsewhere" / "loop").symlink_to(root)


@pytest.mark.parametrize(
    "change", [nested, deeper, in_capitals, re_encoded, with_leftovers, linked]
)
def test_an_odd_copy_is_read_like_another(small, change, caplog):
    expected = datasets.load("replay_attack", small)
    change(small)
    splits = datasets.load("replay_attack", small)
    assert keys_of(splits) == keys_of(expected)
    assert all(sample.path.is_file() for own in splits.values() for sample in own)
    assert not caplog.records


def copied(root):
    path = root / REAL
    path.with_name(f"{path.stem} (1).mov").touch()
    return r"adverse_1 \(1\)\.mov: expected a place and name such as train/real/"


def not_unicode(root):
    (root / "train" / "real" / os.fsdecode(b"client001\xff.mov")).touch()
    return r"client001\\udcff\.mov: expected a place and name"


def foreign(root):
    write(root, ["train/holiday.MP4"])
    return r"holiday\.MP4: expected a place and name"


def twice(root):
    (root / REAL).with_suffix(".mp4").touch()
    return r"adverse_1\.mp4: expected no other video of the name; .*adverse_1\.mov has it"


def unpacked_twice(root):
    write(root, [f"backup/{REAL}"])
    return r"adverse_1\.mov: expected no other video of the name; .*backup.*adverse_1\.mov has it"


def print_of_a_video(root):
    (root / ATTACK.replace("photo", "video")).touch()
    return r"highdef_video_adverse\.mov: expected a place and name"


@pytest.mark.parametrize(
    "spoil", [copied, not_unicode, foreign, twice, unpacked_twice, print_of_a_video]
)
def test_a_bad_file_is_one_error_or_left_out_and_counted(small, spoil, caplog):
    keys = keys_of(datasets.load("replay_attack", small))
    message = spoil(small)
    with pytest.raises(DataError, match=message) as error:
        datasets.load("replay_attack", small)
    assert "\n" not in str(error.value)
    assert "--skip-bad leaves it out" in str(error.value)
    assert not caplog.records
    splits = datasets.load("replay_attack", small, skip_bad=True)
    assert keys_of(splits) == keys
    (problem,) = splits.left_out
    assert re.search(message, f"{problem.name}: {problem.reason}")
    assert re.search(message, caplog.records[0].getMessage())
    assert caplog.records[-1].getMessage() == f"{small}: lines or files left out: 1"


@pytest.mark.parametrize("kind", ["folder", "link"])
def test_what_is_no_file_is_left_out(small, kind):
    path = small / REAL
    path.unlink()
    if kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(small / "nowhere")
    with pytest.raises(DataError, match=r"adverse_1\.mov: expected a video; it is a folder or a"):
        datasets.load("replay_attack", small)
    splits = datasets.load("replay_attack", small, skip_bad=True)
    assert len(splits["train"]) == 23
    assert [problem.name for problem in splits.left_out] == [str(path), "client 001"]


def test_missing_videos_are_told_and_are_no_error(small, caplog):
    (small / REAL).unlink()
    (small / ATTACK).unlink()
    splits = datasets.load("replay_attack", small)
    assert len(splits["train"]) == 22
    (problem,) = splits.left_out
    assert problem.name == "client 001"
    assert problem.reason == "lacks 2 of 24 videos: print hand adverse, real adverse 1"
    assert problem.reason in caplog.text


def test_a_client_in_two_splits_is_refused(small):
    path = next(iter(replay_paths("test", [31])))
    write(small, [path.replace("test/", "devel/")])
    (small / path).unlink()
    message = r"client031.*: expected each subject in one split.*31 is in test and, by .*, in dev"
    with pytest.raises(DataError, match=message):
        datasets.load("replay_attack", small, skip_bad=True)


def test_a_split_without_attacks_of_the_protocol_is_refused(small):
    for path in (small / "devel").rglob("attack_print*"):
        path.unlink()
    assert datasets.load("replay_attack", small, "grandtest")
    message = r"expected bona fide .* dev split of protocol print; found 4 and 0"
    with pytest.raises(DataError, match=message):
        datasets.load("replay_attack", small, "print")


def test_another_folder_says_what_was_expected(tmp_path):
    expected = "expected a Replay-Attack tree with train/, devel/ and test/"
    with pytest.raises(DataError, match=r"nowhere: expected the folder of a data set; there is no"):
        datasets.load("replay_attack", tmp_path / "nowhere")
    with pytest.raises(DataError, match=f"{expected}.*; found nothing$"):
        datasets.load("replay_attack", tmp_path)
    write(tmp_path, ["Train_files/1_1_01_1.avi"])
    with pytest.raises(DataError, match=f"{expected}.*; found Train_files$"):
        datasets.load("replay_attack", tmp_path, skip_bad=True)
    with pytest.raises(DataError, match="it is a file"):
        datasets.load("replay_attack", tmp_path / "Train_files" / "1_1_01_1.avi")


def test_the_protocols_are_those_of_the_module():
    assert list(replay_attack.PROTOCOLS) == list(replay_attack.ATTACKS)
    with pytest.raises(DataError, match="Replay-Attack has grandtest, print, mobile"):
        datasets.load("replay_attack", "root", 1)
