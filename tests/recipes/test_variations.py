"""Variations of a configuration: what each changes, run, gone on with, and its table."""

import json
from pathlib import Path

import pytest
from recipe_runs import PATIENCE, SMALL, SMALL_NETWORKS, start
from scripts import run_here

from despoof_keras.errors import DataError
from despoof_keras.synthesis import write_embedded_set
from despoof_keras.training.config import TrainingConfig
from despoof_keras.training.variations import table
from despoof_keras.training.variations.changes import variations_of

RECIPE = Path(__file__).parents[2] / "recipes" / "variations.py"


def test_rows_are_the_configuration_and_each_change():
    base = TrainingConfig()
    rows = variations_of(
        base,
        [["crop_side=4"], ["loss_weights=paper", "epochs=7"], ['layer_rates={"depth_net": 0}']],
    )
    assert [row.name for row in rows] == [
        "unchanged",
        "crop_side=4",
        "loss_weights=paper epochs=7",
        'layer_rates={"depth_net": 0}',
    ]
    assert rows[0].config == base
    assert (rows[1].config.crop_side, rows[2].config.loss_weights) == (4, "paper")
    assert rows[3].config.layer_rates == {"depth_net": 0}
    folders = [row.folder for row in rows]
    assert folders[:3] == ["unchanged", "crop_side=4", "loss_weights=paper,epochs=7"]
    assert folders[3].startswith("layer_rates=_depth_net_,0_-")
    assert len(set(folders)) == 4


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ([["crop"]], r"--vary crop: expected SETTING=VALUE, SETTING one of image_size, "),
        ([["side=4"]], "--vary side=4: expected SETTING=VALUE"),
        ([["crop_side=-1"]], "--vary crop_side=-1: crop_side: expected a positive number"),
        ([["crop_side=wide"]], "--vary crop_side=wide: crop_side: expected a number"),
        ([["crop_side=2.5"]], "expected other settings than those of unchanged"),
        ([["epochs=7"], ["epochs=7"]], "expected other settings than those of epochs=7"),
    ],
)
def test_a_row_that_says_nothing_is_refused(changes, message):
    with pytest.raises(DataError, match=message):
        variations_of(TrainingConfig(), changes)


def figures(seed, fold, acer, auc, seconds, other):
    return {
        "protocol": "4",
        "fold": fold,
        "seed": seed,
        "acer": acer,
        "auc": auc,
        "training_seconds": seconds,
        "others": {"faces": {"acer": other, "auc": 0.5}},
    }


def test_the_table_has_means_over_folds_and_deviations_over_seeds():
    base = [
        figures(0, 1, 0.1, 0.9, 10, 0.5),
        figures(0, 2, 0.3, 0.7, 10, 0.5),
        figures(1, 1, 0.3, 0.8, 20, 0.3),
        figures(1, 2, 0.5, 0.6, None, 0.3),
    ]
    changed = [figures(0, 1, 0.2, 0.6, 15, 0.4), figures(1, 1, 0.2, 0.6, None, 0.4)]
    results = {
        "data": "faces",
        "rows": {"unchanged": {"runs": base}, "epochs=7": {"runs": changed[:1]}},
        "failed": {"epochs=7/seed1/p4-fold1": "the loss is not finite"},
    }
    head, lines = table.cells(results)
    assert head == [
        "what is changed",
        "protocol 4, ACER",
        "AUC",
        "faces, ACER",
        "AUC",
        "cost",
        "runs",
    ]
    # Seed 0: 20 % over its folds, seed 1: 40 %; their deviation is 10 * sqrt(2).
    assert lines[0] == [
        "unchanged",
        "30.0 ± 14.1",
        "0.750 ± 0.071",
        "40.0 ± 14.1",
        "0.500 ± 0.000",
        "1.00",
        "4",
    ]
    assert lines[1] == ["epochs=7", "20.0", "0.600", "40.0", "0.500", "1.50", "1"]
    results["rows"]["epochs=7"]["runs"] = changed[1:]
    assert table.cells(results)[1][1][-2] == "-"
    text = table.markdown(results)
    assert "| epochs=7 | 20.0 |" in text
    assert "- Not finished: epochs=7/seed1/p4-fold1: the loss is not finite" in text


@pytest.fixture(scope="module")
def workplace(workplace, tmp_path_factory):
    folder = tmp_path_factory.mktemp("variations")
    (folder / "set").symlink_to((workplace / "set").resolve())
    (folder / "small.json").write_text(json.dumps({**SMALL, "epochs": 1, "steps_per_epoch": 3}))
    write_embedded_set(
        "replay_attack",
        folder / "replay",
        subjects=(1, 1, 1),
        frames=2,
        size=(96, 128),
        progress=False,
    )
    return folder


ARGUMENTS = (
    "--data-root",
    "set",
    "--output",
    "varied",
    "--protocols",
    "1",
    "--other",
    "replay_attack=replay",
)


@pytest.mark.slow
def test_rows_are_run_tested_elsewhere_and_added_to(workplace):
    def run(*more):
        process = start(workplace, *ARGUMENTS, *more, programs=(str(SMALL_NETWORKS), str(RECIPE)))
        output, errors = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, errors
        return output, json.loads((workplace / "varied" / "variations.json").read_text())

    _, first = run("--seeds", "0")
    folder = workplace / "varied" / "unchanged" / "seed0" / "p1"
    run_results = json.loads((folder / "results.json").read_text())
    (alone,) = first["rows"]["unchanged"]["runs"]
    assert alone["acer"] == run_results["scores"][alone["score"]]["acer"]
    assert alone["training_seconds"] > 0
    other = alone["others"]["replay_attack"]
    assert other["threshold"] == run_results["scores"][alone["score"]]["threshold"]
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.csv")}
    output, second = run("--seeds", "0", "--vary", "simulated_attacks=1", "--resume")
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.csv")} == before
    assert second["rows"]["unchanged"]["runs"] == [alone]
    (varied,) = second["rows"]["simulated_attacks=1"]["runs"]
    assert second["rows"]["simulated_attacks=1"]["changes"] == {"simulated_attacks": 1}
    assert varied["others"]["replay_attack"]["threshold"] != other["threshold"]
    assert "simulated_attacks=1" in output
    written = (workplace / "varied" / "variations.md").read_text()
    assert written.count("| unchanged |") == 1


def test_what_cannot_be_run_is_told_before_anything_is_made(tmp_path):
    code, _, errors = run_here(RECIPE, "--other", "nothing", "--output", tmp_path / "out")
    assert code == 1
    assert "nothing" in errors
    assert not (tmp_path / "out" / "settings.json").exists()
