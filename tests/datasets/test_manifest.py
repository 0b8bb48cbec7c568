"""A manifest of one's own: columns, spellings of files, and errors that name file and row."""

import codecs
import os
import zlib

import numpy as np
import pytest
from media_files import write_video
from PIL import Image

from despoof_keras.datasets import Data, load
from despoof_keras.datasets.crops import CropSettings
from despoof_keras.datasets.eye_files import read_eyes, write_eyes
from despoof_keras.datasets.fingerprint import describe
from despoof_keras.datasets.prepare import prepare_data
from despoof_keras.datasets.samples import SPLITS
from despoof_keras.errors import DataError

HEADER = "path,label,pai,subject,split"
SUBJECTS = {"ada": "train", "ben": "dev", "cleo": "test"}


def write_picture(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    shade = zlib.crc32(path.name.encode())
    Image.new("RGB", (8, 6), (shade >> 16 & 255, shade >> 8 & 255, shade & 255)).save(path, "PNG")


@pytest.fixture
def rows(tmp_path):
    """Rows of two pictures of each subject, which are there."""
    made = []
    for name, split in SUBJECTS.items():
        for label, pai in (("bona_fide", ""), ("attack", "print_1")):
            write_picture(tmp_path / "faces" / f"{name}-{label}.png")
            made.append(f"faces/{name}-{label}.png,{label},{pai},{name},{split}")
    return made


@pytest.fixture
def write(tmp_path):
    """Function from rows to a manifest."""

    def write(rows, header=HEADER, end="\n", encoding="utf-8", start=""):
        path = tmp_path / "own.csv"
        text = end.join([header, *rows]) + end
        path.write_bytes(start.encode() + text.encode(encoding))
        return path

    return write


def facts(splits):
    return {
        split: [(own.key, own.pai, own.subject, own.groups) for own in splits[split]]
        for split in SPLITS
    }


def test_rows_become_samples(rows, write, tmp_path):
    splits = load("manifest", write(rows))
    assert facts(splits)["dev"] == [
        ("faces/ben-bona_fide.png", "bona_fide", "ben", ()),
        ("faces/ben-attack.png", "print_1", "ben", ()),
    ]
    assert [sample.path for sample in splits["test"]] == [
        tmp_path / "faces" / "cleo-bona_fide.png",
        tmp_path / "faces" / "cleo-attack.png",
    ]


@pytest.mark.parametrize(
    ("delimiter", "end", "encoding", "start"),
    [
        (";", "\r\n", "utf-8-sig", ""),
        ("\t", "\n", "utf-16", ""),
        (",", "\r", "utf-8", ""),
        (",", "\r\n\r\n", "utf-8", "\ufeff"),
        (" ; ", "\n", "utf-8", ""),
    ],
)
def test_spellings_of_csv(delimiter, end, encoding, start, rows, write):
    expected = facts(load("manifest", write(rows)))
    rows = [row.replace(",", delimiter) for row in rows]
    header = HEADER.replace(",", delimiter).title()
    assert facts(load("manifest", write(rows, header, end, encoding, start))) == expected


def test_quoted_names_and_empty_fields_at_the_end(rows, write, tmp_path):
    write_picture(tmp_path / "faces" / 'a, "b".png')
    rows = [f"{row},,," for row in rows]
    rows.append('"faces/a, ""b"".png",attack,print_1,"Ada",train')
    splits = load("manifest", write(rows, f"{HEADER},,"))
    assert splits["train"][-1].path.name == 'a, "b".png'
    assert splits["train"][-1].subject == "ada"


def test_paths_of_windows_and_outside_of_the_folder(rows, write, tmp_path):
    inner = tmp_path / "lists"
    inner.mkdir()
    other = tmp_path / "other" / "faces" / "ada-bona_fide.png"
    other.parent.mkdir(parents=True)
    Image.new("RGB", (4, 4)).save(other)
    rows = [row.replace("faces/", "..\\faces\\") for row in rows]
    rows.append(f"{other},bona_fide,,ada,train")
    rows.append("../other/../other/faces/./ada-2.png,bona_fide,,ada,train")
    Image.new("RGB", (5, 5)).save(other.with_name("ada-2.png"))
    path = write(rows).rename(inner / "own.csv")
    keys = [sample.key for sample in load("manifest", path)["train"]]
    assert keys[0] == "faces/ada-bona_fide.png"
    assert keys[-1] == "other/other/faces/ada-2.png"
    assert all(not key.startswith("/") and ".." not in key for key in keys)


def test_keys_are_unique(rows, write, tmp_path):
    write_picture(tmp_path.parent / f"{tmp_path.name}-2" / "faces" / "x.png")
    inner = tmp_path / "in"
    inner.mkdir()
    rows = [row.replace("faces/", "../faces/") for row in rows]
    for place, shade in ((tmp_path / "faces", 3), (inner / "faces", 4)):
        place.mkdir(exist_ok=True)
        Image.new("RGB", (9, 9), (shade, 0, 0)).save(place / "x.png")
    rows += [f"{folder}faces/x.png,bona_fide,,ada,train" for folder in ("../", "")]
    path = write(rows).rename(inner / "own.csv")
    keys = [sample.key for sample in load("manifest", path)["train"]]
    assert keys[-2:] == ["faces/x.png", "faces/x.png~2"]


def test_further_columns_are_groups(rows, write):
    rows = [f"{row},{place % 2 and 'dark'},s{place},{place}" for place, row in enumerate(rows)]
    splits = load("manifest", write(rows, f"{HEADER},Skin tone,session,lens"))
    first, second = splits["train"]
    assert first.groups == (("skin_tone", "0"), ("lens", "0"))
    assert second.groups == (("skin_tone", "dark"), ("lens", "1"))
    assert (first.session, first.phone) == ("s0", None)


@pytest.mark.parametrize(
    ("label", "pai", "expected"),
    [
        ("bona_fide", "", "bona_fide"),
        ("Bona Fide", "bona-fide", "bona_fide"),
        ("live", "real", "bona_fide"),
        ("0", "", "bona_fide"),
        ("attack", "Print A4", "print_a4"),
        ("spoof", "replay_2", "replay_2"),
        ("1", "mask", "mask"),
    ],
)
def test_labels(label, pai, expected, rows, write):
    path, _, _, *rest = rows[0].split(",")
    rows = [*rows[1:], ",".join([path, label, pai, *rest])]
    if expected != "bona_fide":
        rows.append(rows[1].replace("ben", "ada").replace("dev", "train"))
        with pytest.raises(DataError, match="found 0 and 2"):
            load("manifest", write(rows[:-1]))
        return
    splits = load("manifest", write(rows))
    assert [sample.pai for sample in splits["train"]] == ["print_1", expected]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("bona_fide,,ben", "maybe,,ben", "label: expected bona_fide or attack; found maybe"),
        ("bona_fide,,ben", "1,,ben", "expected label and pai to agree"),
        ("bona_fide,,ben", "bona_fide,print,ben", "expected label and pai to agree"),
        ("bona_fide,,ben", "attack,4k,ben", "pai: expected bona_fide or an attack's species"),
        ("bona_fide,,ben", "bona_fide,, ", "expected a subject; it is empty"),
        ("ben,dev", "ben,val", "split: expected train, dev, test; found val"),
        ("ben,dev", "ben", r"expected 5 fields \(path, label, .*found 4"),
        ("ben,dev", "ben,dev,more", "expected 5 fields .*found 6"),
        ("ben-bona", "none", "faces/none_fide.png: expected a picture or video; found no such"),
        ("faces/ben-bona_fide.png", "own.csv", "own.csv: expected a picture or video; no known"),
        ("faces/ben-bona_fide.png", "faces", "faces: expected a picture or video; it is a folder"),
        ("faces/ben-bona_fide.png", "", "expected a path; it is empty"),
        ("faces/ben-bona_fide.png", 300 * "x", "xxx.*: expected a file; File name too long"),
        ("faces/ben-bona", "faces/ada-bona", "expected each file once; .* is in line 2"),
    ],
)
def test_a_wrong_row_is_named_and_may_be_left_out(old, new, reason, rows, write, tmp_path):
    extra = "faces/more.png,bona_fide,,ben,dev"
    write_picture(tmp_path / "faces" / "more.png")
    rows = [*rows, extra]
    (place,) = [place for place, row in enumerate(rows) if old in row and "attack" not in row][:1]
    rows[place] = rows[place].replace(old, new)
    path = write(rows)
    with pytest.raises(DataError, match=rf"own\.csv:{place + 2}: {reason}.*--skip-bad leaves it"):
        load("manifest", path)
    splits = load("manifest", path, skip_bad=True)
    (left,) = splits.left_out
    assert left.name == f"{path}:{place + 2}"
    assert sum(map(len, splits.values())) == 6


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("path,label,subject,split", r"own\.csv:1: expected the columns path, label, pai, subject"),
        (f"{HEADER},frame", r"own\.csv:1: expected columns with names of their own"),
        (f"{HEADER},split", r"own\.csv:1: expected columns with names of their own"),
        ("", r"own\.csv:1: expected the columns .* found faces"),
    ],
)
def test_a_wrong_header_is_named(header, reason, rows, write):
    with pytest.raises(DataError, match=reason):
        load("manifest", write([f"{row},1" for row in rows], header))


