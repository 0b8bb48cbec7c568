"""The table of variations: what each change does to the error rates, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from rich import box
from rich.table import Table
from rich.text import Text

from despoof_keras.training.comparison.table import markdown_table

_EMPTY = "-"


def markdown(results: Mapping[str, Any]) -> str:
    """Write the contents of `variations.json` as Markdown.

    Args:
        results: as from `run.run_variations`.
    """
    parts = [f"# Variations\n\n{preface(results)}\n", f"{markdown_table(*cells(results))}\n"]
    parts += [f"- Not finished: {name}: {why}" for name, why in results["failed"].items()]
    return "\n".join(parts).rstrip() + "\n"


def terminal(results: Mapping[str, Any]) -> Table:
    """The table for the terminal.

    Args:
        results: as from `run.run_variations`.
    """
    head, lines = cells(results)
    table = Table(box=box.SIMPLE_HEAD, title=preface(results), title_justify="left")
    for position, name in enumerate(head):
        table.add_column(name, justify="right" if position else "left")
    for line in lines:
        table.add_row(*map(Text, line))
    return table


def preface(results: Mapping[str, Any]) -> str:
    """What the table is of, and how it is read."""
    return (
        f"Data: {results['data']}. ACER in %, at the threshold of dev, and the area under the "
        "curve: mean ± standard deviation over seeds, of the mean over folds. Other data are "
        "judged by the same model and threshold. Cost: time of the training in relation to the "
        "first row's."
    )


def cells(results: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """The head and the rows of the table, as texts.

    Args:
        results: as from `run.run_variations`.
    """
    rows = results["rows"]
    runs = [run for row in rows.values() for run in row["runs"]]
    protocols = list(dict.fromkeys(run["protocol"] for run in runs))
    others = list(dict.fromkeys(name for run in runs for name in run["others"]))
    head = ["what is changed"]
    for protocol in protocols:
        head += [f"protocol {protocol}, ACER", "AUC"]
    for name in others:
        head += [f"{name}, ACER", "AUC"]
    head += ["cost", "runs"]
    first = next(iter(rows.values()))["runs"]
    lines = []
    for name, row in rows.items():
        line = [name]
        for protocol in protocols:
            own = [run for run in row["runs"] if run["protocol"] == protocol]
            line += [_rate(own), _area(own)]
        for other in others:
            own = [{**run, **run["others"][other]} for run in row["runs"]]
            line += [_rate(own), _area(own)]
        lines.append([*line, _cost(row["runs"], first), str(len(row["runs"]))])
    return head, lines


def _rate(runs: Sequence[Mapping]) -> str:
    return _spread(runs, "acer", lambda value: f"{100 * value:.1f}")


def _area(runs: Sequence[Mapping]) -> str:
    return _spread(runs, "auc", lambda value: f"{value:.3f}")


def _spread(runs, name, text_of):
    """Mean and deviation over seeds of the mean over folds; the mean alone of one seed."""
    if not runs:
        return _EMPTY
    seeds = dict.fromkeys(run["seed"] for run in runs)
    means = [np.mean([run[name] for run in runs if run["seed"] == seed]) for seed in seeds]
    mean = text_of(np.mean(means))
    return mean if len(means) == 1 else f"{mean} ± {text_of(np.std(means, ddof=1))}"


def _cost(runs, first):
    """The ratio of the times of the same runs."""
    ratios = list(_ratios(runs, first))
    return f"{np.mean(ratios):.2f}" if ratios else _EMPTY


def _ratios(runs, first) -> Iterator[float]:
    times = {_place(run): run["training_seconds"] for run in first}
    for run in runs:
        own, other = run["training_seconds"], times.get(_place(run))
        if own is not None and other is not None:
            yield own / other


def _place(run):
    return run["protocol"], run["fold"], run["seed"]
