"""Figures of finished runs, from score files written by hand, and the tables of them."""

import copy
import io
import json

import pytest
from rich.console import Console

from despoof_keras.datasets.data import Data
from despoof_keras.datasets.protocol_folds import Fold
from despoof_keras.errors import DataError
from despoof_keras.evaluation.score_files import PresentationScore, write_scores
from despoof_keras.training.comparison import table
from despoof_keras.training.comparison.collect import Collector
from despoof_keras.training.comparison.folds import Workplace
from despoof_keras.training.comparison.systems import FULL, systems_of
from despoof_keras.training.presets import EMBEDDED
from despoof_keras.training.protocol_figures import of_protocol

SYSTEMS = systems_of(EMBEDDED)
# Any threshold between 0.2 and 0.8 has no error on dev; the rule takes the highest, 0.8 itself.
DEV = {"bona_fide": (0.1, 0.2), "print_1": (0.9, 0.9), "replay_1": (0.8, 0.9)}
PERFECT = {"bona_fide": (0.1, 0.2), "print_1": (0.9, 0.9), "replay_1": (0.9, 0.9)}
# Half of the bona fide presentations and of the prints are on the wrong side.
HALF = {"bona_fide": (0.1, 0.95), "print_1": (0.1, 0.9), "replay_1": (0.9, 0.9)}


def write_run(folder, name, dev, test, best_score=None):
    """What a finished run leaves for a comparison: two subjects with a score of each species."""
    for split, scores in (("dev", dev), ("test", test)):
        write_scores(
            folder / "scores" / f"{split}-{name}.csv",
            [
                PresentationScore(
                    f"{split}_{subject}_{pai}", pai, own[subject], subject=str(subject)
                )
                for pai, own in scores.items()
                for subject in (0, 1)
            ],
        )
    (folder / "results.json").write_text(json.dumps({"best_score": best_score or name}))


@pytest.fixture
def workplace(tmp_path):
    return Workplace(Data("set", "cache"), 0, tmp_path)


def rows(workplace, *folds):
    return Collector(workplace, SYSTEMS, resamples=50).rows(folds)


def test_rates_and_differences_are_those_of_the_score_files(workplace):
    for name in ("noise", "zero_one_map", "depth", "fusion"):
        scores = HALF if name == "depth" else PERFECT
        write_run(workplace.output / FULL / "p1", name, DEV, scores, "zero_one_map")
    write_run(workplace.output / "lbp_svm" / "p1", "score", DEV, HALF)
    collected = rows(workplace, Fold(1))
    assert list(collected) == [
        *("full", "score_noise", "score_zero_one_map", "score_depth", "score_fusion"),
        "lbp_svm",
    ]
    figures = {name: row["protocols"]["1"] for name, row in collected.items()}
    assert figures["full"]["score"] == "zero_one_map"
    assert figures["full"]["acer"] == 0
    assert "difference" not in figures["full"]
    for name in ("lbp_svm", "score_depth"):
        assert figures[name]["threshold"] == figures["full"]["threshold"]
        assert (figures[name]["apcer"], figures[name]["bpcer"]) == (0.5, 0.5)
        assert figures[name]["acer"] == 0.5
        assert figures[name]["hter"] == (0.25 + 0.5) / 2
        assert figures[name]["difference"]["acer"] == 0.5
    # 8 pairs of a bona fide and an attack score: 0.95 is above all four attacks, 0.1 ties once.
    assert figures["lbp_svm"]["auc"] == pytest.approx(3.5 / 8)
    assert figures["lbp_svm"]["eer_dev"] == 0
    assert figures["lbp_svm"]["subjects"] == {"dev": 2, "test": 2}
    json.dumps(collected)


