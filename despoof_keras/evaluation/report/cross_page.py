"""One page about tests across data sets, with a link to each test's own report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from despoof_keras.evaluation.published import PAPER_CROSS, PAPER_CROSS_SOURCE
from despoof_keras.evaluation.report import wording
from despoof_keras.evaluation.report.page import GENERATOR, PAGE, environment, style
from despoof_keras.evaluation.report.protocols_page import Cell
from despoof_keras.utils.files import atomic_path
from despoof_keras.version import __version__

COLUMNS = ("HTER", "AUC", "APCER", "BPCER")
_RATES = ("hter", "apcer", "bpcer")


class Line(NamedTuple):
    """A line of the table.

    Attributes:
        direction: the data set that was trained on, and the one that was tested.
        whose: whose figures they are.
        of: what they are of: a score, or the data.
        cells: one for each of `COLUMNS`.
        link: address of the test's report, or nothing.
    """

    direction: str
    whose: str
    of: str
    cells: tuple[Cell, ...]
    link: str = ""


def lines(results: Mapping[str, Any]) -> Iterator[Line]:
    """The table: of each direction ours, then the paper's where it has any.

    Args:
        results: as from `training.cross_data_sets.run_cross_tests`.
    """
    for folder, test in results["tests"].items():
        trained, tested = test["trained_on"], test["tested_on"]
        direction = f"{trained['title']} to {tested['title']}"
        figures = test["summary"][test["best_score"]]
        limits = figures["intervals"]
        hter, apcer, bpcer = (
            Cell(wording.percent(figures[rate]), wording.interval(limits.get(rate)))
            for rate in _RATES
        )
        auc = Cell(wording.area(figures["auc"]), wording.interval(limits.get("auc"), 1.0, 3))
        score = test["best_score"].replace("_", " ")
        cells = (hter, auc, apcer, bpcer)
        kind = "on synthetic sets" if trained["is_synthetic"] else "on the sets below"
        yield Line(direction, "this package", f"{kind}, by {score}", cells, f"{folder}/{PAGE}")
        published = PAPER_CROSS.get((trained["data_set"], tested["data_set"]))
        if published is not None:
            missing = Cell(wording.MISSING)
            cells = (Cell(wording.percent(published)), missing, missing, missing)
            yield Line(direction, "the paper", "on the real data sets", cells)


def notes(results: Mapping[str, Any]) -> list[str]:
    """What must be known of the table."""
    listed = []
    for test in results["tests"].values():
        for data in (test["trained_on"], test["tested_on"]):
            fold = "" if data["fold"] is None else f", fold {data['fold']}"
            text = f"{data['title']} is {data['data']}, protocol {data['protocol']}{fold}."
            listed += [text] if text not in listed else []
    listed.append(
        f"This package: seed {results['seed']}; weights, score and threshold are chosen on the "
        "train and dev splits of the first data set, and applied to the test split of the second. "
        "HTER is the mean of BPCER and of the share of all attacks that pass; APCER is that of the "
        "worst instrument. Intervals are of 95 %, over the subjects of the second."
    )
    listed.append(f"The paper: {PAPER_CROSS_SOURCE}.")
    if results["unfinished"]:
        listed.append(f"Not finished: {', '.join(results['unfinished'])}.")
    return listed


def write_cross_page(folder: Path, results: Mapping[str, Any]) -> None:
    """Write `report.html` about all tests.

    Args:
        folder: where to; the tests' folders are in it.
        results: as from `training.cross_data_sets.run_cross_tests`.
    """
    text = (
        environment()
        .get_template("cross.html")
        .render(
            title="Across data sets",
            columns=COLUMNS,
            lines=list(lines(results)),
            notes=notes(results),
            style=style(),
            generator=GENERATOR,
            version=__version__,
        )
    )
    with atomic_path(Path(folder) / PAGE) as temporary:
        temporary.write_text(text, encoding="utf-8")
