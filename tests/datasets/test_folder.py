"""A folder of one's own: places and names, subjects, splits, and what is refused or passed over."""

import zlib

import numpy as np
import pytest
from media_files import write_truncated, write_video
from PIL import Image

from despoof_keras.datasets import load
from despoof_keras.datasets.folder import Place, parse
from despoof_keras.datasets.samples import SPLITS, VideoSample
from despoof_keras.datasets.subject_splits import DEV_TURNS, deal_subjects
from despoof_keras.errors import DataError

NAMES = ("ada", "ben", "cleo", "dan", "eve")


def write_picture(path, shade=None):
    """A small picture, of its own shade unless one is given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shade = zlib.crc32(str(path).encode()) % 2**24 if shade is None else shade
    Image.new("RGB", (8, 6), (shade >> 16, shade >> 8 & 255, shade & 255)).save(path, "PNG")


@pytest.fixture
def root(tmp_path):
    """Five subjects by the names of the files, each with a bona fide picture and a print."""
    for name in NAMES:
        write_picture(tmp_path / "own" / "bona_fide" / f"{name}__1.png")
        write_picture(tmp_path / "own" / "attack" / "print" / f"{name}__1.png")
    return tmp_path / "own"


def subjects_of(splits):
    return {split: sorted({sample.subject for sample in splits[split]}) for split in SPLITS}


def test_subjects_are_dealt_out(root):
    splits = load("folder", root)
    assert subjects_of(splits) == {"train": ["ada", "dan", "eve"], "dev": ["ben"], "test": ["cleo"]}
    assert [sample.key for sample in splits["dev"]] == [
        "attack/print/ben__1.png",
        "bona_fide/ben__1.png",
    ]
    assert [sample.pai for sample in splits["dev"]] == ["print", "bona_fide"]
    assert splits.left_out == ()
    assert load("folder", root) == splits


@pytest.mark.parametrize("numbers", [(3, 3, 3), (4, 0, 0), (3, 7, 4), (23, 0, 3)])
def test_every_split_gets_both_classes_where_three_subjects_have_them(numbers):
    samples = []
    for kind, number in zip(("print bona_fide", "bona_fide", "print"), numbers, strict=True):
        for subject in range(number):
            name = f"{subject}{kind}"
            samples += [VideoSample("", "", name, None, pai) for pai in kind.split()]
    split_of = deal_subjects(samples)
    assert len(split_of) == sum(numbers)
    for split in SPLITS:
        labels = {sample.label for sample in samples if split_of[sample.subject] == split}
        assert labels == {0, 1}
    subjects = list(split_of.values())
    assert subjects.count("train") >= max(subjects.count("dev"), subjects.count("test"))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("bona_fide/anna__1.jpg", ("", "bona_fide", "anna")),
        ("Bona-Fide/Anna/monday/1.jpg", ("", "bona_fide", "anna")),
        ("bona_fide/anna/ben__1.jpg", ("", "bona_fide", "ben")),
        ("attack/Print A4/anna__a__b.jpg", ("", "print_a4", "anna")),
        ("attack/replay_2/anna/x/1.mov", ("", "replay_2", "anna")),
        ("Train/attack/print/01/1.mov", ("train", "print", "01")),
        ("test/bona fide/01__.mov", ("test", "bona_fide", "01")),
        ("bona_fide/Jose\u0301__1.jpg", ("", "bona_fide", "josé")),
    ],
)
def test_places_and_names(path, expected):
    assert parse(tuple(path.split("/"))) == Place(*expected)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("live/anna__1.jpg", "expected it in bona_fide/ or attack/<species>/; found live"),
        ("anna__1.jpg", "expected it in bona_fide/"),
        ("attack/anna__1.jpg", "expected it in bona_fide/"),
        ("val/bona_fide/anna__1.jpg", "found val"),
        ("bona_fide/1.jpg", r"expected a subject, as <subject>__1\.jpg or as a folder"),
        ("bona_fide/__1.jpg", "expected a subject"),
        ("attack/live/anna__1.jpg", "expected bona_fide or an attack's species"),
        ("attack/4k/anna__1.jpg", "expected bona_fide or an attack's species"),
    ],
)
def test_other_places_are_named(path, reason, root):
    with pytest.raises(DataError, match=reason):
        parse(tuple(path.split("/")))
    write_picture(root / path)
    with pytest.raises(DataError, match=rf"{path}: .*--skip-bad leaves it out"):
        load("folder", root)
    splits = load("folder", root, skip_bad=True)
    assert [left.name for left in splits.left_out] == [str(root / path)]
    assert sum(map(len, splits.values())) == 10


def test_folders_of_splits(tmp_path):
    for split, name in (("train", "ada"), ("dev", "ben"), ("Test", "cleo")):
        write_picture(tmp_path / split / "bona_fide" / name / "1.png")
        write_picture(tmp_path / split / "attack" / "print" / name / "1.png")
    splits = load("folder", tmp_path)
    assert subjects_of(splits) == {"train": ["ada"], "dev": ["ben"], "test": ["cleo"]}
    write_picture(tmp_path / "bona_fide" / "dan" / "1.png")
    with pytest.raises(DataError, match=r"all presentations in train/, dev/ and test/, or none"):
        load("folder", tmp_path)


def test_dev_is_made_of_train(root, tmp_path):
    made = tmp_path / "made"
    made.mkdir()
    root.rename(made / "train")
    for pai in ("bona_fide", "attack/print"):
        write_picture(made / "test" / pai / "zoe__1.png")
    splits = load("folder", made)
    assert DEV_TURNS.count("train") == 4
    assert subjects_of(splits) == {
        "train": ["ben", "cleo", "dan", "eve"],
        "dev": ["ada"],
        "test": ["zoe"],
    }


def test_a_subject_in_two_splits_is_refused(tmp_path):
    for split, name in (("train", "ada"), ("dev", "ben"), ("test", "ADA")):
        write_picture(tmp_path / split / "bona_fide" / name / "1.png")
        write_picture(tmp_path / split / "attack" / "print" / name / "1.png")
    with pytest.raises(DataError, match=r"subject ada is in test and, by .*, in train"):
        load("folder", tmp_path, skip_bad=True)


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ("bona_fide/cleo__2.png", "each file in one split.* is in test and, as .*ben__1"),
        ("attack/print/ben__2.png", "one species of each file"),
        ("bona_fide/ben__2.png", None),
    ],
)
def test_a_file_that_is_there_twice(other, reason, root):
    content = (root / "bona_fide" / "ben__1.png").read_bytes()
    (root / other).write_bytes(content)
    if reason is None:
        assert len(load("folder", root)["dev"]) == 3
        return
    with pytest.raises(DataError, match=reason):
        load("folder", root, skip_bad=True)


def test_pictures_and_videos_are_known_by_their_content(root, tmp_path):
    write_picture(root / "bona_fide" / "ben__photo.dat")
    write_video(tmp_path / "clip.avi", [np.zeros((16, 16, 3), np.uint8)] * 2)
    (tmp_path / "clip.avi").rename(root / "bona_fide" / "ben__clip")
    (root / "bona_fide" / "ben__notes.txt").write_text("in the garden")
    (root / "readme").write_text("ours")
    (root / "bona_fide" / "._ben__1.png").write_bytes(b"left by a Macintosh")
    splits = load("folder", root)
    keys = {sample.key for sample in splits["dev"]}
    assert {"bona_fide/ben__photo.dat", "bona_fide/ben__clip"} <= keys
    assert len(keys) == 4
    (note,) = splits.left_out
    assert note.reason == "passed over, being no pictures or videos: 1 readme, 1 .txt"


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("ben__2.jpg", b"", "found an empty file"),
        ("ben__2.jpg", b"<html>404</html>", "no known format is in the file of text"),
        ("ben__2.dng", b"II\x2a\0\x10\0\0\0CR", "a RAW photograph, which is not read: convert"),
    ],
)
def test_what_promises_a_picture_and_is_none_is_named(name, content, reason, root):
    (root / "bona_fide" / name).write_bytes(content)
    with pytest.raises(DataError, match=rf"{name}: expected a picture or video; .*{reason}"):
        load("folder", root)
    (left,) = load("folder", root, skip_bad=True).left_out
    assert reason in left.reason


def test_a_folder_within_a_folder_as_archives_make(root, tmp_path):
    (tmp_path / "outer" / "faces").mkdir(parents=True)
    (tmp_path / "outer" / "__MACOSX").mkdir()
    root.rename(tmp_path / "outer" / "faces" / "faces")
    assert len(load("folder", tmp_path / "outer")["train"]) == 6


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        ([], "found nothing"),
        (["live/a__1.png", "spoof/a__1.png"], "found live, spoof; the first file: .*live"),
        (["notes.txt"], r"found notes\.txt$"),
    ],
)
def test_another_layout_is_described(made, reason, tmp_path):
    for path in made:
        write_picture(tmp_path / path) if path.endswith("png") else (tmp_path / path).touch()
    with pytest.raises(DataError, match=rf"expected bona_fide/ and attack/<species>/ .*{reason}"):
        load("folder", tmp_path, skip_bad=True)
    with pytest.raises(DataError, match="expected the folder of a data set"):
        load("folder", tmp_path / "nowhere")


def test_too_few_subjects_are_explained(tmp_path):
    for name in ("ada", "ben"):
        write_picture(tmp_path / "bona_fide" / f"{name}__1.png")
        write_picture(tmp_path / "attack" / "print" / f"{name}__1.png")
    for simulates, found in (
        (False, "0 and 0; three subjects with both"),
        (True, "0; three subjects"),
    ):
        with pytest.raises(DataError, match=f"test split of 2 subjects; found {found} are enough"):
            load("folder", tmp_path, simulate_attacks=simulates)


def test_a_truncated_picture_is_listed_like_any_other(root, astronaut):
    write_truncated(root / "bona_fide" / "ben__2.jpg", astronaut)
    assert len(load("folder", root)["dev"]) == 3
