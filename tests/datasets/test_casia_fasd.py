"""CASIA-FASD's layout and protocols, on trees of empty files."""

import collections
import re

import pytest
from data_set_trees import CASIA_FOLDERS, casia_paths, keys_of, write

from despoof_keras import datasets
from despoof_keras.datasets import VideoSample
from despoof_keras.errors import DataError


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    root = tmp_path_factory.mktemp("casia_fasd")
    for folder, subjects in CASIA_FOLDERS.items():
        write(root, casia_paths(folder, subjects))
    return root


@pytest.fixture
def small(tmp_path):
    """Two subjects in train and one in test."""
    write(tmp_path, casia_paths("train_release", (1, 2)))
    return write(tmp_path, casia_paths("test_release", (1,)))


def sizes(splits):
    """Numbers of bona fide presentations and attacks of each split."""
    return {
        name: (sum(not s.label for s in own), sum(s.label for s in own))
        for name, own in splits.items()
    }


@pytest.mark.parametrize(
    ("protocol", "bona_fide", "attacks"),
    [
        ("overall", 3, 9),
        ("low", 1, 3),
        ("normal", 1, 3),
        ("high", 1, 3),
        ("warped_photo", 3, 3),
        ("cut_photo", 3, 3),
        ("replay", 3, 3),
    ],
)
def test_protocols_have_the_published_sizes(whole, protocol, bona_fide, attacks):
    splits = datasets.load("casia_fasd", whole, protocol)
    # 20 subjects of train, of whom 4 are dev, and 30 of test.
    expected = {"train": 16, "dev": 4, "test": 30}
    assert sizes(splits) == {
        name: (bona_fide * subjects, attacks * subjects) for name, subjects in expected.items()
    }
    assert splits.left_out == ()


def test_all_600_videos_are_of_their_species_and_quality(whole):
    samples = [s for own in datasets.load("casia_fasd", whole).values() for s in own]
    assert len({sample.key for sample in samples}) == 600
    counts = collections.Counter((sample.pai, dict(sample.groups)["quality"]) for sample in samples)
    assert counts == {
        (pai, quality): 50
        for pai in ("bona_fide", "warped_photo", "cut_photo", "replay")
        for quality in ("low", "normal", "high")
    }


@pytest.mark.parametrize(
    ("clip", "pai", "quality"),
    [
        ("1", "bona_fide", "normal"),
        ("2", "bona_fide", "low"),
        ("HR_1", "bona_fide", "high"),
        ("3", "warped_photo", "normal"),
        ("4", "warped_photo", "low"),
        ("HR_2", "warped_photo", "high"),
        ("5", "cut_photo", "normal"),
        ("6", "cut_photo", "low"),
        ("HR_3", "cut_photo", "high"),
        ("7", "replay", "normal"),
        ("8", "replay", "low"),
        ("HR_4", "replay", "high"),
    ],
)
def test_a_number_stands_for_species_and_quality(whole, clip, pai, quality):
    test = {sample.key: sample for sample in datasets.load("casia_fasd", whole)["test"]}
    assert test[f"test_01_{clip}"] == VideoSample(
        path=whole / "test_release" / "1" / f"{clip}.avi",
        key=f"test_01_{clip}",
        subject=21,
        session=None,
        pai=pai,
        groups=(("quality", quality),),
    )


def test_dev_is_a_fifth_of_the_subjects_of_train_and_each_is_in_one_fold(whole):
    seen = []
    for fold in range(1, 6):
        splits = datasets.load("casia_fasd", whole, "cross_validation", fold)
        subjects = {name: {sample.subject for sample in own} for name, own in splits.items()}
        assert subjects["train"] | subjects["dev"] == set(range(1, 21))
        assert not subjects["train"] & subjects["dev"]
        assert subjects["test"] == set(range(21, 51))
        assert len(subjects["dev"]) == 4
        seen += subjects["dev"]
        if fold == 1:
            assert subjects["dev"] == {1, 6, 11, 16}
            assert splits == datasets.load("casia_fasd", whole, "overall")
    assert sorted(seen) == list(range(1, 21))


def test_nested_folders_and_capitals_are_read(small, caplog):
    expected = keys_of(datasets.load("casia_fasd", small))
    for folder in ("train_release", "test_release"):
        (small / folder).rename(small / "inner")
        (small / folder).mkdir()
        (small / "inner").rename(small / folder / folder)
    path = small / "train_release" / "train_release" / "1" / "HR_1.avi"
    path.rename(path.with_name("hr_1.AVI"))
    assert keys_of(datasets.load("casia_fasd", small)) == expected
    assert not caplog.records


@pytest.mark.parametrize(
    "name",
    [
        "train_release/1/9.avi",
        "train_release/1/HR_5.avi",
        "train_release/1/1 (1).avi",
        "train_release/21/1.avi",
        "test_release/31/1.avi",
        "train_release/1.avi",
    ],
)
def test_a_file_of_another_name_is_one_error_or_left_out(small, name, caplog):
    keys = keys_of(datasets.load("casia_fasd", small))
    write(small, [name])
    message = rf"{re.escape(name)}: expected a place and name such as train_release/1/HR_1\.avi"
    with pytest.raises(DataError, match=message):
        datasets.load("casia_fasd", small)
    splits = datasets.load("casia_fasd", small, skip_bad=True)
    assert keys_of(splits) == keys
    assert [problem.name for problem in splits.left_out] == [str(small / name)]
    assert caplog.records[-1].getMessage() == f"{small}: lines or files left out: 1"


def test_a_missing_video_is_told(small, caplog):
    (small / "test_release" / "1" / "HR_4.avi").unlink()
    splits = datasets.load("casia_fasd", small)
    assert len(splits["test"]) == 11
    (problem,) = splits.left_out
    assert problem.name == "test_release/1"
    assert problem.reason == "lacks 1 of 12 videos: HR_4"
    assert problem.reason in caplog.text


def test_a_single_subject_of_train_makes_no_dev_split(small):
    for path in (small / "train_release" / "2").iterdir():
        path.unlink()
    with pytest.raises(DataError, match=r"in the train split of protocol overall; found 0 and 0"):
        datasets.load("casia_fasd", small)


def test_another_folder_says_what_was_expected(tmp_path):
    write(tmp_path, ["Train_files/1_1_01_1.avi"])
    with pytest.raises(DataError, match=r"expected a CASIA-FASD tree .*; found Train_files$"):
        datasets.load("casia_fasd", tmp_path)
