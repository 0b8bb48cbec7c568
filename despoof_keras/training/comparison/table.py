"""The comparison as tables: one for each figure, systems in rows, protocols in columns."""

from __future__ import annotations

import collections
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from despoof_keras.training.comparison.ablations import spoken

# BPCER at this APCER stands in the table; the JSON file has the others.
BOUND = "0.05"
_EMPTY = "-"
# More columns than any table needs.
_UNLIMITED = 10_000


class Section(NamedTuple):
    """The table of one figure.

    Attributes:
        title: what the figure is.
        head: heads of the columns.
        rows: the title and the cells of each system; a cell is a list of texts, between which a
            line may end.
    """

    title: str
    head: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Sequence[str]]]]


def sections(results: Mapping[str, Any]) -> list[Section]:
    """List the tables of a comparison.

    Args:
        results: as from `run.compare_systems`.
    """
    protocols, rows = results["protocols"], results["rows"].values()
    head = ["system", *(f"protocol {protocol}" for protocol in protocols)]
    tables = []
    for title, cell in _CELLS.items():
        lines = [
            (row["title"], [_cell(cell, row, *protocol) for protocol in protocols.items()])
            for row in rows
            if title != _CHOICE or row["score"] is None
        ]
        tables.append(Section(title, head, lines))
    return [table for table in tables if table.rows]


def markdown(results: Mapping[str, Any]) -> str:
    """Write the contents of `comparison.json` as Markdown.

    Args:
        results: as from `run.compare_systems`.
    """
    parts = [f"# Comparison\n\n{_preface(results)}\n"]
    for title, head, rows in sections(results):
        lines = [[name, *map(" ".join, cells)] for name, cells in rows]
        parts.append(f"## {title}\n\n{markdown_table(head, lines)}\n")
    parts += [f"- {text}" for text in _failures(results)]
    return "\n".join(parts).rstrip() + "\n"


def markdown_table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Write a table as Markdown, figures on the right of their columns, names on the left."""
    rule = [":--", *("--:" for _ in head[1:])]
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, rule, *lines))


class TerminalTables:
    """The same tables for the terminal; where it is narrow, intervals have a line of their own.

    Args:
        results: as from `run.compare_systems`.
    """

    def __init__(self, results: Mapping[str, Any]):
        self._results = results

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text(_preface(self._results))
        for section in sections(self._results):
            wide, narrow = (_rich_table(section, between) for between in (" ", "\n"))
            yield ""
            needed = Measurement.get(console, options.update(width=_UNLIMITED), wide).maximum
            yield wide if needed <= options.max_width else narrow
        yield from map(Text, ["", *_failures(self._results)])


def _rich_table(section, between):
    table = Table(title=section.title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for position, head in enumerate(section.head):
        table.add_column(head, justify="right" if position else "left", no_wrap=position > 0)
    for title, cells in section.rows:
        table.add_row(*(Text(text) for text in (title, *map(between.join, cells))))
    return table


def _preface(results):
    folds = (
        f"protocol {protocol} folds {', '.join(map(str, own))}" if own else f"protocol {protocol}"
        for protocol, own in results["protocols"].items()
    )
    size = results["config"]
    steps = f" of {size['steps_per_epoch']} steps" if size["steps_per_epoch"] else ""
    return (
        f"Data: {results['data']}, {'; '.join(folds)}. Seed {results['seed']}, "
        f"{size['image_size']} pixels, {size['epochs']} epochs{steps}. Rates are in %, at the "
        "thresholds of dev, with 95 % intervals over subjects, or as the mean ± the standard "
        "deviation over folds."
    )


def _failures(results) -> Iterator[str]:
    return (f"Not finished: {name}: {message}" for name, message in results["failed"].items())


def _cell(texts_of, row, protocol, folds):
    """What a function of a protocol's figures says, and how many of the folds there are yet."""
    figures = row["protocols"].get(protocol)
    texts = None if figures is None else texts_of(figures)
    if texts is None:
        return [_EMPTY]
    if "folds" in figures and len(figures["folds"]) < len(folds):
        texts = [*texts, f"({len(figures['folds'])} of {len(folds)} folds)"]
    return texts


def _rate(figures, *path):
    return _figure(figures, path, lambda rate: f"{100 * rate:.1f}")


def _difference(figures):
    return _figure(figures, ("difference", "acer"), lambda rate: f"{100 * rate:+.1f}")


def _auc(figures):
    return _figure(figures, ("auc",), lambda area: f"{area:.3f}")


def _figure(figures, path, text_of):
    """A figure, with its deviation over folds, or its interval; None where there is no figure."""
    if "folds" in figures:
        mean, deviation = (_at(figures[kind], path) for kind in ("mean", "std"))
        if mean is None:
            return None
        return [f"{text_of(mean)} ± {text_of(deviation).lstrip('+')}"]
    point = _at(figures, path)
    if point is None:
        return None
    # A difference has its intervals beside it.
    owner, path = (figures[path[0]], path[1:]) if path[0] == "difference" else (figures, path)
    limits = _at(owner["intervals"], path)
    if limits is None:
        return [text_of(point)]
    return [text_of(point), f"[{', '.join(map(text_of, limits))}]"]


def _chosen_score(figures):
    """The score that the rates are of; where folds chose different ones, how many chose each."""
    if "folds" not in figures:
        return [spoken(figures["score"])]
    counts = collections.Counter(spoken(fold["score"]) for fold in figures["folds"].values())
    if len(counts) == 1:
        return list(counts)
    *others, last = [f"{name} ({count})" for name, count in counts.most_common()]
    return [*(f"{text}," for text in others), last]


def _at(values, path):
    for name in path:
        values = values.get(name) if isinstance(values, Mapping) else None
    return values


_CHOICE = "Score, the best single one on dev"
_CELLS = {
    "ACER": lambda figures: _rate(figures, "acer"),
    "BPCER at APCER 5 %": lambda figures: _rate(figures, "bpcer_at_apcer", BOUND),
    "AUC": _auc,
    "ACER less that of the full DSNet": _difference,
    _CHOICE: _chosen_score,
}
