"""`despoof data check` as a user types it, on data sets that are usable and on others."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
from deadly import DeadlyPath
from fresh_python import json_from
from media_files import write_truncated, write_video
from PIL import Image

from despoof_keras.cli import main
from despoof_keras.datasets import Data, DataSet
from despoof_keras.datasets.check.findings import check_data
from despoof_keras.datasets.data_sets import DATA_SETS

NAMES = ("ada", "ben", "cleo")


@pytest.fixture(scope="module")
def faces(astronaut, tmp_path_factory):
    """Three subjects with a photograph, a clip, a print and a replay each."""
    folder = tmp_path_factory.mktemp("own") / "faces"
    for place, name in enumerate(NAMES):
        # Otherwise the pictures of one subject would look like those of the others.
        picture = astronaut.copy()
        picture[300:, :, place] = 0
        picture[:80, 160 * place : 160 * (place + 1)] = 255
        for pai in ("bona_fide", "attack/print", "attack/replay_1"):
            (folder / pai / name).mkdir(parents=True)
        Image.fromarray(picture).save(folder / "bona_fide" / name / "a.png")
        Image.fromarray(picture // 2).save(folder / "attack" / "print" / name / "b.png")
        for pai, light in (("bona_fide", 1), ("attack/replay_1", 2)):
            write_video(folder / pai / name / "c.avi", [picture[::2, ::2] // light] * 6)
    return folder


@pytest.fixture
def own(faces, tmp_path):
    """A copy to change."""
    return shutil.copytree(faces, tmp_path / "faces")


@pytest.fixture
def check(capsys):
    """Function from arguments to the exit code and what was printed."""

    def check(*arguments):
        code = main(["data", "check", "--processes", "1", *map(str, arguments)])
        out, err = capsys.readouterr()
        return code, out, err

    return check


def test_a_usable_folder_in_one_screen(faces, check):
    code, out, err = check("--dataset", "folder", faces)
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert len(lines) < 24
    assert max(map(len, lines)) < 180
    table = {line.split()[0]: line.split()[1:] for line in lines if line}
    assert table["bona_fide"] == ["2", "2", "2"]
    assert table["print"] == table["replay_1"] == table["subjects"] == ["1", "1", "1"]
    assert "train: ada; dev: ben; test: cleo" in lines
    assert table["files"] == ["6", "pictures,", "6", "videos"]
    assert "512x512 (6), 256x256 (6)" in out
    assert table["faces"][:4] == ["in", "12", "of", "12"]
    assert lines[-2] == "usable"
    assert lines[-1] == f"next: python recipes/train_oulu.py --dataset folder --data-root {faces}"


def test_the_same_as_json(faces, check):
    code, out, _ = check("--dataset", "folder", faces, "--json", "--sample", "4")
    findings = json.loads(out)
    assert code == 0
    assert findings["usable"]
    assert findings["reason"] is None
    assert findings["presentations"]["dev"] == {"bona_fide": 2, "print": 1, "replay_1": 1}
    assert findings["subjects"] == {"train": ["ada"], "dev": ["ben"], "test": ["cleo"]}
    assert findings["frame_rates"] == {"30": 6}
    assert findings["frames"] == {"least": 6, "median": 6, "most": 6}
    assert findings["faces"]["looked_for"] == findings["faces"]["found"] == 4
    assert findings["left_out"] == findings["near_duplicates"] == findings["notes"] == []


def test_what_cannot_be_used_is_listed_and_may_be_left_out(own, check, astronaut):
    write_truncated(own / "bona_fide" / "ada" / "cut.jpg", astronaut)
    wall = np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8)
    Image.fromarray(wall).save(own / "bona_fide" / "ben" / "wall.png")
    (own / "bona_fide" / "lost.png").write_bytes((own / "bona_fide/ada/a.png").read_bytes()[:99])
    (own / "notes.txt").write_text("ours")
    code, out, err = check("--dataset", "folder", own)
    assert (code, err) == (1, "")
    assert "cannot be used: 3" in out
    assert "lost.png: expected a subject" in out
    assert "cut.jpg (train): expected a whole image, it is damaged" in out
    assert "wall.png (dev): expected a face; none was found" in out
    assert "passed over, being no pictures or videos: 1 .txt" in out
    assert out.splitlines()[-1].startswith("not usable: 3 files or lines cannot be used; --skip")
    code, out, _ = check("--dataset", "folder", own, "--skip-bad")
    assert code == 0
    assert out.splitlines()[-1].endswith("--skip-bad")


def test_a_species_that_is_lost_is_no_matter_of_leaving_out(own, check):
    (own / "attack" / "print" / "ben" / "b.png").write_bytes(b"\xff\xd8\xff")
    code, out, _ = check("--dataset", "folder", own, "--skip-bad")
    assert code == 1
    assert "not usable: of dev, no print presentation can be used" in out


def test_near_duplicates_across_splits_are_reported(own, check):
    picture = Image.open(own / "bona_fide" / "ada" / "a.png")
    picture.resize((300, 300)).save(own / "bona_fide" / "cleo" / "again.jpg", quality=50)
    code, out, _ = check("--dataset", "folder", own, "--json", "--sample", 0)
    assert code == 0
    pairs = json.loads(out)["near_duplicates"]
    # The clip shows the same face.
    assert {(pair["first"]["name"], pair["second"]["name"]) for pair in pairs} == {
        (str(own / "bona_fide/ada" / name), str(own / "bona_fide/cleo/again.jpg"))
        for name in ("a.png", "c.avi")
    } | {
        (str(own / "attack" / name), str(own / "bona_fide/cleo/again.jpg"))
        for name in ("print/ada/b.png", "replay_1/ada/c.avi")
    }
    assert {pair["second"]["split"] for pair in pairs} == {"test"}
    _, out, _ = check("--dataset", "folder", own, "--sample", 0)
    assert "near-duplicates: 4" in out
    assert "usable, as far as faces in 0 of 13 presentations tell" in out


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda own: shutil.rmtree(own / "attack"), "expected bona fide presentations and attacks"),
        (lambda own: (own / "bona_fide").rename(own / "live"), "found live"),
        (lambda own: shutil.rmtree(own), "there is no such folder"),
        (
            lambda own: shutil.copy(own / "bona_fide/ada/a.png", own / "bona_fide/ben/same.png"),
            "same.png: expected each file in one split",
        ),
    ],
)
def test_what_is_wrong_as_a_whole_is_the_last_line(spoil, reason, own, check):
    spoil(own)
    code, out, err = check("--dataset", "folder", own)
    assert (code, err) == (1, "")
    assert out.splitlines()[-1].startswith("not usable: ")
    assert reason in out.splitlines()[-1]
    code, out, _ = check("--dataset", "folder", own, "--json")
    assert code == 1
    assert reason in json.loads(out)["reason"]


def test_what_tells_the_classes_apart_without_a_face_is_noted(own, check):
    for name in NAMES:
        (own / "bona_fide" / name / "c.avi").unlink()
    shutil.rmtree(own / "attack" / "print")
    mask = own / "attack" / "mask" / "cleo"
    mask.mkdir(parents=True)
    picture = np.asarray(Image.open(own / "bona_fide" / "cleo" / "a.png"))[::2, ::2] // 3
    write_video(mask / "other.avi", [picture] * 5)
    code, out, _ = check("--dataset", "folder", own, "--json", "--sample", 0)
    notes = json.loads(out)["notes"]
    assert code == 0
    assert notes == [
        "mask: in test, and not in train",
        "bona fide presentations and attacks of train have no media in common (picture; video): a "
        "model may learn these instead of the attacks",
        "bona fide presentations and attacks of train have no resolutions in common (512x512; "
        "256x256): a model may learn these instead of the attacks",
    ]


def test_a_manifest(own, check):
    rows = ["path,label,pai,subject"]
    for path in sorted(own.rglob("*.*")):
        pai = path.parts[-3]
        label = "bona_fide" if pai == "bona_fide" else "attack"
        rows.append(f"{path.relative_to(own)},{label},{pai},{path.parts[-2]}")
    manifest = own / "list.csv"
    manifest.write_text("\n".join(rows))
    code, out, _ = check("--dataset", "manifest", manifest)
    assert code == 0
    assert f"next: python recipes/train_oulu.py --dataset manifest --data-root {manifest}" in out
    manifest.write_text("\n".join([*rows, "none.png,attack,print,ada"]))
    code, out, _ = check("--dataset", "manifest", manifest)
    assert code == 1
    assert f"list.csv:{len(rows) + 1}: none.png: expected a picture or video; found no" in out


def test_any_data_set(small_set, check, tmp_path):
    code, out, _ = check(small_set, "--json", "--sample", 6)
    findings = json.loads(out)
    assert code == 0
    assert findings["data_set"] == "oulu_npu"
    # One subject, two sessions, six phones.
    assert findings["presentations"]["train"]["bona_fide"] == 12
    assert findings["faces"]["found"] == 6
    copy = shutil.copytree(small_set, tmp_path / "set")
    (copy / "Train_files" / "1_1_01_1.txt").unlink()
    code, out, _ = check(copy, "--sample", 0)
    assert code == 1
    assert "1_1_01_1.avi (train): expected an eye file; it is missing" in out
    assert check(copy, "--sample", 0, "--find-eyes")[0] == 0
    code, out, _ = check(small_set, "--protocol", 3, "--fold", 2, "--sample", 0)
    assert code == 0
    assert out.splitlines()[-1].endswith(f"--data-root {small_set} --protocol 3 --fold 2")


def test_the_data_set_need_not_be_named(faces, check, tmp_path):
    for path, name in ((faces, "folder"), (tmp_path / "list.csv", "manifest")):
        (tmp_path / "list.csv").write_text("path\n")
        _, out, _ = check(path, "--json", "--sample", 0)
        assert json.loads(out)["data_set"] == name


def test_a_wrong_option_is_none_of_the_data(faces, check, capsys):
    code, out, err = check("--dataset", "folder", faces, "--protocol", 9)
    assert (code, out) == (1, "")
    assert "protocol: own folder has 1; received '9'" in err
    for arguments in (["--sample", "few"], ["--dataset", "none"]):
        with pytest.raises(SystemExit) as ended:
            main(["data", "check", str(faces), *arguments])
        assert ended.value.code == 2
    capsys.readouterr()


def test_a_file_that_kills_its_reader_is_named(faces, monkeypatch):
    def load_deadly(root, protocol, fold, skip_bad=False):
        splits = DATA_SETS["folder"].load(root, protocol, fold, skip_bad)
        first = splits["train"][0]
        splits["train"][0] = dataclasses.replace(first, path=DeadlyPath(first.path))
        return splits

    monkeypatch.setitem(DATA_SETS, "deadly", DataSet("Deadly", load_deadly, {1: ()}))
    findings = check_data(Data(faces, "", name="deadly", processes=2), 0)
    (left,) = findings["left_out"]
    assert left["name"].endswith("attack/print/ada/b.png")
    assert left["reason"].endswith("the process that reads it is killed")
    assert findings["reason"] == "of train, no print presentation can be used"
    assert sum(findings["media"].values()) == 11


def test_neither_tensorflow_nor_opencv_is_imported(faces):
    loaded = json_from(
        "import contextlib, io, json, sys\n"
        "from despoof_keras.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        f"    code = main(['data', 'check', '--dataset', 'folder', {str(faces)!r}])\n"
        "print(json.dumps([code, sorted(sys.modules)]))"
    )
    assert loaded[0] == 0
    assert not {"tensorflow", "keras", "cv2"} & set(loaded[1])
