"""A run's figures as a table for the terminal."""

from rich.table import Table


def results_table(results):
    """Table of dev threshold and test rates, one row a score.

    Args:
        results: the contents of a run's `results.json`.

    Returns:
        `rich.table.Table`; the score chosen on dev is marked with a star.
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
            *(f"{rates['apcer_species'][one]:.1%}" for one in species),
            f"{max(rates['apcer'].values()):.1%}",
            f"{rates['bpcer']:.1%}",
            f"{rates['acer']:.1%}",
            f"{rates['auc']:.3f}",
        )
    table.caption = (
        "* best single score on dev. Columns of instruments are their APCER; "
        "APCER is the worse of print and replay, both makes pooled (OULU-NPU's rule)."
    )
    return table


def evaluation_table(figures):
    """Table of a model's test rates, two rows a protocol: dev's threshold and the model's own.

    Args:
        figures: list of mappings, as from `evaluate_model.evaluate_model`.

    Returns:
        `rich.table.Table`.
    """
    table = Table(title=f"score: {figures[0]['score'].replace('_', ' ')}")
    for column in ("protocol", "threshold"):
        table.add_column(column)
    names = ("value", "dev EER", "APCER print", "APCER replay", "BPCER", "ACER", "AUC")
    for column in names:
        table.add_column(column, justify="right")
    for one in figures:
        fold = f", fold {one['fold']}" if one["fold"] else ""
        for owner, key in (("dev's", "at_dev_threshold"), ("the model's", "at_own_threshold")):
            rates = one[key]
            if rates is None:
                continue
            table.add_row(
                f"{one['protocol']}{fold}",
                owner,
                f"{rates['threshold']:.4f}",
                f"{one['eer_dev']:.1%}",
                *(f"{rates['apcer'].get(name, float('nan')):.1%}" for name in ("print", "replay")),
                f"{rates['bpcer']:.1%}",
                f"{rates['acer']:.1%}",
                f"{rates['auc']:.3f}",
            )
    return table
