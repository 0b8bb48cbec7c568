"""OULU-NPU's layout, lists and rules, on small trees of empty files."""

import itertools
import os
import re

import pytest

from despoof_keras.datasets import VideoSample, oulu_npu
from despoof_keras.datasets.oulu_npu_protocols import list_path, parse_stem
from despoof_keras.errors import DataError

SPLITS = ("train", "dev", "test")
ALL_STEMS = [
    f"{phone}_{session}_{subject:02d}_{file}"
    for phone, session, subject, file in itertools.product(
        range(1, 7), range(1, 4), range(1, 56), range(1, 6)
    )
]
FOLDERS = {"train": "Train_files", "dev": "Dev_files", "test": "Test_files"}


def write_tree(root, nested=False, subjects=(1, 21, 36)):
    """All 90 videos of each of three subjects, as empty files; eyes for bona fide videos only."""
    for subject, name in zip(subjects, FOLDERS.values(), strict=True):
        folder = root / name / name if nested else root / name
        folder.mkdir(parents=True)
        for stem in ALL_STEMS:
            if parse_stem(stem).subject == subject:
                (folder / f"{stem}.avi").touch()
                if stem.endswith("_1"):
                    (folder / f"{stem}.txt").touch()
    return root


def write_lists(root, protocol, fold=None):
    for split, folder in FOLDERS.items():
        stems = sorted(path.stem for path in (root / folder).glob("*.avi"))
        path = root / "Protocols" / list_path(protocol, fold, split)
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = oulu_npu.protocol_lines(stems, protocol, fold, split)
        path.write_text("".join(f"{line}\n" for line in lines))
    return root


@pytest.mark.parametrize(
    ("protocol", "folds", "sizes"),
    [
        (1, [None], (1200, 900, 600)),
        (2, [None], (1080, 810, 1080)),
        (3, range(1, 7), (1500, 1125, 300)),
        (4, range(1, 7), (600, 450, 60)),
    ],
)
def test_rules_give_the_published_sizes(protocol, folds, sizes):
    for fold in folds:
        lists = [oulu_npu.protocol_lines(ALL_STEMS, protocol, fold, split) for split in SPLITS]
        assert tuple(len(lines) for lines in lists) == sizes
        assert len(set(itertools.chain(*lists))) == sum(sizes)


def test_protocol_4_test_lists_hold_only_what_training_has_not():
    train = [parse_stem(stem) for stem in oulu_npu.protocol_stems(ALL_STEMS, 4, 2, "train")]
    test = [parse_stem(stem) for stem in oulu_npu.protocol_stems(ALL_STEMS, 4, 2, "test")]
    assert {name.phone for name in test} == {2}
    assert {name.phone for name in train} == {1, 3, 4, 5, 6}
    assert {name.session for name in test} == {3}
    assert {name.session for name in train} == {1, 2}
    assert {name.file for name in test} == {1, 3, 5}
    assert {name.file for name in train} == {1, 2, 4}


def test_only_test_lists_tell_print_from_replay():
    stems = [f"1_3_36_{file}" for file in range(1, 6)]
    assert oulu_npu.protocol_lines(stems, 1, None, "test") == [
        "+1,1_3_36_1",
        "-1,1_3_36_2",
        "-1,1_3_36_3",
        "-2,1_3_36_4",
        "-2,1_3_36_5",
    ]
    stems = [f"1_1_21_{file}" for file in (1, 2, 5)]
    lines = ["+1,1_1_21_1", "-1,1_1_21_2", "-1,1_1_21_5"]
    assert oulu_npu.protocol_lines(stems, 1, None, "dev") == lines


