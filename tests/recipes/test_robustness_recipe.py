"""The recipe that measures robustness, as a user starts it."""

import json
from pathlib import Path

import pytest
from scripts import run_here

RECIPE = Path(__file__).parents[2] / "recipes" / "robustness.py"


@pytest.fixture(scope="module")
def model_file(make_despoofer, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model.keras"
    make_despoofer().save(path)
    return path


@pytest.fixture(scope="module")
def finished(small_set, model_file, tmp_path_factory):
    """Command line and folder of a measurement of a model, twice under different names."""
    folder = tmp_path_factory.mktemp("robustness")
    other = folder / "other.keras"
    other.write_bytes(model_file.read_bytes())
    command = [RECIPE, model_file, other, "--data-root", small_set, "--output", folder / "out"]
    command += ["--frames", 1, "--families", "shift", "darken", "--processes", 1]
    code, output, errors = run_here(*command, DESPOOF_KERAS_CACHE=str(folder / "cache"))
    assert code == 0, errors
    return command, folder, output


def test_it_leaves_figures_of_each_model(finished):
    _, folder, output = finished
    models = json.loads((folder / "out" / "robustness.json").read_text())["models"]
    assert len(models) == 2
    first, second = models.values()
    for rate in ("bpcer", "apcer", "mean_score_attack"):
        assert first["baseline"][rate] == second["baseline"][rate]
    assert first["conditions"] == second["conditions"]
    labels = [row["label"] for row in first["conditions"]]
    assert labels == ["5 %", "10 %", "20 %", "50 %", "25 %", "10 %"]
    assert "Face box shifted" in output
    assert [path.name for path in (folder / "out").glob(".*")] == []


def test_finished_work_is_shown_again_and_not_overwritten(finished):
    command, folder, output = finished
    code, _, errors = run_here(*command, DESPOOF_KERAS_CACHE=str(folder / "cache"))
    assert code == 1
    assert "pass --resume" in errors.splitlines()[-1]
    code, again, errors = run_here(*command, "--resume", DESPOOF_KERAS_CACHE=str(folder / "cache"))
    assert (code, again) == (0, output), errors


def test_wrong_arguments_are_named_in_one_line(small_set, model_file, tmp_path):
    command = [RECIPE, model_file, "--data-root", small_set, "--output", tmp_path / "out"]
    for wrong, text in (
        (["--frames", 0], "frames of each video: expected at least 1; received 0"),
        (["--videos", 0], "videos: expected a positive number; received 0"),
        (["--protocol", 9], "protocol"),
    ):
        code, _, errors = run_here(*command, *wrong, DESPOOF_KERAS_CACHE=str(tmp_path / "cache"))
        assert code == 1
        assert text in errors.splitlines()[-1]
    assert not (tmp_path / "out" / "robustness.json").exists()
