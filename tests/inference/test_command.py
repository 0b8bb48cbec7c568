"""The lines of `despoof score`, without a network."""

import io
import json

import numpy as np
import pytest
from PIL import Image
from scoring import brightness_model, write_clip

from despoof_keras.cli import parse_arguments
from despoof_keras.errors import DataError
from despoof_keras.inference.command import Parts, printable, run_score, table_line
from despoof_keras.inference.records import ScoreRecord


@pytest.fixture
def folder(tmp_path, astronaut):
    Image.fromarray(astronaut).save(tmp_path / "face.png")
    Image.fromarray(np.full((64, 64, 3), 90, np.uint8)).save(tmp_path / "wall.png")
    return tmp_path


@pytest.fixture
def score(finder, capsys):
    """Function from arguments to whether all were scored, standard output and standard error."""

    def run(*arguments, model=None):
        _, options = parse_arguments(["score", "--model", "m.keras", *map(str, arguments)])
        all_ok = run_score(options, Parts(model or brightness_model(), finder, None))
        return all_ok, *capsys.readouterr()

    return run


def test_a_line_of_json_for_each_outcome_and_the_pace(score, folder):
    all_ok, output, errors = score(folder, "--json")
    face, wall = (json.loads(line) for line in output.splitlines())
    assert not all_ok
    assert (face["status"], wall["status"]) == ("ok", "no face found")
    (pace,) = errors.splitlines()
    assert pace.startswith("despoof: 2 frames in ")
    assert "bound by: " in pace


def test_a_table_with_a_heading(score, folder):
    all_ok, output, errors = score(folder / "face.png")
    heading, line = output.splitlines()
    assert all_ok
    assert heading.split() == ["score", "decision", "frame", "path"]
    assert line.index(str(folder)) == heading.index("path")
    assert errors == ""


def test_a_model_without_a_threshold_is_noted(score, folder):
    _, output, errors = score(folder / "face.png", model=brightness_model(threshold=None))
    assert "no threshold" in output.splitlines()[1]
    assert "m.keras carries no threshold" in errors


def test_nothing_to_score_is_an_error(score, monkeypatch):
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(DataError, match="list of paths is empty"):
        score("-")


@pytest.mark.parametrize(
    ("record", "cells"),
    [
        (
            ScoreRecord("a b.png", 3, "ok", 0.25, True, 0.1, [1.4, 2.0, 30.0, 40.0]),
            ["0.25", "attack", "3", "a b.png", "face at 1, 2, 30 x 40"],
        ),
        (ScoreRecord("v.avi", None, "ok", 0.25, False, 0.1), ["0.25", "bona fide", "video"]),
        (ScoreRecord("a.png", 0, "no face found"), ["-", "-", "0", "a.png", "no face found"]),
        (
            ScoreRecord("v.ts", None, "ok", 0.25, False, 0.1, note="HDR (PQ), tone-mapped"),
            ["0.25", "bona fide", "v.ts", "HDR (PQ), tone-mapped"],
        ),
        (
            ScoreRecord("v.ts", None, "no frame scored", note="incomplete: 1 of 2 frames decode"),
            ["-", "v.ts", "no frame scored; incomplete: 1 of 2 frames decode"],
        ),
    ],
)
def test_a_table_line_holds_what_is_known(record, cells):
    line = table_line(record)
    for cell in cells:
        assert cell in line
        line = line[line.index(cell) + len(cell) :]


def test_every_text_is_printable_on_one_line():
    assert printable("grün.png") == "grün.png"
    assert printable("two\nlines\x1b[31m") == r"two\nlines\x1b[31m"
    assert printable("\udcff.png") == r"\udcff.png"


def test_other_files_in_a_folder_are_counted_at_the_end_and_are_no_failure(score, folder):
    (folder / "wall.png").unlink()
    for name in ("a.txt", "b.txt", "c.pdf"):
        (folder / name).write_bytes(b"%PDF-1.7" if name == "c.pdf" else b"text")
    all_ok, output, errors = score(folder, "--json")
    assert all_ok
    assert len(output.splitlines()) == 1
    assert errors == "despoof: 3 files were passed over: 2 no image or video (.txt), 1 PDF\n"


def test_a_folder_of_which_nothing_is_scored_is_no_success(score, tmp_path):
    (tmp_path / "notes.txt").write_text("text")
    all_ok, output, errors = score(tmp_path, "--json")
    assert not all_ok
    assert json.loads(output)["status"] == "no images or videos in this folder"
    assert "1 file was passed over" in errors


def test_an_animated_picture_is_scored_frame_by_frame(score, tmp_path, astronaut):
    frames = [Image.fromarray(np.roll(astronaut, 5 * n, axis=1)) for n in range(3)]
    frames[0].save(tmp_path / "a.png", save_all=True, append_images=frames[1:])
    all_ok, output, _ = score(tmp_path, "--json")
    records = [json.loads(line) for line in output.splitlines()]
    assert all_ok
    assert [record["frame"] for record in records] == [0, 1, 2, None]
    scores = [record["spoof_score"] for record in records]
    assert scores[-1] == pytest.approx(np.mean(scores[:-1]))


def test_half_an_animated_picture_is_told(score, tmp_path, astronaut):
    frames = [Image.fromarray(np.roll(astronaut, 5 * n, axis=1)) for n in range(3)]
    path = tmp_path / "a.gif"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    path.write_bytes(path.read_bytes()[:-100])
    all_ok, output, _ = score(path, "--json")
    last = json.loads(output.splitlines()[-1])
    assert not all_ok
    assert (last["frame"], last["note"]) == (None, "incomplete: 2 of 3 frames decode")


@pytest.mark.parametrize(
    ("encoding", "null"), [("utf-16", False), ("utf-8-sig", False), (None, True)]
)
def test_a_list_from_other_programs_is_read(encoding, null, score, folder, monkeypatch):
    path = str(folder / "face.png")
    content = f"{path}\0".encode() if null else f"{path}\r\n".encode(encoding)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
    all_ok, output, _ = score("-", "--json", *(["--null"] if null else []))
    assert all_ok
    assert json.loads(output)["path"] == path


def test_an_incomplete_video_has_its_score_and_yet_not_everything_was_scored(
    score, astronaut, tmp_path
):
    path = tmp_path / "tail.avi"
    write_clip(path, astronaut, 6)
    assert score(path)[0]
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    all_ok, output, _ = score(path, "--json")
    video = json.loads(output.splitlines()[-1])
    assert not all_ok
    assert (video["status"], video["is_complete"]) == ("ok", False)
    assert video["spoof_score"] is not None
    assert video["note"].startswith("incomplete: ")
    assert video["note"].endswith(" of 6 frames decode")
