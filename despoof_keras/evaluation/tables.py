"""Tables for the terminal: a run's error rates, a model's, and how long the stages took."""

import sys

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table

from despoof_keras.utils.streams import is_terminal

# Columns where the output is not a terminal.
WIDTH = 140


def show(*parts: RenderableType, width: int = WIDTH) -> None:
    """Write tables and lines to standard output; `width` counts where that is not a terminal."""
    console = Console(width=None if is_terminal(sys.stdout) else width)
    for part in parts:
        console.print(part)


def run_tables(results: dict) -> list[RenderableType]:
    """Make what is printed at the end of a run, or of the runs of all protocols.

    Args:
        results: the contents of `results.json`.
    """
    if "protocols" in results:
        return [protocols_table(results)]
    best = results["best_score"]
    rate = f"{results['scores'][best]['acer']:.1%}"
    return [results_table(results), f"test ACER by the best single score ({best}): {rate}"]


def results_table(results: dict) -> Table:
    """Make a table of dev's thresholds and test's rates, one row for each score.

    Args:
        results: the contents of a run's `results.json`.

    Returns:
        The table; the score chosen on dev is marked with a star.
    """
    fold = f", fold {results['fold']}" if results["fold"] else ""
    table = Table(
        title=f"protocol {results['protocol']}{fold}, {results['data']}, seed {results['seed']}"
    )
    first = next(iter(results["scores"].values()))
    species = list(first["apcer_species"])
    table.add_column("score")
    for column in ("dev threshold", "dev EER"):
        table.add_column(column, justify="right")
    for name in (*species, "APCER", "BPCER", "ACER", "AUC"):
        table.add_column(name.replace("_", " "), justify="right")
    for name, rates in results["scores"].items():
        mark = " *" if name == results["best_score"] else ""
        table.add_row(
            name.replace("_", " ") + mark,
            f"{rates['threshold']:.4f}",
            f"{rates['eer_dev']:.1%}",
            *(f"{rates['apcer_species'][pai]:.1%}" for pai in species),
            f"{max(rates['apcer'].values()):.1%}",
            f"{rates['bpcer']:.1%}",
            f"{rates['acer']:.1%}",
            f"{rates['auc']:.3f}",
        )
    table.caption = (
        "* best single score on dev. Columns of species are their APCER; "
        "APCER is that of the worst instrument, with its makes pooled."
    )
    return table


def protocols_table(results: dict) -> Table:
    """Make a table of all protocols, the paper's figures beside ours, for 80 columns.

    Args:
        results: as from `training.protocols.results_of_protocols`.
    """
    from despoof_keras.evaluation.report.protocols_page import RATES, lines, notes

    table = Table(title=f"all protocols, {results['data']}", box=box.SIMPLE_HEAD)
    table.add_column("protocol")
    table.add_column("figures of")
    for rate in RATES:
        table.add_column(rate.upper(), justify="right")
    before = None
    for line in lines(results):
        first = line.protocol != before
        if before is not None and first:
            table.add_row()
        cells = ("\n".join(filter(None, cell)) for cell in line.cells)
        table.add_row(line.protocol if first else "", f"{line.whose}\n{line.of}", *cells)
        before = line.protocol
    table.caption = "\n".join(notes(results))
    table.caption_justify = "left"
    return table


def cross_table(results: dict) -> Table:
    """Make a table of tests across data sets, the paper's figures beside ours, for 80 columns.

    The page has further rates.

    Args:
        results: as from `training.cross_data_sets.run_cross_tests`.
    """
    from despoof_keras.evaluation.report.cross_page import COLUMNS, lines, notes

    shown = ("HTER", "AUC")
    table = Table(title="across data sets", box=box.SIMPLE_HEAD)
    table.add_column("trained on, tested on: figures of")
    for column in shown:
        table.add_column(column, justify="right")
    before = None
    for line in lines(results):
        if line.direction != before:
            table.add_row(line.direction)
            before = line.direction
        cells = ("\n".join(filter(None, line.cells[COLUMNS.index(column)])) for column in shown)
        table.add_row(f"  {line.whose}\n  {line.of}", *cells)
    table.caption = "\n".join(notes(results))
    table.caption_justify = "left"
    return table


def finetuning_table(results: dict) -> Table:
    """Make a table of a model before and after it was trained on, on new and on old data.

    Args:
        results: as from `training.finetune.run_finetuning`.
    """
    table = Table(title=f"before and after: {results['data']}, seed {results['seed']}")
    for column in ("test split of", "model", "threshold"):
        table.add_column(column)
    for column in ("APCER", "BPCER", "ACER", "AUC"):
        table.add_column(column, justify="right")
    old = results.get("old_data")
    places = [(results["data"], results)] + ([(old["data"], old)] if old else [])
    for place, figures in places:
        for name in ("before", "after"):
            for where in ("own", "dev"):
                rates = figures[name][f"at_{where}_threshold"]
                if rates is not None:
                    table.add_row(
                        place,
                        f"{name}, {figures[name]['score'].replace('_', ' ')}",
                        "its own" if where == "own" else "of this dev split",
                        f"{max(rates['apcer'].values()):.1%}",
                        f"{rates['bpcer']:.1%}",
                        f"{rates['acer']:.1%}",
                        f"{rates['auc']:.3f}",
                    )
        table.add_section()
    difference, limits = (results["difference"][key] for key in ("difference", "intervals"))
    table.caption = (
        f"ACER after less before, each at dev's threshold: {difference['acer']:+.1%}"
        + (f" [{limits['acer'][0]:+.1%}, {limits['acer'][1]:+.1%}]" if limits.get("acer") else "")
        + ". APCER is that of the worst instrument."
    )
    return table


def evaluation_table(figures: list[dict]) -> Table:
    """Make a table of a model's test rates, by dev's threshold and by the model's own.

    Args:
        figures: as from `evaluate_model.evaluate_model`, one mapping for each protocol.
    """
    table = Table(title=f"score: {figures[0]['score'].replace('_', ' ')}")
    for column in ("protocol", "threshold"):
        table.add_column(column)
    instruments = sorted(
        {name for protocol in figures for name in protocol["at_dev_threshold"]["apcer"]}
    )
    apcers = (f"APCER {name}" for name in instruments)
    for column in ("value", "dev EER", *apcers, "BPCER", "ACER", "AUC"):
        table.add_column(column, justify="right")
    for protocol in figures:
        fold = f", fold {protocol['fold']}" if protocol["fold"] else ""
        for owner, key in (("dev's", "at_dev_threshold"), ("the model's", "at_own_threshold")):
            rates = protocol[key]
            if rates is None:
                continue
            table.add_row(
                f"{protocol['protocol']}{fold}",
                owner,
                f"{rates['threshold']:.4f}",
                f"{protocol['eer_dev']:.1%}",
                *(f"{rates['apcer'].get(name, float('nan')):.1%}" for name in instruments),
                f"{rates['bpcer']:.1%}",
                f"{rates['acer']:.1%}",
                f"{rates['auc']:.3f}",
            )
    return table


def times_table(seconds: dict[str, float], total: float) -> Table:
    """Make a table of how long the stages of a run took, and the rest of its time.

    Args:
        seconds: by stage, which do not overlap.
        total: seconds of the whole run.
    """
    table = Table(title="time")
    table.add_column("stage")
    for column in ("seconds", "share"):
        table.add_column(column, justify="right")
    for stage, value in {**seconds, "other": total - sum(seconds.values())}.items():
        table.add_row(stage, f"{value:.1f}", f"{value / total:.0%}")
    table.add_section()
    table.add_row("total", f"{total:.1f}", "100%")
    return table
