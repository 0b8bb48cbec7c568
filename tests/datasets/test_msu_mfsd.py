"""MSU-MFSD's layout and lists, on trees of empty files."""

import collections
import re

import pytest
from data_set_trees import MSU_LISTS, faces_beside, keys_of, msu_paths, write, write_msu_lists

from despoof_keras import datasets
from despoof_keras.datasets import VideoSample
from despoof_keras.datasets.samples import Annotation
from despoof_keras.errors import DataError

TRAIN, TEST = MSU_LISTS.values()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    root = tmp_path_factory.mktemp("msu_mfsd")
    write(root, msu_paths([*TRAIN, *TEST]))
    write_msu_lists(root)
    return root


@pytest.fixture
def small(tmp_path):
    """Two subjects of train and one of test."""
    write(tmp_path, msu_paths((2, 3, 1)))
    write_msu_lists(tmp_path, (2, 3, 1))
    return tmp_path


def test_the_lists_give_the_published_sizes(whole, caplog):
    splits = datasets.load("msu_mfsd", whole)
    samples = [sample for own in splits.values() for sample in own]
    assert collections.Counter(sample.pai for sample in samples) == {
        "bona_fide": 70,
        "replay_ipad": 70,
        "replay_iphone": 70,
        "print": 70,
    }
    # 15 subjects of train, of whom 3 are dev, and 20 of test, with 8 videos each.
    assert {name: len(own) for name, own in splits.items()} == {"train": 96, "dev": 24, "test": 160}
    subjects = {name: {sample.subject for sample in own} for name, own in splits.items()}
    assert subjects["dev"] == {2, 8, 22}
    assert subjects["train"] == set(TRAIN) - {2, 8, 22}
    assert subjects["test"] == set(TEST)
    assert splits.left_out == ()
    assert not caplog.records


def test_every_subject_of_train_is_dev_in_one_fold(whole):
    seen = []
    for fold in range(1, 6):
        splits = datasets.load("msu_mfsd", whole, "cross_validation", fold)
        dev = {sample.subject for sample in splits["dev"]}
        assert not dev & {sample.subject for sample in splits["train"]}
        assert {sample.subject for sample in splits["test"]} == set(TEST)
        seen += dev
    assert sorted(seen) == sorted(TRAIN)


def test_a_sample_says_what_its_name_says(small):
    faces_beside(small)
    test = {sample.key: sample for sample in datasets.load("msu_mfsd", small)["test"]}
    stem = small / "attack" / "attack_client001_laptop_SD_printed_photo_scene01"
    assert test["attack_client001_laptop_SD_printed_photo_scene01"] == VideoSample(
        path=stem.with_suffix(".mov"),
        key="attack_client001_laptop_SD_printed_photo_scene01",
        subject=1,
        session=None,
        pai="print",
        phone="laptop",
        annotation=Annotation(stem.with_suffix(".face"), "msu_mfsd"),
    )
    real = test["real_client001_android_SD_scene01"]
    assert (real.pai, real.phone, real.path.suffix) == ("bona_fide", "android", ".mp4")


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.encode("utf-16"),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace("\n", " ").encode(),
        lambda text: ("\n\n" + text.replace("\n", " ,\n") + "\n").encode(),
    ],
)
def test_a_list_in_any_encoding_and_with_any_line_ends_is_read(small, encode):
    expected = datasets.load("msu_mfsd", small)
    path = small / "train_sub_list.txt"
    path.write_bytes(encode(path.read_text()))
    assert datasets.load("msu_mfsd", small) == expected


def test_scene01_capitals_and_lists_elsewhere_are_read(small, caplog):
    expected = keys_of(datasets.load("msu_mfsd", small))
    for name in ("real", "attack"):
        (small / "scene01").mkdir(exist_ok=True)
        (small / name).rename(small / "scene01" / name)
    path = small / "scene01" / "real" / "real_client001_laptop_SD_scene01.mov"
    path.rename(path.with_suffix(".MOV"))
    (small / "information").mkdir()
    for name in MSU_LISTS:
        (small / name).rename(small / "information" / name)
    assert keys_of(datasets.load("msu_mfsd", small)) == expected
    assert not caplog.records


def copied(root):
    write(root, ["real/real_client001_laptop_SD_scene01 (1).mov"])
    return r"scene01 \(1\)\.mov: expected a place and name such as real/real_client001_android"


def misplaced(root):
    write(root, ["attack/real_client001_laptop_SD_scene01.mov"])
    return r"attack/real_client001_laptop_SD_scene01\.mov: expected a place and name"


def another_attack(root):
    write(root, ["attack/attack_client001_laptop_SD_mask_scene01.mov"])
    return r"mask_scene01\.mov: expected .* ipad_video, iphone_video, printed_photo"


def unlisted(root):
    write(root, ["real/real_client060_laptop_SD_scene01.mov"])
    return r"client060.*: expected client 60 in train_sub_list\.txt or test_sub_list\.txt"


def twice(root):
    write(root, ["real/real_client001_laptop_SD_scene01.mp4"])
    return r"scene01\.mp4: expected no other video of the name; .*\.mov has it"


def a_word_in_a_list(root):
    path = root / "test_sub_list.txt"
    path.write_text(path.read_text() + "client\n")
    return r"test_sub_list\.txt:2: expected a client's number; received client"


@pytest.mark.parametrize(
    "spoil", [copied, misplaced, another_attack, unlisted, twice, a_word_in_a_list]
)
def test_a_bad_file_or_line_is_one_error_or_left_out_and_counted(small, spoil, caplog):
    keys = keys_of(datasets.load("msu_mfsd", small))
    message = spoil(small)
    with pytest.raises(DataError, match=message) as error:
        datasets.load("msu_mfsd", small)
    assert "\n" not in str(error.value)
    splits = datasets.load("msu_mfsd", small, skip_bad=True)
    assert keys_of(splits) == keys
    (problem,) = splits.left_out
    assert re.search(message, f"{problem.name}: {problem.reason}")
    assert caplog.records[-1].getMessage() == f"{small}: lines or files left out: 1"


def test_listed_clients_without_videos_are_told(small, caplog):
    write_msu_lists(small, (2, 3, 1, 13))
    (small / "real" / "real_client001_laptop_SD_scene01.mov").unlink()
    reasons = {p.name: p.reason for p in datasets.load("msu_mfsd", small).left_out}
    assert reasons == {
        "client 001": "lacks 1 of 8 videos: laptop bona_fide",
        "client 013": (
            "lacks 8 of 8 videos: android bona_fide, android print, android replay_ipad, "
            "android replay_iphone, laptop bona_fide and 3 more"
        ),
    }
    assert "client 013" in caplog.text


@pytest.mark.parametrize("name", MSU_LISTS)
def test_a_missing_list_is_named(small, name):
    (small / name).unlink()
    with pytest.raises(DataError, match=rf"expected {name}, the data set's list of"):
        datasets.load("msu_mfsd", small)


def test_a_client_in_both_lists_is_refused(small):
    (small / "test_sub_list.txt").write_text("01\n02\n")
    message = r"test_sub_list\.txt: expected each subject in one split; client 02 is also in train_"
    with pytest.raises(DataError, match=message):
        datasets.load("msu_mfsd", small, skip_bad=True)


def test_another_folder_says_what_was_expected(tmp_path):
    write_msu_lists(tmp_path)
    message = r"expected an MSU-MFSD tree .*; found test_sub_list.txt, train_sub_list.txt$"
    with pytest.raises(DataError, match=message):
        datasets.load("msu_mfsd", tmp_path)
