"""The comparison as a user starts it: interrupted, resumed, and with other settings or data."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from recipe_runs import PATIENCE, SMALL, SMALL_NETWORKS, wait_for
from scripts import run_here

from despoof_keras.errors import TrainingError
from despoof_keras.training.comparison.adapters import Baseline
from despoof_keras.training.comparison.baselines import BASELINES, BaselineRow

RECIPE = Path(__file__).parents[2] / "recipes" / "compare.py"
ROWS = ("full", "lbp_svm", "statistics", "depth_alone")
# There once a network has trained for the first of two epochs.
KEPT = "depth_alone/p1/checkpoints/epoch-0001.keras"
COMMAND = ("--data-root", "set", "--config", "compared.json", "--protocols", "1")


def start(workplace, *arguments):
    """Starts the recipe with networks of a layer or two, in a process of its own."""
    return subprocess.Popen(
        [sys.executable, str(SMALL_NETWORKS), str(RECIPE), *COMMAND, *arguments],
        env={**os.environ, "DESPOOF_KERAS_CACHE": str(workplace / "cache")},
        cwd=workplace,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def run(workplace, *arguments):
    """Runs a command that trains nothing, or is refused, in the tests' own process."""
    cache = str(workplace / "cache")
    code, output, errors = run_here(
        RECIPE, *COMMAND, *arguments, folder=workplace, DESPOOF_KERAS_CACHE=cache
    )
    assert "Traceback" not in errors
    return code, output, errors


@pytest.fixture(scope="module")
def compared(workplace):
    """The folder of a comparison that was killed and resumed, and the output."""
    settings = {**SMALL, "epochs": 2, "steps_per_epoch": 6}
    (workplace / "compared.json").write_text(json.dumps(settings))
    arguments = ("--output", "compared", "--resume", "--rows", *ROWS)
    process = start(workplace, *arguments)
    wait_for(workplace / "compared" / KEPT, process)
    process.kill()
    process.communicate(timeout=PATIENCE)
    process = start(workplace, *arguments)
    text, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    # What was finished is not repeated, nor is the first epoch of what was not.
    assert "full, p1: begins" not in errors
    assert "lbp_svm, p1: begins" not in errors
    assert "training depth_net alone, after epoch 1 of 2" in errors
    return workplace / "compared", text[text.index("Data: ") :]


@pytest.mark.slow
def test_it_leaves_a_table_of_all_systems(compared):
    folder, text = compared
    results = json.loads((folder / "comparison.json").read_text())
    assert results["protocols"] == {"1": []}
    assert results["failed"] == {}
    scores = ("score_noise", "score_zero_one_map", "score_depth", "score_fusion")
    assert list(results["rows"]) == ["full", *scores, *ROWS[1:]]
    full = json.loads((folder / "full" / "p1" / "results.json").read_text())
    best = full["best_score"]
    for name, row in results["rows"].items():
        figures = row["protocols"]["1"]
        assert figures["acer"] == (figures["apcer"] + figures["bpcer"]) / 2
        assert ("difference" in figures) == (name != "full")
        assert row["changes"] == {}
    for name, score in (("full", best), *((f"score_{name}", name) for name in full["scores"])):
        assert results["rows"][name]["protocols"]["1"]["score"] == score
        assert results["rows"][name]["protocols"]["1"]["acer"] == full["scores"][score]["acer"]
    table = (folder / "comparison.md").read_text()
    for row in results["rows"].values():
        assert f"| {row['title']} |" in table
        assert row["title"] in text
    assert max(map(len, text.splitlines())) <= 140


@pytest.mark.slow
def test_a_finished_comparison_is_not_repeated(workplace, compared):
    folder, text = compared
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.csv")}
    code, output, errors = run(workplace, "--output", "compared", "--resume", "--rows", *ROWS)
    assert code == 0, errors
    assert output.splitlines() == text.splitlines()
    assert "begins" not in errors
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.csv")} == before
    # The full run of one comparison serves another.
    arguments = ("--output", "other", "--full", folder / "full", "--rows", "statistics")
    code, output, errors = run(workplace, *arguments)
    assert code == 0, errors
    other = json.loads((workplace / "other" / "comparison.json").read_text())["rows"]
    ours = json.loads((folder / "comparison.json").read_text())["rows"]
    assert other == {name: ours[name] for name in other}
    assert "statistics" in other
    assert "full" in other


