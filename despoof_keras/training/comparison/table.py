"""The comparison as a table: systems in rows, protocols in columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich.table import Table

# BPCER at this APCER stands in the table; the JSON file has the others.
BOUND = "0.05"
COLUMNS = ("ACER", "BPCER at APCER 5 %", "AUC", "ACER less full DSNet's")
_EMPTY = "-"


def markdown(results: Mapping[str, Any]) -> str:
    """Write the contents of `comparison.json` as Markdown.

    Args:
        results: as from `run.compare_systems`.
    """
    protocols = list(results["protocols"])
    parts = [f"# Comparison\n\n{_preface(results)}\n"]
    for number, column in enumerate(COLUMNS):
        lines = [["", *(f"protocol {protocol}" for protocol in protocols)]]
        lines += [
            [row["title"], *(_cell(row, protocol, results)[number] for protocol in protocols)]
            for row in results["rows"].values()
        ]
        parts.append(f"## {column}\n\n{_markdown_table(lines)}\n")
    parts += [f"- {text}" for text in _failures(results)]
    return "\n".join(parts).rstrip() + "\n"


def terminal_table(results: Mapping[str, Any]) -> Table:
    """Make the same table for the terminal, with all figures of a protocol in one cell."""
    table = Table(title=_preface(results), caption="\n".join(_failures(results)), show_lines=True)
    table.add_column("system")
    for protocol in results["protocols"]:
        table.add_column(f"protocol {protocol}", justify="right")
    names = ("ACER", "BPCER5", "AUC", "ΔACER")
    for row in results["rows"].values():
        cells = (
            "\n".join(
                f"{name} {text}"
                for name, text in zip(names, _cell(row, protocol, results), strict=True)
                if text != _EMPTY
            )
            for protocol in results["protocols"]
        )
        table.add_row(row["title"], *(cell or _EMPTY for cell in cells))
    return table


def _preface(results):
    folds = (
        f"protocol {protocol} folds {', '.join(map(str, own))}" if own else f"protocol {protocol}"
        for protocol, own in results["protocols"].items()
    )
    size = results["config"]
    steps = f" of {size['steps_per_epoch']} steps" if size["steps_per_epoch"] else ""
    return (
        f"{results['data']}, {'; '.join(folds)}; seed {results['seed']}; {size['image_size']} "
        f"pixels, {size['epochs']} epochs{steps}. Rates in %, at dev's thresholds: with 95 % "
        "intervals over subjects, or mean ± standard deviation over folds."
    )


def _failures(results):
    return [f"not finished: {name}: {message}" for name, message in results["failed"].items()]


def _cell(row, protocol, results):
    """The texts of `COLUMNS`."""
    figures = row["protocols"].get(protocol)
    if figures is None:
        return (_EMPTY,) * len(COLUMNS)
    difference = (
        _percent(figures, "difference", "acer", signed=True) if _has_difference(figures) else _EMPTY
    )
    acer = _percent(figures, "acer")
    if "folds" in figures and len(figures["folds"]) < len(results["protocols"][protocol]):
        acer += f" ({len(figures['folds'])} folds)"
    auc = _decimals(figures, "auc")
    return acer, _percent(figures, "bpcer_at_apcer", BOUND), auc, difference


def _has_difference(figures):
    return "difference" in (figures["mean"] if "folds" in figures else figures)


def _percent(figures, *path, signed=False):
    point, spread = _value(figures, *path)
    if point is None:
        return _EMPTY
    text = f"{100 * point:+.1f}" if signed else f"{100 * point:.1f}"
    if spread is not None:
        return f"{text} ± {100 * spread:.1f}"
    limits = _at(_intervals(figures, path), path[-1] if path[0] == "difference" else path)
    if limits is None:
        return text
    sign = "+" if signed else ""
    low, high = (format(100 * limit, f"{sign}.1f") for limit in limits)
    return f"{text} [{low}, {high}]"


def _decimals(figures, name):
    point, spread = _value(figures, name)
    if point is None:
        return _EMPTY
    return f"{point:.3f}" if spread is None else f"{point:.3f} ± {spread:.3f}"


def _value(figures, *path):
    """A figure with its standard deviation over the folds, None where there are no folds."""
    if "folds" in figures:
        return _at(figures["mean"], path), _at(figures["std"], path)
    return _at(figures, path), None


def _intervals(figures, path):
    return figures["difference"]["intervals"] if path[0] == "difference" else figures["intervals"]


def _at(values, path):
    for name in (path,) if isinstance(path, str) else path:
        values = values.get(name) if isinstance(values, Mapping) else None
    return values


def _markdown_table(lines: Iterable[list[str]]) -> str:
    head, *body = lines
    rule = [":--", *("--:" for _ in head[1:])]
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, rule, *body))
