"""SiW's layout and protocols, on trees of empty files."""

import re

import pytest
from data_set_trees import SIW_SUBJECTS, faces_beside, keys_of, siw_paths, write

from despoof_keras import datasets
from despoof_keras.datasets import VideoSample
from despoof_keras.datasets.samples import Annotation
from despoof_keras.errors import DataError

PRINT = {"print_1", "print_2"}
REPLAY = {"replay_1", "replay_2", "replay_3", "replay_4"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """As many subjects as the real splits have, with all the videos that one can have."""
    root = tmp_path_factory.mktemp("siw")
    for folder, subjects in SIW_SUBJECTS.items():
        write(root, siw_paths(folder, subjects))
    return root


@pytest.fixture
def small(tmp_path):
    """Two subjects in Train and one in Test."""
    write(tmp_path, siw_paths("Train", (1, 2)))
    return write(tmp_path, siw_paths("Test", (91,)))


def species(samples):
    return {sample.pai for sample in samples} - {"bona_fide"}


def test_protocol_1_trains_on_the_first_60_frames_and_tests_on_all(whole):
    splits = datasets.load("siw", whole, 1)
    # 90 subjects of Train, of whom 18 are dev, and 75 of Test, with 28 videos each.
    assert {name: len(own) for name, own in splits.items()} == {
        "train": 72 * 28,
        "dev": 18 * 28,
        "test": 75 * 28,
    }
    frames = {name: {sample.first_frames for sample in own} for name, own in splits.items()}
    assert frames == {"train": {60}, "dev": {None}, "test": {None}}
    assert all(species(own) == PRINT | REPLAY for own in splits.values())


@pytest.mark.parametrize("fold", [1, 2, 3, 4])
def test_protocol_2_leaves_a_replay_medium_out(whole, fold):
    splits = datasets.load("siw", whole, 2, fold)
    unseen = {f"replay_{fold}"}
    assert {name: species(own) for name, own in splits.items()} == {
        "train": REPLAY - unseen,
        "dev": REPLAY - unseen,
        "test": unseen,
    }
    # 8 live videos, and 4 of each replay medium.
    sizes = {"train": 72 * (8 + 12), "dev": 18 * (8 + 12), "test": 75 * (8 + 4)}
    assert {name: len(own) for name, own in splits.items()} == sizes
    assert {sample.first_frames for own in splits.values() for sample in own} == {None}


@pytest.mark.parametrize(("fold", "seen", "unseen"), [(1, PRINT, REPLAY), (2, REPLAY, PRINT)])
def test_protocol_3_goes_from_print_to_replay_and_back(whole, fold, seen, unseen):
    splits = datasets.load("siw", whole, 3, fold)
    expected = {"train": seen, "dev": seen, "test": unseen}
    assert {name: species(own) for name, own in splits.items()} == expected
    number = {"print_1": 4, "replay_1": 16}
    sizes = [72 * (8 + number[min(seen)]), 18 * (8 + number[min(seen)])]
    sizes.append(75 * (8 + number[min(unseen)]))
    assert [len(own) for own in splits.values()] == sizes


def test_dev_is_a_fifth_of_the_subjects_of_train(whole):
    splits = datasets.load("siw", whole)
    subjects = {name: {sample.subject for sample in own} for name, own in splits.items()}
    assert subjects["dev"] == set(range(1, 91, 5))
    assert subjects["train"] == set(range(1, 91)) - subjects["dev"]
    assert subjects["test"] == set(range(91, 166))


def test_a_sample_says_what_its_name_says(small):
    faces_beside(small)
    test = {sample.key: sample for sample in datasets.load("siw", small)["test"]}
    folder = small / "Test" / "spoof" / "091"
    assert test["091-2-3-4-1"] == VideoSample(
        path=folder / "091-2-3-4-1.mov",
        key="091-2-3-4-1",
        subject=91,
        session=1,
        pai="replay_4",
        phone=2,
        annotation=Annotation(folder / "091-2-3-4-1.face", "siw"),
    )
    assert test["091-1-1-2-2"].pai == "bona_fide"


def test_other_endings_underscores_and_nested_folders_are_read(small, caplog):
    expected = keys_of(datasets.load("siw", small))
    path = small / "Train" / "live" / "001" / "001-1-1-1-1.mov"
    path.rename(path.with_name("001_1_1_1_1.MP4"))
    (small / "Test").rename(small / "inner")
    (small / "Test").mkdir()
    (small / "inner").rename(small / "Test" / "Test")
    assert keys_of(datasets.load("siw", small)) == expected
    assert not caplog.records


def test_a_subject_with_fewer_videos_is_as_the_set_is(small, caplog):
    (small / "Test" / "spoof" / "091" / "091-1-2-1-1.mov").unlink()
    assert len(datasets.load("siw", small)["test"]) == 27
    assert not caplog.records


@pytest.mark.parametrize(
    "name",
    [
        "Train/live/001/001-1-2-1-1.mp4",
        "Train/spoof/001/001-1-1-1-3.mov",
        "Train/spoof/001/001-1-2-3-1.mov",
        "Train/spoof/001/001-1-3-5-1.mov",
        "Train/spoof/001/001-1-4-1-1.mov",
        "Train/spoof/001/002-1-3-1-3.mov",
        "Train/spoof/001/001-1-3-1-1 (1).mov",
        "Train/spoof/001/001-1-3-1.mov",
    ],
)
def test_a_file_of_another_name_is_one_error_or_left_out(small, name):
    keys = keys_of(datasets.load("siw", small))
    write(small, [name])
    message = rf"{re.escape(name)}: expected a place and name such as Train/live/001/001-1-1-1-1"
    with pytest.raises(DataError, match=message):
        datasets.load("siw", small)
    splits = datasets.load("siw", small, skip_bad=True)
    assert keys_of(splits) == keys
    assert [problem.name for problem in splits.left_out] == [str(small / name)]


def test_a_subject_in_train_and_test_is_refused(small):
    write(small, ["Test/live/001/001-1-1-9-9.mov"])
    with pytest.raises(
        DataError, match=r"expected each subject in one split.*subject 1 is in test"
    ):
        datasets.load("siw", small, skip_bad=True)


def test_another_folder_says_what_was_expected(tmp_path):
    with pytest.raises(DataError, match=r"expected a SiW tree with Train/ and Test/ .*nothing$"):
        datasets.load("siw", tmp_path)