def test_what_is_no_manifest_is_named(write, tmp_path):
    with pytest.raises(DataError, match="it is a folder"):
        load("manifest", tmp_path)
    with pytest.raises(DataError, match=r"none\.csv: expected a manifest, a CSV file; .*No such"):
        load("manifest", tmp_path / "none.csv")
    with pytest.raises(DataError, match=r"own\.csv:3: expected a manifest in UTF-8; save it"):
        load("manifest", write(["a.png,bona_fide,,ada,train", "\xe9"], encoding="latin-1"))
    with pytest.raises(DataError, match="expected rows with pictures or videos; found none"):
        load("manifest", write([]))
    with pytest.raises(DataError, match=r"own\.csv:3: expected CSV"):
        load("manifest", write(["", '"a.png,bona_fide,,ada,train']))


def test_a_subject_or_a_file_in_two_splits_is_refused(rows, write, tmp_path):
    with pytest.raises(DataError, match="subject ada is in dev and"):
        load("manifest", write([row.replace(",ben,", ",Ada,") for row in rows]), skip_bad=True)
    content = (tmp_path / "faces" / "ada-attack.png").read_bytes()
    (tmp_path / "faces" / "ben-attack.png").write_bytes(content)
    with pytest.raises(DataError, match=r"ben-attack\.png: expected each file in one split"):
        load("manifest", write(rows), skip_bad=True)