def test_a_difference_is_added_once_the_full_run_has_finished(workplace):
    write_run(workplace.output / "lbp_svm" / "p1", "score", DEV, HALF)
    collector = Collector(workplace, SYSTEMS, resamples=50)
    assert "difference" not in collector.rows([Fold(1)])["lbp_svm"]["protocols"]["1"]
    write_run(workplace.output / FULL / "p1", "noise", DEV, PERFECT)
    for name in ("zero_one_map", "depth", "fusion"):
        write_run(workplace.output / FULL / "p1", name, DEV, PERFECT, "noise")
    figures = collector.rows([Fold(1)])["lbp_svm"]["protocols"]["1"]
    assert figures["difference"]["acer"] == 0.5


def test_test_videos_of_one_person_are_compared_too(workplace):
    folder = workplace.output / "lbp_svm" / "p1"
    write_run(folder, "score", DEV, HALF)
    for path in (folder / "scores").iterdir():
        path.write_text(path.read_text().replace("\n1,", "\n0,"))
    figures = rows(workplace, Fold(1))["lbp_svm"]["protocols"]["1"]
    assert figures["subjects"] == {"dev": None, "test": None}
    assert (figures["apcer"], figures["bpcer"]) == (0.5, 0.5)


def test_a_run_elsewhere_is_taken_where_it_has_finished(workplace, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    own = Workplace(workplace.data, 0, tmp_path / "compared", full=elsewhere)
    write_run(elsewhere / "p1", "noise", DEV, PERFECT)
    assert own.folder(SYSTEMS[FULL], Fold(1)) == elsewhere / "p1"
    assert own.folder(SYSTEMS["score_depth"], Fold(1)) == elsewhere / "p1"
    assert own.folder(SYSTEMS[FULL], Fold(2)) == tmp_path / "compared" / "full" / "p2"
    assert own.folder(SYSTEMS["cnn"], Fold(1)) == tmp_path / "compared" / "cnn" / "p1"


def test_damaged_results_are_told_with_the_remedy(workplace):
    write_run(workplace.output / FULL / "p1", "noise", DEV, PERFECT)
    (workplace.output / FULL / "p1" / "results.json").write_text("{")
    with pytest.raises(DataError, match=r"full/p1/results\.json.*remove the file"):
        rows(workplace, Fold(1))


def test_folds_have_mean_and_population_deviation():
    folds = {
        1: {"acer": 0.1, "auc": 0.9, "bpcer_at_apcer": {"0.01": 1.0, "0.05": 0.2}},
        2: {"acer": 0.3, "auc": None, "bpcer_at_apcer": {"0.01": 0.0, "0.05": 0.2}},
    }
    for figures in folds.values():
        figures["difference"] = {"acer": figures["acer"] - 0.2, "intervals": {"acer": [0, 1]}}
    combined = of_protocol(folds)
    assert combined["mean"]["acer"] == pytest.approx(0.2)
    assert combined["std"]["acer"] == pytest.approx(0.1)
    assert combined["mean"]["bpcer_at_apcer"] == {"0.01": 0.5, "0.05": pytest.approx(0.2)}
    assert combined["std"]["bpcer_at_apcer"]["0.01"] == 0.5
    # A fold without the figure leaves no mean.
    assert combined["mean"]["auc"] is None
    assert combined["mean"]["difference"] == {"acer": pytest.approx(0)}
    assert combined["std"]["difference"]["acer"] == pytest.approx(0.1)
    assert combined["folds"] == {"1": folds[1], "2": folds[2]}
    del folds[2]["difference"]
    assert "difference" not in of_protocol(folds)["mean"]
    assert of_protocol({None: folds[1]}) == folds[1]


def results():
    """A comparison by hand: protocol 1, and two of three folds of protocol 3."""
    single = {
        "score": "noise",
        "acer": 0.125,
        "auc": 0.9876,
        "bpcer_at_apcer": {"0.05": 0.5},
        "intervals": {
            "acer": [0.0625, 1.0],
            "auc": [0.98, 1.0],
            "bpcer_at_apcer": {"0.05": [0.25, 0.75]},
        },
    }
    compared = copy.deepcopy(single)
    compared["difference"] = {"acer": -0.03, "intervals": {"acer": [-0.0625, 0.01]}}
    other_fold = {**single, "score": "depth", "acer": 0.375}
    full = {"1": single, "3": of_protocol({1: single, 2: other_fold})}
    lbp = {"1": {**compared, "score": "score", "auc": None}}
    return {
        "data": "a set",
        "seed": 3,
        "config": {"image_size": 64, "epochs": 2, "steps_per_epoch": 320},
        "protocols": {"1": [], "3": [1, 2, 3]},
        "failed": {"cnn, p1": "the loss is [not] finite"},
        "rows": {
            "full": {"title": "DSNet", "score": None, "protocols": full},
            "lbp_svm": {"title": "LBP + SVM", "score": "score", "protocols": lbp},
        },
    }


def test_the_table_says_what_the_figures_are():
    assert table.markdown(results()) == (
        "# Comparison\n\n"
        "Data: a set, protocol 1; protocol 3 folds 1, 2, 3. Seed 3, 64 pixels, 2 epochs of 320 "
        "steps. Rates are in %, at the thresholds of dev, with 95 % intervals over subjects, or as "
        "the mean ± the standard deviation over folds.\n\n"
        "## ACER\n\n"
        "| system | protocol 1 | protocol 3 |\n| :-- | --: | --: |\n"
        "| DSNet | 12.5 [6.2, 100.0] | 25.0 ± 12.5 (2 of 3 folds) |\n"
        "| LBP + SVM | 12.5 [6.2, 100.0] | - |\n\n"
        "## BPCER at APCER 5 %\n\n"
        "| system | protocol 1 | protocol 3 |\n| :-- | --: | --: |\n"
        "| DSNet | 50.0 [25.0, 75.0] | 50.0 ± 0.0 (2 of 3 folds) |\n"
        "| LBP + SVM | 50.0 [25.0, 75.0] | - |\n\n"
        "## AUC\n\n"
        "| system | protocol 1 | protocol 3 |\n| :-- | --: | --: |\n"
        "| DSNet | 0.988 [0.980, 1.000] | 0.988 ± 0.000 (2 of 3 folds) |\n"
        "| LBP + SVM | - | - |\n\n"
        "## ACER less that of the full DSNet\n\n"
        "| system | protocol 1 | protocol 3 |\n| :-- | --: | --: |\n"
        "| DSNet | - | - |\n"
        "| LBP + SVM | -3.0 [-6.2, +1.0] | - |\n\n"
        "## Score, the best single one on dev\n\n"
        "| system | protocol 1 | protocol 3 |\n| :-- | --: | --: |\n"
        "| DSNet | noise | noise (1), depth (1) (2 of 3 folds) |\n\n"
        "- Not finished: cnn, p1: the loss is [not] finite\n"
    )


@pytest.mark.parametrize("width", [80, 200])
def test_the_terminal_shows_every_figure_whole(width):
    wide = results()
    wide["protocols"] |= {"2": [], "4": [1, 2, 3, 4, 5, 6]}
    for row in wide["rows"].values():
        row["title"] += ", and further words that make its title long"
        row["protocols"] |= {"2": row["protocols"]["1"]}
    wide["rows"]["full"]["protocols"]["4"] = wide["rows"]["full"]["protocols"]["3"]
    console = Console(file=io.StringIO(), width=width)
    console.print(table.TerminalTables(wide))
    text = console.file.getvalue()
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    assert "the loss is [not] finite" in text
    parts = [
        part
        for section in table.sections(wide)
        for _, cells in section.rows
        for cell in cells
        for part in cell
    ]
    assert "[6.2, 100.0]" in parts
    assert not [part for part in parts if part not in text]
    # Where there is room for it, a cell has a single line.
    assert ("12.5 [6.2, 100.0]" in text) == (width == 200)
