"""Walking through a data set's folder, and the rules that all splits keep."""

import pickle
from pathlib import Path

import pytest
from data_set_trees import write
from media_files import as_nobody

from despoof_keras.datasets import VideoSample
from despoof_keras.datasets.left_out import LeftOutFile, Problems
from despoof_keras.datasets.listing import note_missing, place, walk
from despoof_keras.datasets.splits import Splits, check_classes, dev_subjects, with_dev
from despoof_keras.errors import DataError


def sample(key, subject=1, pai="bona_fide"):
    return VideoSample(Path(f"{key}.avi"), key, subject, None, pai)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("train_release/1/1.avi", "train_release/1/1"),
        ("Train_Release/train_release/1/1/HR_1.AVI", "train_release/1/hr_1"),
        ("a/a/a/b.mov", "a/b"),
        ("a/b/a/b.mov", "a/b/a/b"),
        ("clip.mov", "clip"),
        ("a.b/c.d.mov", "a.b/c.d"),
    ],
)
def test_a_place_has_no_folder_twice(path, expected):
    assert place(Path("root"), Path("root", path)) == expected


def test_a_walk_passes_over_what_computers_leave_behind(tmp_path):
    write(tmp_path, ["b/2.avi", "a/1.MOV", "a/._1.MOV", ".Trash/1.avi", "__MACOSX/a/1.MOV"])
    write(tmp_path, ["a/@eaDir/1.MOV/thumb.jpg", "c.mov/inside.mov"])
    assert [str(path.relative_to(tmp_path)) for path in walk(tmp_path)] == [
        "c.mov",
        "a/1.MOV",
        "b/2.avi",
    ]


def test_a_link_is_followed_and_one_that_leads_back_is_not(tmp_path):
    write(tmp_path, ["set/a/1.avi", "elsewhere/2.avi"])
    (tmp_path / "set" / "b").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "set" / "a" / "round").symlink_to(tmp_path / "set")
    (tmp_path / "set" / "a" / "all").symlink_to("/")
    (tmp_path / "elsewhere" / "back").symlink_to(tmp_path / "set")
    assert [str(path.relative_to(tmp_path / "set")) for path in walk(tmp_path / "set")] == [
        "a/1.avi",
        "b/2.avi",
    ]
    assert [path.name for path in walk(tmp_path / "elsewhere")] == ["2.avi", "1.avi"]


def test_a_folder_that_may_not_be_read_is_named(tmp_path):
    write(tmp_path, ["a/1.avi", "b/2.avi"])
    (tmp_path / "b").chmod(0)
    try:
        with as_nobody(tmp_path), pytest.raises(DataError, match=r"/b: expected a folder to be"):
            list(walk(tmp_path))
    finally:
        (tmp_path / "b").chmod(0o700)


def test_missing_videos_are_counted_and_the_first_are_named():
    problems = Problems(skip_bad=False)
    note_missing({"1": ["a", "b"], "2": ["a"], "3": []}, "ab", problems)
    note_missing({"4": []}, "abcdefg", problems)
    assert problems.left_out == [
        LeftOutFile("", "2", "lacks 1 of 2 videos: b", is_note=True),
        LeftOutFile("", "3", "lacks 2 of 2 videos: a, b", is_note=True),
        LeftOutFile("", "4", "lacks 7 of 7 videos: a, b, c, d, e and 2 more", is_note=True),
    ]


@pytest.mark.parametrize("number", [1, 4, 5, 15, 90])
def test_every_subject_is_in_dev_in_one_fold(number):
    subjects = [3 * n + 7 for n in range(number)]
    folds = [dev_subjects(reversed(subjects), fold) for fold in range(1, 6)]
    assert sorted(subject for own in folds for subject in own) == subjects
    assert max(map(len, folds)) - min(map(len, folds)) <= 1
    assert dev_subjects(subjects) == folds[0]


def test_train_and_dev_are_all_of_train_in_its_order():
    videos = [sample(f"{n}_{subject}", subject) for n in range(2) for subject in range(1, 11)]
    train, dev = with_dev(videos)
    assert [video.subject for video in dev] == [1, 6, 1, 6]
    assert train == [video for video in videos if video.subject not in (1, 6)]


def test_a_split_needs_both_classes():
    both = [sample("a"), sample("b", pai="print")]
    check_classes({"train": both, "dev": both, "test": both}, "root", "protocol 1")
    message = r"root: expected bona fide presentations and attacks in the test split of protocol 1"
    with pytest.raises(DataError, match=f"{message}; found 1 and 0"):
        check_classes({"train": both, "dev": both, "test": both[:1]}, "root", "protocol 1")


def test_what_was_left_out_goes_with_the_splits():
    splits = Splits({"train": [sample("a")]}, [LeftOutFile("train", "b.avi", "a copy")])
    again = pickle.loads(pickle.dumps(splits))
    assert again == splits
    assert again.left_out == splits.left_out
