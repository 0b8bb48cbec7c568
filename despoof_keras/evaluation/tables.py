"""Error rates as tables for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table


def results_table(results: Mapping[str, Any]) -> Table:
    """Build the table of a run: dev threshold and test rates, a row for each score.

    Args:
        results: contents of the run's `results.json`.

    Returns:
        Table in which a star marks the score chosen on dev.
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
        "* best single score on dev. The columns of species show their APCER; "
        "APCER is the worse of print and replay, both makes of each pooled (OULU-NPU's rule)."
    )
    return table


def evaluation_table(evaluations: Sequence[Mapping[str, Any]]) -> Table:
    """Build the table of a model's test rates, by protocol, at dev's and at the model's threshold.

    Args:
        evaluations: results of each protocol, as from `evaluate_model.evaluate_model`.

    Returns:
        Table with up to two rows for each protocol.
    """
    table = Table(title=f"score: {evaluations[0]['score'].replace('_', ' ')}")
    for column in ("protocol", "threshold"):
        table.add_column(column)
    names = ("value", "dev EER", "APCER print", "APCER replay", "BPCER", "ACER", "AUC")
    for column in names:
        table.add_column(column, justify="right")
    for evaluation in evaluations:
        fold = f", fold {evaluation['fold']}" if evaluation["fold"] else ""
        for owner, key in (("dev's", "at_dev_threshold"), ("the model's", "at_own_threshold")):
            rates = evaluation[key]
            if rates is None:
                continue
            table.add_row(
                f"{evaluation['protocol']}{fold}",
                owner,
                f"{rates['threshold']:.4f}",
                f"{evaluation['eer_dev']:.1%}",
                *(f"{rates['apcer'].get(name, float('nan')):.1%}" for name in ("print", "replay")),
                f"{rates['bpcer']:.1%}",
                f"{rates['acer']:.1%}",
                f"{rates['auc']:.3f}",
            )
    return table