def test_load_by_rules_fills_the_samples(tmp_path):
    write_tree(tmp_path)
    depth = tmp_path / "Depth_maps" / "Dev_files" / "2_1_21_1.npz"
    depth.parent.mkdir(parents=True)
    depth.touch()
    data = oulu_npu.load(tmp_path, "3", "2")
    assert {split: len(samples) for split, samples in data.items()} == {
        "train": 75,
        "dev": 75,
        "test": 15,
    }
    by_key = {sample.key: sample for sample in data["test"]}
    assert by_key["2_1_36_4"] == VideoSample(
        path=tmp_path / "Test_files" / "2_1_36_4.avi",
        key="2_1_36_4",
        subject=36,
        session=1,
        pai="replay_1",
        phone=2,
    )
    assert (by_key["2_1_36_4"].label, by_key["2_1_36_4"].instrument) == (1, "replay")
    bona_fide = by_key["2_1_36_1"]
    assert (bona_fide.label, bona_fide.instrument, bona_fide.pai) == (0, "bona_fide", "bona_fide")
    assert bona_fide.eye_path == tmp_path / "Test_files" / "2_1_36_1.txt"
    assert bona_fide.depth_path is None
    dev = {sample.key: sample for sample in oulu_npu.load(tmp_path, 3, 1)["dev"]}
    assert dev["2_1_21_1"].depth_path == depth


@pytest.mark.parametrize(("protocol", "fold"), [(1, None), (2, None), (3, 6), (4, 1)])
def test_lists_rules_and_nesting_agree(tmp_path, protocol, fold):
    flat = oulu_npu.load(write_tree(tmp_path / "flat"), protocol, fold)
    nested = oulu_npu.load(write_tree(tmp_path / "nested", nested=True), protocol, fold)
    listed = oulu_npu.load(
        write_lists(write_tree(tmp_path / "listed"), protocol, fold), protocol, fold
    )
    for split in SPLITS:
        keys = [sample.key for sample in flat[split]]
        assert keys
        assert [sample.key for sample in nested[split]] == keys
        assert [sample.key for sample in listed[split]] == keys


def test_a_list_overrules_the_rules(tmp_path):
    write_lists(write_tree(tmp_path), 1)
    path = tmp_path / "Protocols" / "Protocol_1" / "Dev.txt"
    path.write_bytes(b"\xef\xbb\xbf-1,6_2_21_5\r\n\r\n+1, 6_2_21_1 \r\n")
    assert [sample.key for sample in oulu_npu.load(tmp_path, 1)["dev"]] == ["6_2_21_5", "6_2_21_1"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("+1,1_1_21_1\n+1,1_1_21_1", r"Dev.txt:2: 1_1_21_1 is listed twice, first in line 1"),
        ("+1,1_1_22_1", r"Dev.txt:1: 1_1_22_1 is listed, but .*1_1_22_1.avi is missing"),
        ("+1,1_1_01_1", r"Dev.txt:1: 1_1_01_1 is listed, but .*Dev_files.* is missing"),
        ("+1 1_1_21_1", r"Dev.txt:1: expected a label and a video .* found '\+1 1_1_21_1'"),
        ("+1,1_9_21_1", r"Dev.txt:1: 1_9_21_1: expected a video name P_S_UU_F"),
        ("+1,1_1_21_2", r"Dev.txt:1: expected label -1 for 1_1_21_2 \(print_1\).* found \+1"),
        ("-2,1_1_21_4", r"Dev.txt:1: expected label -1 for 1_1_21_4 \(replay_1\).* found -2"),
        ("", r"Dev.txt: expected bona fide .* dev split of protocol 1; found 0 and 0"),
        ("+1,1_1_21_1", r"Dev.txt: expected bona fide .* found 1 and 0"),
        ("-1,1_1_21_2", r"Dev.txt: expected bona fide .* found 0 and 1"),
    ],
)
def test_a_bad_list_is_one_clear_error(tmp_path, line, message):
    write_lists(write_tree(tmp_path), 1)
    (tmp_path / "Protocols" / "Protocol_1" / "Dev.txt").write_text(line)
    with pytest.raises(DataError, match=message) as error:
        oulu_npu.load(tmp_path, 1)
    assert "\n" not in str(error.value)


def test_a_missing_list_names_the_file(tmp_path):
    write_lists(write_tree(tmp_path), 1)
    with pytest.raises(DataError, match=r"Protocol_4/Train_3.txt: expected a protocol list"):
        oulu_npu.load(tmp_path, 4, 3)


