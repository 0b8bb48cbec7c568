"""One page about all protocols of a data set, with a link to each run's own report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from despoof_keras.evaluation.published import PAPER, PAPER_DATA_SET, PAPER_SOURCE
from despoof_keras.evaluation.report import wording
from despoof_keras.evaluation.report.page import GENERATOR, PAGE, environment, style
from despoof_keras.utils.files import atomic_path
from despoof_keras.version import __version__

# Columns of the table: these the paper gives too, and on the page one more.
RATES = ("apcer", "bpcer", "acer")
BOUND = "0.05"


class Cell(NamedTuple):
    """A rate as it is read, and its interval, or nothing."""

    rate: str
    interval: str = ""


class Line(NamedTuple):
    """A line of the table.

    Attributes:
        protocol: name of the protocol.
        whose: whose figures they are.
        of: what they are of: scores and the number of folds, or the data.
        cells: one for each of `RATES`.
        at_bound: BPCER at the bound on APCER.
        link: address of the run's report, or nothing.
    """

    protocol: str
    whose: str
    of: str
    cells: tuple[Cell, ...]
    at_bound: Cell = Cell(wording.MISSING)
    link: str = ""


def lines(results: Mapping[str, Any], *, with_folds: bool = False) -> Iterator[Line]:
    """The table of all protocols: ours, each fold if wanted, and the paper's, where it has any.

    Args:
        results: as from `training.protocols.results_of_protocols`.
        with_folds: also a line for each fold.
    """
    for protocol, own in results["protocols"].items():
        folds = own.get("folds", {})
        chosen = dict.fromkeys(figures["score"] for figures in folds.values() or [own])
        scores = wording.listing(score.replace("_", " ") for score in chosen)
        count = f", {len(folds)} folds" if folds else ""
        link = "" if folds else f"p{protocol}/{PAGE}"
        yield _line(protocol, "this package", scores + count, own, link)
        for fold, figures in folds.items() if with_folds else ():
            score = figures["score"].replace("_", " ")
            yield _line(protocol, f"fold {fold}", score, figures, f"p{protocol}-fold{fold}/{PAGE}")
        published = PAPER.get(int(protocol)) if protocol.isdecimal() else None
        if results["data_set"] == PAPER_DATA_SET and published:
            cells = tuple(_mean(*published[rate]) for rate in RATES)
            yield Line(protocol, "the paper", "on OULU-NPU", cells)


def notes(results: Mapping[str, Any]) -> list[str]:
    """What must be known of the table."""
    listed = [
        f"This package: {results['data']}, seed {results['seed']}; of each run the single score "
        "that is best on dev, at dev's threshold. APCER is that of the worst instrument. Figures "
        "of one run have 95 % intervals over subjects, those of folds their standard deviation."
    ]
    if results["data_set"] == PAPER_DATA_SET:
        listed.append(f"The paper: {PAPER_SOURCE}.")
    if results["unfinished"]:
        listed.append(f"Not finished: {', '.join(results['unfinished'])}.")
    return listed


def write_protocols_page(folder: Path, results: Mapping[str, Any]) -> None:
    """Write `report.html` about all protocols.

    Args:
        folder: where to; the runs' folders are in it.
        results: as from `training.protocols.results_of_protocols`.
    """
    page = environment().get_template("protocols.html")
    text = page.render(
        title=f"All protocols: {results['data']}",
        lines=list(lines(results, with_folds=True)),
        notes=notes(results),
        bound=wording.bpcer_at(BOUND),
        style=style(),
        generator=GENERATOR,
        version=__version__,
    )
    with atomic_path(Path(folder) / PAGE) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _line(protocol, whose, of, figures, link):
    cells = tuple(_cell(figures, rate) for rate in RATES)
    return Line(protocol, whose, of, cells, _cell(figures, "bpcer_at_apcer", BOUND), link)


def _cell(figures, *keys):
    if "folds" in figures:
        return _mean(_at(figures["mean"], keys), _at(figures["std"], keys))
    limits = _at(figures["intervals"], keys)
    return Cell(wording.percent(_at(figures, keys)), wording.interval(limits))


def _at(figures, keys):
    """The figure that the keys lead to, one mapping after the other; None where there is none."""
    for key in keys:
        figures = (figures or {}).get(key)
    return figures


def _mean(mean, std):
    if mean is None or std is None:
        return Cell(wording.percent(mean))
    return Cell(f"{100 * mean:.1f} ± {wording.percent(std)}")
