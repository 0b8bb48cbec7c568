"""`despoof score` and `despoof info` as a user types them: real files, good and bad."""

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys

import cv2
import numpy as np
import pytest
from media_files import write_huge, write_text, write_truncated, write_video
from PIL import Image
from recipe_runs import PATIENCE

from despoof_keras.cli import main
from despoof_keras.metadata import ModelMetadata

SIZE = 64
FIELDS = ["path", "frame", "status", "spoof_score", "is_attack", "threshold", "box", "eyes"]
FIELDS += ["note", "is_complete"]
FRAMES = 12


@pytest.fixture(scope="module")
def model_path(make_despoofer, tmp_path_factory):
    """A model for 64 x 64 crops with a threshold, untrained: its scores are real outputs."""
    path = tmp_path_factory.mktemp("model") / "model.keras"
    metadata = ModelMetadata(image_size=SIZE, score="noise", threshold=1e-9, threshold_rule="test")
    make_despoofer(SIZE, metadata=metadata).save(path)
    return path


@pytest.fixture(scope="module")
def inputs(astronaut, tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    Image.fromarray(astronaut).save(folder / "face.png")
    grey = cv2.cvtColor(astronaut, cv2.COLOR_RGB2GRAY)
    Image.fromarray(grey).save(folder / "grey.png")
    cv2.imwrite(str(folder / "deep.png"), grey.astype(np.uint16) * 257)
    alpha = np.dstack([astronaut, np.full(grey.shape, 200, np.uint8)])
    Image.fromarray(alpha).save(folder / "alpha.png")
    Image.fromarray(np.full((90, 90, 3), 90, np.uint8)).save(folder / "wall.png")
    Image.fromarray(astronaut[40:200:4, 140:310:4]).save(folder / "tiny.png")
    Image.fromarray(astronaut[:, 205:]).save(folder / "cut.png")
    shifted = [np.roll(astronaut, 3 * n, axis=1) for n in range(FRAMES)]
    write_video(folder / "clip.avi", shifted)
    walls = [np.full((120, 160, 3), 100 + n, np.uint8) for n in range(4)]
    write_video(folder / "walls.avi", walls)
    return folder


@pytest.fixture
def score(model_path, capsys):
    """Function from arguments to `(exit code, records, standard error)`."""

    def run(*arguments, model=model_path):
        code = main(["score", "--model", str(model), "--json", *map(str, arguments)])
        output, errors = capsys.readouterr()
        return code, [json.loads(line) for line in output.splitlines()], errors

    return run


def assert_same_record(record, other):
    """Both say the same, but for what a score's rounding depends on: its place in a batch."""
    assert {**record, "spoof_score": None} == {**other, "spoof_score": None}
    assert record["spoof_score"] == pytest.approx(other["spoof_score"], rel=1e-4)


def test_a_photograph_gets_one_line_with_its_face(score, inputs, model_path):
    from despoof_keras import crop_face, open_model
    from despoof_keras.utils.pictures.images import read_image

    code, (record,), _ = score(inputs / "face.png")
    assert code == 0
    assert list(record) == FIELDS
    assert (record["path"], record["frame"], record["status"]) == (
        str(inputs / "face.png"),
        0,
        "ok",
    )
    np.testing.assert_allclose(record["eyes"], [203, 101, 246, 103], atol=5)
    x, y, width, height = record["box"]
    assert x < 203 < 246 < x + width
    assert y < 101 < y + height
    # The score is the model's for the crop by these eyes (given to a tenth of a pixel).
    crop = crop_face(read_image(inputs / "face.png"), record["eyes"], SIZE)
    expected = float(open_model(model_path).scores(crop[None])[0])
    assert record["spoof_score"] == pytest.approx(expected, rel=0.02)
    assert record["threshold"] == 1e-9
    assert record["is_attack"] is (record["spoof_score"] >= 1e-9)


def test_the_threshold_can_be_given(score, inputs):
    _, (record,), _ = score(inputs / "face.png", "--threshold", "1e9")
    assert (record["threshold"], record["is_attack"]) == (1e9, False)


@pytest.mark.parametrize("name", ["grey", "deep", "alpha"])
def test_grey_sixteen_bit_and_transparent_pictures_are_scored(name, score, inputs):
    code, (record,), _ = score(inputs / f"{name}.png")
    assert (code, record["status"]) == (0, "ok")


@pytest.mark.parametrize(
    ("name", "status"),
    [("wall", "no face found"), ("tiny", "face too small"), ("cut", "face cut by the border")],
)
def test_without_a_usable_face_there_is_a_reason_and_no_score(name, status, score, inputs):
    code, (record,), _ = score(inputs / f"{name}.png")
    assert code == 1
    assert record["status"].startswith(status)
    assert [record[field] for field in FIELDS[3:8]] == [None] * 5


def test_a_video_has_a_line_for_every_frame_and_its_own_at_the_end(score, inputs):
    code, records, errors = score(inputs / "clip.avi")
    assert code == 0
    assert [record["frame"] for record in records] == [*range(FRAMES), None]
    scores = [record["spoof_score"] for record in records]
    assert scores[-1] == pytest.approx(np.mean(scores[:-1]))
    assert records[-1]["box"] is None
    assert records[-1]["is_attack"] is (scores[-1] >= 1e-9)
    # The face moves by three pixels a frame.
    across = [record["eyes"][0] for record in records[:-1]]
    np.testing.assert_allclose(np.diff(across), 3, atol=2)
    assert f"{FRAMES} frames" in errors
    assert "bound by" in errors


def test_frames_can_be_skipped_and_limited(score, inputs):
    _, records, _ = score(inputs / "clip.avi", "--every", "4", "--max-frames", "2")
    assert [record["frame"] for record in records] == [0, 4, None]


def test_a_video_without_a_face_is_not_scored(score, inputs):
    code, records, _ = score(inputs / "walls.avi")
    assert code == 1
    assert [record["status"] for record in records[:-1]] == ["no face found"] * 4
    assert records[-1]["status"] == "no frame scored: no face found (4 of 4 frames)"


def test_all_faces_are_scored_on_demand(score, astronaut, tmp_path):
    half = cv2.resize(astronaut, (300, 300), interpolation=cv2.INTER_AREA)
    pair = np.full((512, 812, 3), 128, np.uint8)
    pair[:300, :300], pair[:, 300:] = half, astronaut
    Image.fromarray(pair).save(tmp_path / "pair.png")
    _, (largest,), _ = score(tmp_path / "pair.png")
    code, both, _ = score(tmp_path / "pair.png", "--all-faces")
    assert code == 0
    assert len(both) == 2
    assert_same_record(both[0], largest)
    assert both[0]["box"][2] > both[1]["box"][2]


def test_a_batch_with_bad_files_goes_on(score, inputs, astronaut, tmp_path):
    write_truncated(tmp_path / "a_cut.jpg", astronaut)
    (tmp_path / "b_empty.jpg").write_bytes(b"")
    write_huge(tmp_path / "c_huge.png", None)
    write_text(tmp_path / "d_text.jpg", None)
    whole = (inputs / "clip.avi").read_bytes()
    (tmp_path / "e_tail.avi").write_bytes(whole[: len(whole) * 2 // 3])
    (tmp_path / "f_text.mp4").write_text("no video")
    for name, good in (("h_locked.png", "face.png"), ("i_locked.avi", "clip.avi")):
        (tmp_path / name).write_bytes((inputs / good).read_bytes())
        (tmp_path / name).chmod(0)
    (tmp_path / "hollow").mkdir()
    Image.fromarray(astronaut).save(tmp_path / "g_good.png")
    code, records, _ = score(tmp_path, tmp_path / "hollow", tmp_path / "missing.jpg", "\0")
    assert code == 1
    last = {record["path"].removeprefix(f"{tmp_path}/"): record for record in records}
    statuses = {name: record["status"] for name, record in last.items()}
    assert "damaged" in statuses["a_cut.jpg"]
    assert "empty" in statuses["b_empty.jpg"]
    assert "megapixels" in statuses["c_huge.png"]
    assert "no known format" in statuses["d_text.jpg"]
    # A part of it was scored, so there is a verdict, and what is missing is said beside it.
    assert statuses["e_tail.avi"] == "ok"
    assert re.fullmatch(r"incomplete: \d of 12 frames decode", last["e_tail.avi"]["note"])
    assert last["e_tail.avi"]["spoof_score"] is not None
    assert not last["e_tail.avi"]["is_complete"]
    assert "video" in statuses["f_text.mp4"]
    assert statuses["g_good.png"] == "ok"
    if os.geteuid():  # root may read everything
        assert "may not be read" in statuses["h_locked.png"]
        assert "may not be read" in statuses["i_locked.avi"]
    assert "NUL" in statuses["\0"]
    assert statuses["hollow"] == "no images or videos in this folder"
    assert "no such file" in statuses["missing.jpg"]
    for name, record in last.items():
        if name[0] not in "eghi" or name == "hollow":
            assert [record[field] for field in FIELDS[3:8]] == [None] * 5, name
            assert str(tmp_path) not in record["status"]
            assert "\n" not in record["status"]
    # One line each.
    singles = [r["path"] for r in records if not r["path"].endswith(".avi")]
    assert len(singles) == len(set(singles))


def test_paths_come_from_standard_input_too(score, inputs, monkeypatch):
    listed = f"{inputs / 'face.png'}\n{inputs / 'grey.png'}\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(listed.encode())))
    code, records, _ = score("-")
    assert code == 0
    assert [record["path"] for record in records] == listed.splitlines()


def test_visuals_are_written_for_every_scored_face(score, inputs, tmp_path):
    score(inputs / "face.png", inputs / "wall.png", "--visuals", tmp_path)
    (only,) = tmp_path.iterdir()
    assert only.name.startswith("face.png-")
    assert only.name.endswith("-00000.png")
    height, width = np.asarray(Image.open(only)).shape[:2]
    assert width > 4 * height  # six panels side by side


def test_a_camera_works_without_a_screen(score, inputs, tmp_path):
    code, records, _ = score(
        "--camera", inputs / "clip.avi", "--max-frames", "3", "--visuals", tmp_path
    )
    assert code == 0
    assert [record["frame"] for record in records] == [0, 1, 2]
    assert all(record["status"] == "ok" for record in records)
    written = sorted(tmp_path.iterdir())
    assert [path.name for path in written] == [f"camera-0000{n}.png" for n in range(3)]
    overlay = np.asarray(Image.open(written[0])).astype(int)
    with_box = records[0]["box"]
    x, y = round(with_box[0]), round(with_box[1] + with_box[3] / 2)
    red = overlay[y, x]
    assert red[0] - red[1] > 100  # the box of an attack is red


def test_a_missing_camera_is_a_usage_error(model_path, capsys, tmp_path):
    code = main(["score", "--model", str(model_path), "--camera", str(tmp_path / "none.avi")])
    assert code == 2
    assert "camera" in capsys.readouterr().err.splitlines()[-1]


def test_the_table_tells_the_same(model_path, inputs, capsys):
    code = main(
        ["score", "--model", str(model_path), str(inputs / "face.png"), str(inputs / "wall.png")]
    )
    output = capsys.readouterr().out
    heading, face, wall = output.splitlines()
    assert code == 1
    assert heading.split() == ["score", "decision", "frame", "path"]
    assert face.split()[1] == "attack"
    assert "face at" in face
    assert "no face found" in wall


def test_a_model_of_another_kind_is_one_line_and_exit_code_2(score, inputs, tmp_path):
    (tmp_path / "text.keras").write_text("no model")
    good = inputs / "face.png"
    for model in (tmp_path / "text.keras", tmp_path / "gone.keras", tmp_path, good):
        code, records, errors = score(inputs / "face.png", model=model)
        assert (code, records) == (2, [])
        assert str(model) in errors
        assert len(errors.splitlines()) == 1


def test_an_empty_list_is_no_success(score, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\n")))
    code, records, errors = score("-")
    assert (code, records) == (2, [])
    assert "empty" in errors


def test_a_folder_for_pictures_that_cannot_be_one_is_told_before_any_work(score, inputs, tmp_path):
    (tmp_path / "file").write_text("in the way")
    for arguments in ((inputs / "face.png",), ("--camera", inputs / "clip.avi")):
        code, records, errors = score(*arguments, "--visuals", tmp_path / "file")
        assert (code, records) == (2, [])
        assert "file: expected a folder to write into" in errors


def test_files_of_one_name_in_two_folders_get_two_pictures(score, inputs, tmp_path):
    for name in ("a/b.png", "a_b.png"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_bytes((inputs / "face.png").read_bytes())
    score(tmp_path / "in", "--visuals", tmp_path / "out")
    assert len(list((tmp_path / "out").iterdir())) == 2


def test_two_videos_in_a_row_have_each_their_own_mean(score, inputs):
    code, records, _ = score(inputs / "clip.avi", inputs / "walls.avi", inputs / "clip.avi")
    assert code == 1
    ends = [record for record in records if record["frame"] is None]
    assert [record["status"] == "ok" for record in ends] == [True, False, True]
    assert_same_record(ends[0], ends[2])


def test_names_stay_on_one_line_in_the_table(model_path, inputs, tmp_path, capsys):
    path = tmp_path / "two\nlines\x1b[31m.png"
    path.write_bytes((inputs / "face.png").read_bytes())
    assert main(["score", "--model", str(model_path), str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert r"two\nlines\x1b[31m.png" in lines[1]


@pytest.mark.slow
@pytest.mark.parametrize("waiting", [True, False])
def test_ctrl_c_ends_at_once_even_where_input_never_comes(waiting, model_path, inputs):
    command = [sys.executable, "-m", "despoof_keras", "score", "--model", model_path, "--json"]
    paths = ["-"] if waiting else [inputs / "clip.avi"] * 200
    process = subprocess.Popen(
        [*command, *paths],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    if waiting:
        process.stdin.write(f"{inputs / 'face.png'}\n")
        process.stdin.flush()
    assert json.loads(process.stdout.readline())["status"] == "ok"
    process.send_signal(signal.SIGINT)
    # Only a hang gets there.
    process.wait(PATIENCE)
    assert process.returncode == 130
    assert process.stderr.read().split() == ["despoof:", "interrupted"]


@pytest.mark.slow
def test_a_reader_that_has_seen_enough_ends_it(model_path, inputs):
    command = [sys.executable, "-m", "despoof_keras", "score", "--model", model_path, "--json"]
    process = subprocess.Popen(
        [*command, *[inputs / "clip.avi"] * 20], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.readline()
    process.stdout.close()
    process.wait(PATIENCE)
    assert b"Traceback" not in process.stderr.read()


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["score", "photo.jpg"],
        ["score", "--model", "m.keras"],
        ["score", "--model", "m.keras", "photo.jpg", "--every", "0"],
        ["score", "--model", "m.keras", "photo.jpg", "--every", "1.5"],
        ["score", "--model", "m.keras", "photo.jpg", "--camera", "0"],
        ["info"],
    ],
)
def test_wrong_usage_is_exit_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_info_tells_what_the_model_carries(model_path, capsys):
    assert main(["info", str(model_path), "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert values["kind"] == "keras"
    assert values["image_size"] == SIZE
    assert values["threshold"] == 1e-9
    assert values["crop"] == {"left": 0.75, "up": 0.825, "side": 2.5}
    assert main(["info", str(model_path)]) == 0
    assert "threshold_rule" in capsys.readouterr().out


@pytest.mark.slow
def test_the_module_runs_as_a_program_and_is_quiet(model_path, inputs):
    command = [sys.executable, "-m", "despoof_keras", "score", "--model", model_path, "--json"]
    done = subprocess.run(
        [*command, inputs / "face.png"], capture_output=True, text=True, check=True, env=os.environ
    )
    assert json.loads(done.stdout)["status"] == "ok"
    assert done.stderr == ""


@pytest.mark.slow
def test_real_photographs_are_scored_as_the_released_graph_scores_them(reference, capsys):
    """By the finder's eyes, which differ from those of the index by some pixels."""
    model = str(reference / "released_weights.npz")
    assert main(["score", "--model", model, "--json", str(reference / "photos")]) == 0
    output, errors = capsys.readouterr()
    assert "on other cameras most live faces lie above it" in " ".join(errors.split())
    records = [json.loads(line) for line in output.splitlines()]
    with open(reference / "photos" / "index.csv", newline="", encoding="utf-8") as file:
        index = {row["file"]: row for row in csv.DictReader(file)}
    assert len(records) == len(index)
    for record in records:
        row = index[os.path.basename(record["path"])]
        assert record["status"] == "ok"
        assert record["spoof_score"] == pytest.approx(float(row["noise_score"]), abs=0.06)
        names = ("x_right_eye", "y_right_eye", "x_left_eye", "y_left_eye")
        eyes = np.array([float(row[name]) for name in names])
        distance = np.hypot(*(eyes[2:] - eyes[:2]))
        assert np.abs(np.array(record["eyes"]) - eyes).max() < 0.15 * distance