@pytest.mark.parametrize(
    ("protocol", "fold", "message"),
    [
        (5, None, "protocol: OULU-NPU has 1, 2, 3 and 4; received 5"),
        ("x", None, "protocol: .* received 'x'"),
        (True, None, "protocol: .* received True"),
        (3, None, "fold: OULU-NPU's protocol 3 needs one of 1 to 6; received None"),
        (4, 7, "fold: .* received 7"),
        (4, 0, "fold: .* received 0"),
        (1, 1, "fold: OULU-NPU's protocol 1 has no folds; received 1"),
    ],
)
def test_unknown_protocols_and_folds(tmp_path, protocol, fold, message):
    with pytest.raises(DataError, match=message):
        oulu_npu.load(tmp_path, protocol, fold)


def test_wrong_folders_say_what_was_expected(tmp_path):
    expected = "expected an OULU-NPU tree with Train_files/, Dev_files/, Test_files/ holding P_S_UU"
    with pytest.raises(DataError, match=f"nowhere: {expected}.* found no such folder"):
        oulu_npu.load(tmp_path / "nowhere", 1)
    with pytest.raises(DataError, match=f"{expected}.* found nothing$"):
        oulu_npu.load(tmp_path, 1)
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(DataError, match=f"{expected}.* found holiday.jpg$"):
        oulu_npu.load(tmp_path, 1)
    write_tree(tmp_path / "tree")
    for path in (tmp_path / "tree" / "Dev_files").iterdir():
        path.unlink()
    with pytest.raises(DataError, match=f"{expected}.* found nothing in Dev_files"):
        oulu_npu.load(tmp_path / "tree", 1)


def test_a_subject_in_the_wrong_split_is_an_error(tmp_path):
    write_tree(tmp_path)
    (tmp_path / "Train_files" / "1_1_36_1.avi").touch()
    message = r"1_1_36_1.avi: expected subjects 01 to 20 in Train_files/, subject 36 belongs to tes"
    with pytest.raises(DataError, match=message):
        oulu_npu.load(tmp_path, 1)


def test_a_foreign_video_is_an_error_but_hidden_files_are_not(tmp_path):
    write_tree(tmp_path)
    (tmp_path / "Train_files" / "._1_1_01_1.avi").touch()
    assert len(oulu_npu.load(tmp_path, 1)["train"]) == 60
    (tmp_path / "Train_files" / "clip.avi").touch()
    with pytest.raises(DataError, match=r"Train_files: clip: expected a video name P_S_UU_F"):
        oulu_npu.load(tmp_path, 1)


def test_a_split_without_attacks_by_the_rules_is_an_error(tmp_path):
    write_tree(tmp_path)
    for path in (tmp_path / "Test_files").glob("*_[2-5].avi"):
        path.unlink()
    with pytest.raises(DataError, match=r"Test_files: expected .* test split.*; found 6 and 0"):
        oulu_npu.load(tmp_path, 1)


@pytest.mark.parametrize("stem", ["7_1_01_1", "1_4_01_1", "1_1_56_1", "1_1_00_1", "1_1_1_1"])
def test_names_out_of_range(stem):
    with pytest.raises(DataError, match=f"{stem}: expected a video name"):
        oulu_npu.protocol_stems([stem], 1, None, "train")


def test_a_misspelt_species_is_no_attack():
    with pytest.raises(DataError, match="received 'bonafide'"):
        VideoSample("a.avi", "a", subject=1, session=1, pai="bonafide")


def stray(root):
    (root / "Train_files" / "1_1_01_1 (1).avi").touch()
    return r"Train_files: 1_1_01_1 \(1\): expected a video name", {}


def not_unicode(root):
    (root / "Train_files" / os.fsdecode(b"1_1_01_1\xff.avi")).touch()
    return r"Train_files: 1_1_01_1\\udcff: expected a video name", {}


def misplaced(root):
    (root / "Dev_files" / "1_1_36_1.avi").touch()
    return r"1_1_36_1.avi: expected subjects 21 to 35", {}


def twice_in_the_folder(root):
    (root / "Dev_files" / "1_1_21_1.AVI").touch()
    return r"1_1_21_1.avi: expected no other video of the name; .*1_1_21_1.AVI has it", {}


