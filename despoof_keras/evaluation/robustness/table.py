"""A table of a robustness measurement for the terminal."""

from collections.abc import Mapping
from typing import Any

from rich.markup import escape
from rich.table import Table

from despoof_keras.evaluation.report import wording
from despoof_keras.evaluation.robustness.charts import UNCHANGED
from despoof_keras.evaluation.robustness.conditions import FAMILIES

_RATES = (("bpcer", "BPCER"), ("apcer", "APCER"), ("flips", "flips"))


def robustness_table(results: Mapping[str, Mapping[str, Any]]) -> Table:
    """Make a table of all conditions, with three columns for each model.

    Args:
        results: mapping from a model's name to its results; all have the same conditions.
    """
    first = next(iter(results.values()))
    table = Table(title=escape(f"{first['data']}, {first['split']}, {first['videos']} videos"))
    table.add_column("condition")
    for model in results:
        for _, title in _RATES:
            prefix = f"{escape(model)}\n" if len(results) > 1 else ""
            table.add_column(f"{prefix}{title}", justify="right")
    table.add_row(UNCHANGED, *_cells([own["baseline"] for own in results.values()]))
    family = ""
    for rows in zip(*(own["conditions"] for own in results.values()), strict=True):
        if rows[0]["family"] != family:
            table.add_section()
            family = rows[0]["family"]
        known = FAMILIES[family]
        name = " ".join(filter(None, (known.title, rows[0]["label"], known.unit)))
        table.add_row(name, *_cells(rows))
    table.caption = (
        "At the unchanged threshold. APCER is that of the worst instrument. Flips: share of "
        "presentations whose decision is another than without the change."
    )
    return table


def _cells(rows):
    return [wording.percent(row[rate]) for row in rows for rate, _ in _RATES]
