"""Trained on one data set, tested on another, both ways: killed, resumed, and what is left."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from recipe_runs import PATIENCE, SMALL, SMALL_NETWORKS, start, wait_for
from rich.console import Console
from scripts import run_here

from despoof_keras.evaluation import metrics
from despoof_keras.evaluation.score_files import read_scores
from despoof_keras.evaluation.tables import cross_table
from despoof_keras.synthesis import write_embedded_set

RECIPE = Path(__file__).parents[2] / "recipes" / "cross_dataset.py"
WAYS = ("casia_fasd-to-replay_attack", "replay_attack-to-casia_fasd")
ROOTS = ("--data-root", "casia", "--other-root", "replay")
ARGUMENTS = (*ROOTS, "--output", "cross", "--resume")


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A folder with two small data sets and a configuration for `recipe_runs.start`."""
    folder = tmp_path_factory.mktemp("cross")
    for name, root, subjects in (
        ("casia_fasd", "casia", (2, 1)),
        ("replay_attack", "replay", (1, 1, 1)),
    ):
        write_embedded_set(
            name, folder / root, subjects=subjects, frames=2, size=(96, 128), progress=False
        )
    settings = {**SMALL, "epochs": 1, "steps_per_epoch": 3}
    (folder / "small.json").write_text(json.dumps(settings))
    return folder


def run(workplace):
    return start(workplace, *ARGUMENTS, programs=(str(SMALL_NETWORKS), str(RECIPE)))


@pytest.fixture(scope="module")
def finished(workplace):
    """The folder of both tests, killed in the second training and resumed, and what was printed."""
    process = run(workplace)
    wait_for(workplace / "cross" / "replay_attack" / "run.json", process)
    process.kill()
    process.communicate(timeout=PATIENCE)
    folder = workplace / "cross"
    interrupted = json.loads((folder / "results.json").read_text())
    assert list(interrupted["tests"]) == [WAYS[0]]
    assert interrupted["unfinished"] == [WAYS[1]]
    before = written(folder / "casia_fasd") | written(folder / WAYS[0])
    process = run(workplace)
    output, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    assert {path: path.stat().st_mtime_ns for path in before} == before
    return folder, output


def written(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def of_videos(path):
    """Bona fide and attack scores of a score file, each the mean of a video's frames."""
    videos = {}
    for row in read_scores(path):
        videos.setdefault((row.key, row.pai == "bona_fide"), []).append(row.spoof_score)
    scores = {True: [], False: []}
    for (_, is_bona_fide), own in videos.items():
        scores[is_bona_fide].append(np.mean(own))
    return np.array(scores[True]), np.array(scores[False])


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_the_threshold_is_of_the_one_and_the_errors_are_of_the_other(finished, way):
    folder, _ = finished
    one, other = way.split("-to-")
    results = json.loads((folder / way / "results.json").read_text())
    assert results["trained_on"]["data_set"] == one
    assert results["tested_on"]["data_set"] == other
    own = json.loads((folder / one / "results.json").read_text())
    assert results["best_score"] == own["best_score"]
    for name in ("noise", "zero_one_map", "depth", "fusion"):
        dev = of_videos(folder / one / "scores" / f"dev-{name}.csv")
        test = of_videos(folder / way / "scores" / f"test-{name}.csv")
        _, threshold = metrics.eer(*dev)
        figures = results["scores"][name]
        assert figures["threshold"] == pytest.approx(threshold)
        assert figures["threshold"] == own["scores"][name]["threshold"]
        hter = (np.mean(test[0] >= threshold) + np.mean(test[1] < threshold)) / 2
        assert figures["hter"] == pytest.approx(hter)
        assert figures["auc"] == pytest.approx(metrics.auc(*test))
    # What is tested is the test split of the other, all of it.
    keys = {row.key for row in read_scores(folder / way / "scores" / f"test-{name}.csv")}
    mine = {row.key for row in read_scores(folder / other / "scores" / f"test-{name}.csv")}
    assert keys == mine


@pytest.mark.slow
def test_the_table_has_both_ways_with_the_papers_figures_labelled_as_its_own(finished):
    folder, output = finished
    results = json.loads((folder / "results.json").read_text())
    assert list(results["tests"]) == list(WAYS)
    assert results["unfinished"] == []
    page = (folder / "report.html").read_text()
    for text in (output, page):
        assert "CASIA-FASD to Replay-Attack" in text
        assert "Replay-Attack to CASIA-FASD" in text
        assert text.index("28.5") < text.index("41.1")
        assert "not reproduced" in " ".join(text.split())
        for test in results["tests"].values():
            assert f"{100 * test['summary'][test['best_score']]['hter']:.1f}" in text
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(cross_table(results))
    table = console.export_text()
    assert "…" not in table
    assert "41.1" in table
    for way in WAYS:
        assert f'href="{way}/report.html"' in page
        own = (folder / way / "report.html").read_text()
        assert "Trained, and thresholds chosen, on" in own


@pytest.mark.slow
def test_other_data_are_refused_in_a_folder_that_is_resumed(workplace, finished):
    code, _, errors = run_here(
        *(RECIPE, "--config", "small.json", *ARGUMENTS, "--protocol", "low"),
        folder=workplace,
        DESPOOF_KERAS_CACHE=str(workplace / "cache"),
    )
    assert code == 1
    assert "casia_fasd: expected the settings that the run was begun with; protocol" in errors


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--other-protocol", "9"), "Replay-Attack has grandtest, print"),
        (("--other-root", "nowhere"), "nowhere"),
        (("--other-dataset", "siw"), "replay: "),
        (("--other-dataset", "casia_fasd", "--other-root", "casia"), "received the same one twice"),
    ],
)
def test_a_mistake_is_one_line_that_names_it(arguments, expected, workplace):
    code, _, errors = run_here(
        *(RECIPE, "--config", "small.json", *ROOTS, "--output", "wrong", *arguments),
        folder=workplace,
        DESPOOF_KERAS_CACHE=str(workplace / "cache"),
    )
    assert code == 1
    assert expected in errors.splitlines()[-1]
    assert not (workplace / "wrong" / "casia_fasd").exists()