def folder_in_the_way(root):
    path = root / "Test_files" / "1_3_36_1.avi"
    path.unlink()
    path.mkdir()
    return r"1_3_36_1.avi: expected a video; it is a folder", {}


def dead_link(root):
    path = root / "Test_files" / "1_3_36_1.avi"
    path.unlink()
    path.symlink_to(root / "nowhere")
    return r"1_3_36_1.avi: expected a video; .* a link without a target", {}


def missing(root):
    (root / "Dev_files" / "1_1_21_1.avi").unlink()
    return r"Dev.txt:1: 1_1_21_1 is listed, but .*1_1_21_1.avi is missing", {}


def listed_twice(root):
    path = root / "Protocols" / "Protocol_1" / "Dev.txt"
    path.write_text("+1,1_1_21_1\n" + path.read_text())
    return r"Dev.txt:2: 1_1_21_1 is listed twice, first in line 1", {}


def no_such_line(root):
    path = root / "Protocols" / "Protocol_1" / "Dev.txt"
    path.write_bytes(b"1_1_21_1\xff\n" + path.read_bytes())
    return r"Dev.txt:1: expected a label and a video .*\\xff", {}


def wrong_label(root):
    path = root / "Protocols" / "Protocol_1" / "Dev.txt"
    path.write_text(path.read_text().replace("+1,1_1_21_1", "-1,1_1_21_1"))
    return r"Dev.txt:1: expected label \+1 for 1_1_21_1", {"dev": -1}


@pytest.mark.parametrize(
    "spoil",
    [
        stray,
        not_unicode,
        misplaced,
        twice_in_the_folder,
        folder_in_the_way,
        dead_link,
        missing,
        listed_twice,
        no_such_line,
        wrong_label,
    ],
)
def test_a_bad_file_or_line_is_one_error_or_left_out_and_counted(spoil, tmp_path, caplog):
    write_lists(write_tree(tmp_path), 1)
    whole = {split: len(samples) for split, samples in oulu_npu.load(tmp_path, 1).items()}
    message, fewer = spoil(tmp_path)
    with pytest.raises(DataError, match=message) as error:
        oulu_npu.load(tmp_path, 1)
    assert "\n" not in str(error.value)
    assert "--skip-bad leaves it out" in str(error.value)
    assert not caplog.records
    samples = oulu_npu.load(tmp_path, 1, skip_bad=True)
    # Those that are listed but missing are among them: whoever reads the videos counts them.
    left = {split: len(samples[split]) - whole[split] for split in SPLITS}
    assert {split: count for split, count in left.items() if count} == fewer
    assert re.search(message, caplog.records[0].getMessage())
    assert caplog.records[-1].getMessage().endswith(": lines or files left out: 1")


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.encode("utf-16"),
        lambda text: text.encode("utf-16-le"),
        lambda text: text.encode("utf-16-be"),
        lambda text: text.encode("utf-32"),
        lambda text: text.replace("\n", "\r\n").encode("utf-16"),
        lambda text: text.replace("\n", "\r").encode(),
        lambda text: text.replace("\n", "\r\n").encode() + b"\r\n\r\n",
    ],
)
def test_a_list_in_any_encoding_and_with_any_line_ends_is_read(encode, tmp_path):
    write_lists(write_tree(tmp_path), 1)
    expected = oulu_npu.load(tmp_path, 1)
    path = tmp_path / "Protocols" / "Protocol_1" / "Dev.txt"
    path.write_bytes(encode(path.read_text()))
    assert oulu_npu.load(tmp_path, 1) == expected


def test_a_nested_folder_is_found_beside_a_stray_video(tmp_path):
    write_tree(tmp_path, nested=True)
    (tmp_path / "Train_files" / "copy.avi").touch()
    assert len(oulu_npu.load(tmp_path, 1)["train"]) == 60


def test_eye_files_with_a_suffix_in_capitals_are_found(tmp_path):
    write_tree(tmp_path)
    path = tmp_path / "Test_files" / "1_3_36_1.txt"
    path = path.rename(path.with_suffix(".TXT"))
    assert path in {sample.eye_path for sample in oulu_npu.load(tmp_path, 1)["test"]}