def test_without_splits_subjects_are_dealt_out(rows, write, tmp_path):
    plain = [row.rpartition(",")[0] for row in rows]
    splits = load("manifest", write(plain, HEADER.removesuffix(",split")))
    assert {split: splits[split][0].subject for split in SPLITS} == {
        split: name for name, split in SUBJECTS.items()
    }
    others = [row.replace(",dev", ",train") for row in rows]
    splits = load("manifest", write(others))
    assert {split: splits[split][0].subject for split in SPLITS} == {
        "train": "ben",
        "dev": "ada",
        "test": "cleo",
    }


def test_eyes_of_pictures_and_eye_files_are_used(write, tmp_path, astronaut):
    eyes = {0: np.array([203.0, 101.5, 246, 103])}
    rows = []
    for place, (name, split) in enumerate(SUBJECTS.items()):
        for label, pai in (("bona_fide", ""), ("attack", "print")):
            shifted = np.roll(astronaut, 2 * place, axis=1) // (1 + len(pai))
            Image.fromarray(shifted).save(tmp_path / f"{name}{pai}.png")
            rows.append(f"{name}{pai}.png,{label},{pai},{name},{split},203 101.5 246 103")
    write_video(tmp_path / "clip.avi", [astronaut] * 2)
    write_eyes(tmp_path / "clip.txt", eyes)
    rows.append("clip.avi,bona_fide,,ada,train,clip.txt")
    path = write(rows, f"{HEADER},eyes")
    data = Data(path, tmp_path / "cache", name="manifest", processes=1)
    crops = prepare_data(data, data.load()["train"], CropSettings(32, 2, face_depth="generic"))
    assert crops.counts == {0: 2, 1: 1}
    assert len(crops.samples) == 3
    for sample in crops.samples:
        np.testing.assert_array_equal(read_eyes(sample.eye_path)[0], eyes[0])
    assert crops.samples[-1].eye_path == tmp_path / "clip.txt"
    before = describe(data.load()["dev"])
    path.write_bytes(codecs.BOM_UTF8 + path.read_bytes().replace(b"101.5", b"101"))
    assert describe(data.load()["dev"]) != before


@pytest.mark.parametrize(
    ("eyes", "reason"),
    [
        ("203 101 246", "eyes: expected four numbers or an eye file"),
        ("203 101 246 nan", "eyes: expected four numbers or an eye file"),
        ("246 101 203 103", "eyes: expected the subject's right eye"),
        ("none.txt", "found no file none.txt"),
    ],
)
def test_wrong_eyes_are_named(eyes, reason, rows, write):
    rows = [f"{row}," for row in rows]
    rows[1] += eyes
    with pytest.raises(DataError, match=rf"own\.csv:3: .*{reason}"):
        load("manifest", write(rows, f"{HEADER},eyes"))


def test_four_numbers_are_no_eyes_of_a_video(rows, write, tmp_path):
    write_video(tmp_path / "clip.avi", [np.zeros((16, 16, 3), np.uint8)] * 2)
    rows = [*(f"{row}," for row in rows), "clip.avi,attack,print_1,ada,train,1 2 3 4"]
    with pytest.raises(DataError, match=r"own\.csv:8: eyes: expected an eye file, for a video"):
        load("manifest", write(rows, f"{HEADER},eyes"))


def test_a_name_that_is_not_utf8_has_a_key_that_is(rows, write, tmp_path):
    name = os.fsdecode(b"caf\xe9.png")
    write_picture(tmp_path / "ada.png")
    (tmp_path / "ada.png").rename(tmp_path / name)
    for row in rows:
        path = tmp_path / row.split(",")[0]
        target = tmp_path / "own" / ("bona_fide" if "bona" in path.name else "attack/print")
        target.mkdir(parents=True, exist_ok=True)
        path.rename(target / f"{path.stem.split('-')[0]}__1.png")
    (tmp_path / name).rename(tmp_path / "own" / "bona_fide" / f"ada__{name}")
    keys = {sample.key for sample in load("folder", tmp_path / "own")["train"]}
    assert r"bona_fide/ada__caf\udce9.png" in keys
