"""Charts and table of a robustness measurement, and the file that both are made from."""

import io
import json
from xml.etree import ElementTree

import numpy as np
import pytest
from rich.console import Console

from despoof_keras.datasets.samples import VideoSample
from despoof_keras.errors import DataError
from despoof_keras.evaluation.robustness.charts import robustness_charts
from despoof_keras.evaluation.robustness.conditions import FAMILIES, conditions_of
from despoof_keras.evaluation.robustness.rates import rates_by_condition
from despoof_keras.evaluation.robustness.results import by_model, contents_of, read_results
from despoof_keras.evaluation.robustness.table import robustness_table

PAIS = ("bona_fide", "print_1", "replay_1") * 8
SAMPLES = [VideoSample(f"{i}.avi", str(i), i // 6, 1, pai) for i, pai in enumerate(PAIS)]
CONDITIONS = conditions_of()


def results_of(name, seed):
    random = np.random.default_rng(seed)
    scores = random.normal(size=(len(PAIS), len(CONDITIONS) + 1))
    scores[:, -1] = np.nan  # a condition without any score
    rates = rates_by_condition(SAMPLES, CONDITIONS, scores, 0.0, resamples=20)
    return {"model": name, "data": "set", "split": "test", "videos": len(PAIS), **rates}


@pytest.fixture(scope="module")
def two():
    return {name: results_of(name, seed) for seed, name in enumerate(("jitter 4", "jitter 0"))}


@pytest.fixture(scope="module")
def charts(two):
    return robustness_charts(two)


def only(results, family):
    """Results of one family."""
    return {**results, "conditions": [r for r in results["conditions"] if r["family"] == family]}


def test_each_family_has_a_chart_of_its_own(charts):
    assert [chart.title for chart in charts] == [f.title for f in FAMILIES.values()]
    assert len({chart.name for chart in charts}) == len(charts)
    for chart in charts:
        assert ElementTree.fromstring(chart.svg).tag == "svg"
        assert chart.alt.startswith(chart.title)


def test_labels_stand_in_the_order_of_their_strength_with_the_unchanged_in_place(charts):
    orders = {
        "shift": ["as is", "5 %", "10 %", "20 %"],
        "scale": ["0.8", "0.9", "as is", "1.1", "1.25"],
        "downscale": ["as is", "1/2", "1/4"],
        "h264": ["as is", "0.3", "0.1", "0.03"],
        "white-balance": ["4000", "5000", "as is", "9000", "15000"],
    }
    for chart in charts:
        expected = orders.get(chart.name.removeprefix("robustness-"))
        if expected:
            texts = ["".join(e.itertext()) for e in ElementTree.fromstring(chart.svg).iter("text")]
            positions = [texts.index(label) for label in expected]
            assert positions == sorted(positions), chart.name


def test_the_text_of_a_chart_has_its_numbers(two, charts):
    row = two["jitter 4"]["conditions"][0]
    written = f"{100 * row['bpcer']:.1f}\N{NARROW NO-BREAK SPACE}% at 5 %"
    (chart,) = robustness_charts({"m": only(two["jitter 4"], "shift")})
    assert written in chart.alt
    assert "jitter 0: BPCER" in charts[0].alt


def test_a_family_of_another_version_is_drawn_in_the_files_order(two):
    results = json.loads(json.dumps(only(two["jitter 4"], "jpeg")).replace("jpeg", "fog"))
    (chart,) = robustness_charts({"m": results})
    assert chart.title == "fog"


def test_the_table_has_a_row_for_each_condition(two):
    table = robustness_table(two)
    assert table.row_count == len(CONDITIONS) + 1
    assert len(table.columns) == 1 + 3 * len(two)
    console = Console(width=140, record=True, file=io.StringIO())
    console.print(table)
    assert "Face box shifted 10 % of its side" in console.export_text()


def test_the_file_holds_one_model_or_several(two, tmp_path):
    for results in (two, {"jitter 4": two["jitter 4"]}):
        path = tmp_path / "robustness.json"
        path.write_text(json.dumps(contents_of(results)))
        assert read_results(path) == json.loads(json.dumps(results))
        assert by_model(contents_of(results)) == results
    for text in ("", "[]", "{}", '{"models": {"a": 1}}'):
        path.write_text(text)
        with pytest.raises(DataError, match=r"robustness\.json: expected the results"):
            read_results(path)