@pytest.mark.slow
def test_other_settings_or_data_are_refused(workplace, compared):
    folder, _ = compared
    arguments = ("--output", "compared", "--rows", "statistics")

    def refused(*further):
        code, _, errors = run(workplace, *arguments, *further)
        assert code == 1
        return errors.splitlines()[-1]

    assert "compared: holds a comparison already; pass --resume" in refused()
    assert "config differ" in refused("--resume", "--epochs", "1")
    assert "seed differ" in refused("--resume", "--seed", "1")
    shutil.copytree(workplace / "set", workplace / "changed", symlinks=False)
    video = next((workplace / "changed" / "Test_files").glob("*_3_*_1.avi"))
    video.write_bytes(video.read_bytes() + b"\0")
    # A run that is only compared with counts as well.
    line = refused("--resume", "--data-root", "changed", "--rows", "colour_lbp_svm")
    assert "expected the data that the run was begun with; test: " in line
    assert video.stem in line
    # So does that of another command.
    others = ("--full", str(folder / "full"), "--epochs", "1", "--output", "third")
    assert "full/p1: expected the settings" in refused(*others)
    assert "finished runs" in refused("--full", str(folder), "--output", "third")
    assert not (workplace / "third" / "statistics").exists()


class Diverging(Baseline):
    def fit(self, train, dev):
        raise TrainingError("training stopped in [epoch] 2")

    def scores(self, crops):
        raise AssertionError("it was not fitted")


class Counting(Baseline):
    def fit(self, train, dev):
        pass

    def scores(self, crops):
        return np.arange(sum(crops.counts.values()))


def test_a_training_that_diverges_is_told_and_the_others_go_on(workplace, monkeypatch):
    (workplace / "compared.json").write_text(json.dumps(SMALL))
    monkeypatch.setitem(BASELINES, "diverging", BaselineRow("Of a test", Diverging))
    told = "Not finished: diverging, p1: training stopped in [epoch] 2"
    table = workplace / "diverged" / "comparison.md"
    # It stays told where a later command does not repeat it.
    for rows in (("diverging", "statistics"), ("statistics",)):
        code, output, errors = run(workplace, "--output", "diverged", "--resume", "--rows", *rows)
        assert code == 0, errors
        assert told in output
        assert f"- {told}" in table.read_text()
        assert list(json.loads(table.with_suffix(".json").read_text())["rows"]) == ["statistics"]
    monkeypatch.setattr(Diverging, "fit", lambda self, train, dev: None)
    monkeypatch.setattr(
        Diverging, "scores", lambda self, crops: np.arange(sum(crops.counts.values()))
    )
    code, output, errors = run(workplace, "--output", "diverged", "--resume", "--rows", "diverging")
    assert code == 0, errors
    assert "Not finished" not in output + table.read_text()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--rows", "lpb"), "--rows: expected names among baselines, ablations, full"),
        (("--rows", "attack_depth_zero"), "attack_depth_zero: expected a change"),
        (("--protocols", "3", "--folds", "7"), "--folds: expected some of 1, 2, 3, 4, 5, 6 for"),
        (("--protocols", "7"), "--protocols: expected some of 1, 2, 3, 4"),
        (("--config", "nonsense"), "nonsense"),
        (("--image-size", "50"), "image_size"),
        (("--full", "missing"), "--full: expected a folder with finished runs"),
        (("--data-root", "missing"), "Train_files"),
    ],
)
def test_a_mistake_is_one_line_that_names_it_and_leaves_nothing(arguments, expected, workplace):
    (workplace / "compared.json").write_text(json.dumps(SMALL))
    code, _, errors = run(workplace, "--output", "nothing", *arguments)
    assert code == 1
    assert expected in errors.splitlines()[-1]
    assert not (workplace / "nothing" / "settings.json").exists()
