"""`despoof data simulate`: attacks as files, which training reads like any others."""

import csv
import shutil

import cv2
import numpy as np
import pytest

from despoof_keras.cli import main
from despoof_keras.datasets import load
from despoof_keras.datasets.eye_files import read_eyes
from despoof_keras.datasets.manifest import list_files
from despoof_keras.datasets.simulate.clips import MOST_PIXELS, _of_size
from despoof_keras.utils.frames import read_media_frames

EYES = "210 110 250 112"


@pytest.fixture(scope="module")
def faces(tmp_path_factory, small_set, astronaut):
    """A manifest of two bona fide pictures, a video and an attack."""
    folder = tmp_path_factory.mktemp("faces")
    for number, name in enumerate(("ann", "ben")):
        # No two files are the same.
        cv2.imwrite(str(folder / f"{name}.png"), astronaut[..., ::-1] // (1 + number))
    stem = "1_1_01_1"
    for suffix in (".avi", ".txt"):
        shutil.copy(small_set / "Train_files" / f"{stem}{suffix}", folder)
    rows = [f"{name}.png,bona_fide,,{name},{EYES}" for name in ("ann", "ben")]
    shutil.copy(folder / f"{stem}.avi", folder / "attack.avi")
    rows += [f"{stem}.avi,bona_fide,,cid,{stem}.txt", f"attack.avi,attack,print,cid,{stem}.txt"]
    (folder / "list.csv").write_text("\n".join(["path,label,pai,subject,eyes", *rows]))
    return folder


@pytest.fixture
def simulate(capsys, monkeypatch, tmp_path):
    """Function from a folder, an output and options to `(exit code, output, errors)`."""
    monkeypatch.setenv("DESPOOF_KERAS_CACHE", str(tmp_path / "cache"))

    def run(faces, output, *options):
        where = ("--dataset", "manifest", str(faces / "list.csv"), "--output", str(output))
        code = main(["data", "simulate", *where, *options])
        return code, *capsys.readouterr()

    return run


def pictures(path):
    return [frame for _, frame in read_media_frames(path)]


def test_pictures_become_pictures_and_videos_videos_with_eyes(simulate, faces, tmp_path):
    code, output, errors = simulate(faces, tmp_path / "out")
    assert code == 0, errors
    assert "6 simulated attacks, of 3 files" in output
    rows = list(csv.DictReader((tmp_path / "out" / "manifest.csv").open()))
    assert sorted(row["pai"] for row in rows) == ["simulated_print"] * 3 + ["simulated_replay"] * 3
    samples = list_files(tmp_path / "out" / "manifest.csv")
    assert [sample.subject for sample in samples] == ["ann", "ann", "ben", "ben", "cid", "cid"]
    for sample in samples:
        frames, eyes = pictures(sample.path), read_eyes(sample.eye_path)
        assert len(frames) == len(eyes) == (2 if sample.subject == "cid" else 1)
        if sample.subject != "cid":
            # The face lies where it was, but for a medium that is held askew.
            before = [float(x) for x in EYES.split()]
            np.testing.assert_allclose(eyes[0], before, atol=12)
    same = {sample.path.name: pictures(sample.path)[0] for sample in samples}
    assert len({frame.tobytes() for frame in same.values()}) == len(samples)
    source = pictures(faces / "1_1_01_1.avi")
    shown = next(each for each in samples if each.subject == "cid" and each.pai.endswith("replay"))
    assert pictures(shown.path)[0].shape == source[0].shape


def test_a_printed_clip_is_one_photograph_that_a_hand_moves(simulate, faces, tmp_path):
    simulate(faces, tmp_path / "out", "--kind", "print", "--count", "1")
    path = tmp_path / "out" / "attack" / "simulated_print" / "cid__1_1_01_1.avi-0.mov"
    first, second = (frame.astype(float).mean(axis=2) for frame in pictures(path))
    shift, _ = cv2.phaseCorrelate(first, second)
    assert 0 < np.hypot(*shift) < 3
    eyes = read_eyes(tmp_path / "out" / "eyes" / "cid__1_1_01_1.avi-0.txt")
    np.testing.assert_allclose(np.subtract(eyes[1], eyes[0])[:2], shift, atol=1)


def test_what_is_there_stays_and_the_same_seed_makes_the_same(simulate, faces, tmp_path):
    simulate(faces, tmp_path / "one")
    made = sorted((tmp_path / "one").rglob("*.*"))
    times = [path.stat().st_mtime_ns for path in made if path.name != "manifest.csv"]
    (tmp_path / "one" / "eyes" / "ann__ann.png-0.txt").unlink()
    simulate(faces, tmp_path / "one")
    again = [path.stat().st_mtime_ns for path in made if path.name != "manifest.csv"]
    assert sum(one != other for one, other in zip(times, again, strict=True)) == 2
    simulate(faces, tmp_path / "two", "--processes", "2")
    for path in made:
        other = tmp_path / "two" / path.relative_to(tmp_path / "one")
        assert path.read_bytes() == other.read_bytes()
    code, _, errors = simulate(faces, tmp_path / "one", "--seed", "1")
    assert code == 1
    assert "made with seed 1; it holds some with 0; pass another --output" in errors
    simulate(faces, tmp_path / "three", "--seed", "1", "--border")
    name = "attack/simulated_print/ann__ann.png-0.png"
    assert (tmp_path / "three" / name).read_bytes() != (tmp_path / "one" / name).read_bytes()


def test_what_cannot_be_used_is_told_or_left_out(simulate, faces, tmp_path, caplog):
    copy = shutil.copytree(faces, tmp_path / "faces")
    (copy / "1_1_01_1.avi").write_bytes((copy / "1_1_01_1.avi").read_bytes()[:3000])
    code, _, errors = simulate(copy, tmp_path / "out")
    assert code == 1
    assert "1_1_01_1.avi" in errors
    assert not (tmp_path / "out" / "manifest.csv").exists()
    code, output, errors = simulate(copy, tmp_path / "out", "--skip-bad")
    assert code == 0
    assert "left out: " in caplog.text
    assert "4 simulated attacks" in output
    assert not list((tmp_path / "out").rglob("*.mov"))
    code, _, errors = simulate(copy, tmp_path / "out", "--count", "0")
    assert code == 1
    assert "--count: expected at least 1" in errors


def test_simulated_clips_are_attacks_to_train_with(simulate, faces, tmp_path):
    simulate(faces, tmp_path / "faces")
    lines = (faces / "list.csv").read_text().splitlines()[:-1]  # all but the attack
    own = (tmp_path / "faces" / "manifest.csv").read_text().splitlines()
    for name in (*faces.glob("*.png"), *faces.glob("1_1*")):
        shutil.copy(name, tmp_path / "faces")
    (tmp_path / "faces" / "all.csv").write_text("\n".join([*lines, *own[1:]]))
    splits = load("manifest", tmp_path / "faces" / "all.csv")
    assert {sample.pai for own in splits.values() for sample in own} == {
        "bona_fide",
        "simulated_print",
        "simulated_replay",
    }


def test_files_of_the_same_name_do_not_take_each_others_place(simulate, astronaut, tmp_path):
    faces = tmp_path / "faces"
    faces.mkdir()
    rows = []
    for number, name in enumerate(("a b.png", "a_b.png", "A_B.png", "a_b.jpg")):
        cv2.imwrite(str(faces / name), astronaut[..., ::-1] // (1 + number))
        rows.append(f"{name},bona_fide,,ann,{EYES}")
    (faces / "list.csv").write_text("\n".join(["path,label,pai,subject,eyes", *rows]))
    simulate(faces, tmp_path / "out", "--count", "1")
    samples = list_files(tmp_path / "out" / "manifest.csv")
    assert len({sample.path.name.lower() for sample in samples}) == 4
    assert len({sample.path.read_bytes() for sample in samples}) == 4
    assert all(sample.path.is_file() for sample in samples)


def test_a_large_picture_is_reduced_with_its_eyes(astronaut):
    large = cv2.resize(astronaut, (2401, 2401), interpolation=cv2.INTER_LINEAR)
    frame, eyes = _of_size(large, np.array([1000.0, 500.0, 1200.0, 510.0]))
    assert frame.shape[0] % 2 == frame.shape[1] % 2 == 0
    assert frame.size <= 3 * MOST_PIXELS
    scale = frame.shape[0] / 2401
    np.testing.assert_allclose(eyes, np.array([[1000, 500], [1200, 510]]) * scale, rtol=1e-3)
