"""A model is trained on: killed and resumed, stopped early, compared with what it was."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from recipe_runs import PATIENCE, SMALL, assert_same_weights, start, wait_for
from scripts import run_here

from despoof_keras.evaluation import metrics
from despoof_keras.evaluation.score_files import read_scores
from despoof_keras.models.saving import load_model
from despoof_keras.synthesis import write_embedded_set

RECIPE = Path(__file__).parents[2] / "recipes" / "finetune.py"
SETTINGS = {
    **SMALL,
    "epochs": 4,
    "steps_per_epoch": 3,
    "patience": 2,
    "layer_rates": {"depth_net": 0, "discriminator": 0, "ds_net/encoder_*": 0.1},
    "monitor_score": "zero_one_map",
}
ARGUMENTS = ("--init", "given.keras", "--dataset", "replay_attack", "--data-root", "new")
OLD = ("--old-dataset", "casia_fasd", "--old-root", "old")


@pytest.fixture(scope="module")
def workplace(tmp_path_factory, make_despoofer):
    """A folder with a model, the data it is trained on with, and those it may have seen before."""
    folder = tmp_path_factory.mktemp("finetune")
    for name, root, subjects in (
        ("replay_attack", "new", (1, 1, 1)),
        ("casia_fasd", "old", (2, 1)),
    ):
        write_embedded_set(
            name, folder / root, subjects=subjects, frames=2, size=(96, 128), progress=False
        )
    (folder / "small.json").write_text(json.dumps(SETTINGS))
    make_despoofer().save(folder / "given.keras")
    return folder


def run(workplace, output, *further):
    return start(workplace, *ARGUMENTS, "--output", output, *further, programs=(str(RECIPE),))


@pytest.fixture(scope="module")
def finished(workplace):
    """The folder of a run that was not interrupted, and what was printed."""
    process = run(workplace, "whole", *OLD)
    output, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    return workplace / "whole", output


def by_video(path):
    videos = {}
    for row in read_scores(path):
        videos.setdefault((row.key, row.pai), []).append(row.spoof_score)
    return {key: np.mean(own) for key, own in videos.items()}


@pytest.mark.slow
def test_it_leaves_what_a_run_leaves_and_figures_before_and_after(workplace, finished):
    folder, output = finished
    results = json.loads((folder / "results.json").read_text())
    for name in ("report.html", "model_card.md", "comparison/report.html"):
        assert (folder / name).is_file()
    assert results["before"]["at_own_threshold"] is None  # that model has none
    assert results["after"]["score"] == results["best_score"]
    own = results["scores"][results["best_score"]]
    assert results["after"]["at_dev_threshold"]["acer"] == pytest.approx(own["acer"])
    assert results["after"]["at_own_threshold"]["threshold"] == pytest.approx(own["threshold"])
    scores = by_video(folder / "before" / "scores" / "test-noise.csv")
    auc = metrics.auc(
        np.array([score for (_, pai), score in scores.items() if pai == "bona_fide"]),
        np.array([score for (_, pai), score in scores.items() if pai != "bona_fide"]),
    )
    assert results["before"]["at_dev_threshold"]["auc"] == pytest.approx(auc)
    assert results["difference"]["systems"] == ["after", "before"]
    assert results["old_data"]["protocol"] == "overall"
    assert {"before", "after"} < results["old_data"].keys()
    assert "before, noise" in output


@pytest.mark.slow
def test_frozen_networks_stay_and_the_best_epoch_is_kept(workplace, finished):
    folder, _ = finished
    given, made = (load_model(path) for path in (workplace / "given.keras", folder / "model.keras"))
    for network in ("depth_net", "discriminator"):
        pairs = zip(getattr(given, network).weights, getattr(made, network).weights, strict=True)
        for one, other in pairs:
            np.testing.assert_array_equal(one, other)
    rows = (folder / "history.csv").read_text().splitlines()
    column = rows[0].split(",").index("val_auc")
    initial = json.loads((folder / "checkpoints" / "initial.json").read_text())["val_auc"]
    areas = [initial, *(float(row.split(",")[column]) for row in rows[1:])]
    best = areas.index(max(areas))
    assert len(areas) == 1 + min(4, best + 2)
    moved = [
        not np.array_equal(one, other)
        for one, other in zip(given.ds_net.weights, made.ds_net.weights, strict=True)
    ]
    assert (sum(moved) > 20) is (best > 0)
    kept = load_model(folder / "checkpoints" / "best.keras")
    kept.adopt_averages()
    np.testing.assert_array_equal(kept.ds_net.weights[0], made.ds_net.weights[0])


@pytest.mark.slow
def test_a_run_that_was_killed_ends_with_the_same_weights(workplace, finished):
    process = run(workplace, "killed", "--resume", *OLD)
    wait_for(workplace / "killed" / "checkpoints" / "epoch-0001.keras", process)
    process.kill()
    process.communicate(timeout=PATIENCE)
    process = run(workplace, "killed", "--resume", *OLD)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    whole, killed = finished[0], workplace / "killed"
    assert_same_weights(whole / "model.keras", killed / "model.keras")
    results = [json.loads((folder / "results.json").read_text()) for folder in (whole, killed)]
    assert results[0] == results[1]


@pytest.mark.slow
def test_another_model_is_refused_in_a_folder_that_is_resumed(workplace, finished):
    shutil.copytree(finished[0], workplace / "copied")
    model = load_model(workplace / "given.keras")
    model.ds_net.weights[0].assign(0.5 * model.ds_net.weights[0])
    model.save(workplace / "other.keras")
    code, _, errors = run_here(
        *(RECIPE, "--config", "small.json", *ARGUMENTS, "--output", "copied", "--resume"),
        *("--init", "other.keras"),
        folder=workplace,
        DESPOOF_KERAS_CACHE=str(workplace / "cache"),
    )
    assert code == 1
    assert "the run was begun with; init differ" in errors


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--init", "nothing.keras"), "nothing.keras: expected a .keras file"),
        (("--init", "small.json"), "small.json"),
        (("--mixed-precision", "bfloat16"), "dtype_policy: expected float32"),
        (("--old-root", "old"), "--old-dataset: expected the name of a data set"),
    ],
)
def test_a_mistake_is_one_line_that_names_it(arguments, expected, workplace):
    code, _, errors = run_here(
        *(RECIPE, "--config", "small.json", *ARGUMENTS, "--output", "wrong", *arguments),
        folder=workplace,
        DESPOOF_KERAS_CACHE=str(workplace / "cache"),
    )
    assert code == 1
    assert expected in errors.splitlines()[-1]
    assert not (workplace / "wrong" / "run.json").exists()


@pytest.mark.slow
def test_bona_fide_presentations_alone_are_enough(workplace, astronaut):
    faces = workplace / "faces"
    faces.mkdir()
    lines = ["path,label,pai,subject,eyes"]
    for subject in ("ann", "ben", "cid", "dan"):
        for number in range(2):
            # The faces differ in their light alone.
            lit = astronaut * (1 - 0.1 * number - 0.05 * len(lines) / 8)
            name = f"{subject}{number}.png"
            cv2.imwrite(str(faces / name), lit.astype(np.uint8)[..., ::-1])
            lines.append(f"{name},bona_fide,,{subject},210 110 250 112")
    (faces / "list.csv").write_text("\n".join(lines))
    arguments = ("--init", "given.keras", "--dataset", "manifest", "--data-root", "faces/list.csv")
    process = start(workplace, *arguments, "--output", "alone", programs=(str(RECIPE),))
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    assert "no attacks in train, dev, test: simulated prints and replays" in errors
    results = json.loads((workplace / "alone" / "results.json").read_text())
    assert results["simulated_attacks"] == ["train", "dev", "test"]
    species = {row.pai for row in read_scores(workplace / "alone" / "scores" / "test-noise.csv")}
    assert species == {"bona_fide", "simulated_print", "simulated_replay"}
    page = (workplace / "alone" / "comparison" / "report.html").read_text()
    assert "There are no attacks in train, dev, test" in page
