"""Every protocol by one command: killed, resumed, and put together."""

import io
import json
import re

import numpy as np
import pytest
from recipe_runs import PATIENCE, RECIPE, SMALL, SMALL_NETWORKS, start, wait_for
from rich.console import Console
from scripts import run_here

from despoof_keras.datasets.data_sets import DATA_SETS
from despoof_keras.evaluation.tables import protocols_table

# Of a data set with fewer protocols, which is as good: one without folds, one with two.
FEWER = """
import dataclasses, runpy, sys
from despoof_keras.datasets.data_sets import DATA_SETS
DATA_SETS["oulu_npu"] = dataclasses.replace(DATA_SETS["oulu_npu"], protocols={1: (), 3: (1, 2)})
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
ARGUMENTS = ("--config", "one_epoch.json", "--data-root", "set", "--protocol", "all")
RUNS = ("p1", "p3-fold1", "p3-fold2")


@pytest.fixture(autouse=True)
def restored_table(monkeypatch):
    """Undo what `FEWER` does to the table of data sets in this process."""
    monkeypatch.setitem(DATA_SETS, "oulu_npu", DATA_SETS["oulu_npu"])


@pytest.fixture(scope="module")
def finished(workplace):
    """The folder of all protocols, killed in the second run and resumed, and what was printed."""
    fewer = workplace / "fewer.py"
    fewer.write_text(FEWER)
    settings = {**SMALL, "epochs": 1, "steps_per_epoch": 3}
    (workplace / "one_epoch.json").write_text(json.dumps(settings))
    arguments = (*ARGUMENTS, "--output", "all", "--resume")
    programs = (str(SMALL_NETWORKS), str(fewer), str(RECIPE))
    process = start(workplace, *arguments, programs=programs)
    wait_for(workplace / "all" / "p3-fold1" / "run.json", process)
    process.kill()
    process.communicate(timeout=PATIENCE)
    before = (workplace / "all" / "p1" / "model.keras").stat().st_mtime_ns
    interrupted = json.loads((workplace / "all" / "results.json").read_text())
    assert interrupted["unfinished"] == list(RUNS[1:])
    process = start(workplace, *arguments, programs=programs)
    output, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    assert (workplace / "all" / "p1" / "model.keras").stat().st_mtime_ns == before
    return workplace / "all", output


def results_of(folder):
    return json.loads((folder / "results.json").read_text())


def table_of(output):
    return output[output.index("all protocols") : output.index("run folder")]


@pytest.mark.slow
def test_the_figures_are_those_of_the_runs(finished):
    folder, _ = finished
    results = results_of(folder)
    assert list(results["protocols"]) == ["1", "3"]
    assert results["unfinished"] == []
    runs = {name: results_of(folder / name) for name in RUNS}
    best = {name: run["summary"][run["best_score"]] for name, run in runs.items()}
    for figure in ("acer", "bpcer_at_apcer", "auc"):
        assert results["protocols"]["1"][figure] == best["p1"][figure]
    folded = results["protocols"]["3"]
    values = [best[name]["acer"] for name in RUNS[1:]]
    assert [folded["folds"][fold]["acer"] for fold in ("1", "2")] == values
    assert folded["mean"]["acer"] == pytest.approx(np.mean(values))
    assert folded["std"]["acer"] == pytest.approx(abs(values[0] - values[1]) / 2)
    depth = [runs[name]["summary"]["depth"]["apcer"] for name in RUNS[1:]]
    assert folded["scores"]["depth"]["mean"]["apcer"] == pytest.approx(np.mean(depth))


@pytest.mark.slow
def test_the_papers_figures_stand_beside_labelled_as_its_own(finished):
    folder, output = finished
    assert len(re.findall(r"the paper +.*\n +on OULU-NPU", output)) == 2
    assert "3.6 ± 1.6" in output
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(protocols_table(results_of(folder)))
    table = console.export_text()
    assert "…" not in table
    assert "3.6 ± 1.6" in table
    page = (folder / "report.html").read_text()
    for name in RUNS:
        assert f'href="{name}/report.html"' in page
        assert (folder / name / "report.html").is_file()


@pytest.mark.slow
def test_finished_runs_are_not_repeated(workplace, finished):
    folder, text = finished
    before = {path: path.stat().st_mtime_ns for name in RUNS for path in (folder / name).iterdir()}
    arguments = (*ARGUMENTS, "--output", "all")
    cache = {"DESPOOF_KERAS_CACHE": str(workplace / "cache")}
    fewer = workplace / "fewer.py"
    code, _, errors = run_here(fewer, RECIPE, *arguments, folder=workplace, **cache)
    assert code == 1
    assert "--resume" in errors.splitlines()[-1]
    code, output, errors = run_here(
        fewer, RECIPE, *arguments, "--resume", folder=workplace, **cache
    )
    assert code == 0, errors
    assert table_of(output) == table_of(text)
    assert {path: path.stat().st_mtime_ns for path in before} == before


@pytest.mark.slow
def test_other_settings_are_refused_before_anything_is_run(workplace, finished):
    folder, _ = finished
    (folder / "p3-fold2" / "results.json").rename(folder / "p3-fold2" / "kept.json")
    try:
        code, _, errors = run_here(
            *(workplace / "fewer.py", RECIPE, *ARGUMENTS),
            *("--output", "all", "--resume", "--seed", "1"),
            folder=workplace,
            DESPOOF_KERAS_CACHE=str(workplace / "cache"),
        )
    finally:
        (folder / "p3-fold2" / "kept.json").rename(folder / "p3-fold2" / "results.json")
    assert code == 1
    assert "p1: expected the settings that the run was begun with; seed differ" in errors
    assert "p1: 1 of 3" not in errors


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--fold", "2"), "--fold: expected none with --protocol all"),
        (("--output", "single"), "single: holds the run of a single protocol"),
    ],
)
def test_a_mistake_is_one_line_that_names_it(arguments, expected, workplace):
    (workplace / "one_epoch.json").write_text(json.dumps({**SMALL, "epochs": 1}))
    (workplace / "single").mkdir(exist_ok=True)
    (workplace / "single" / "run.json").write_text("{}")
    code, _, errors = run_here(
        *(RECIPE, *ARGUMENTS, *arguments),
        folder=workplace,
        DESPOOF_KERAS_CACHE=str(workplace / "cache"),
    )
    assert code == 1
    assert expected in errors.splitlines()[-1]
    assert not (workplace / "single" / "p1").exists()
