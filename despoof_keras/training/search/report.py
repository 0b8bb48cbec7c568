"""The results of a search: ranked trials, the best settings as a file, and a picture."""

import csv
import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter
from rich.table import Table

from despoof_keras.training.config import TrainingConfig
from despoof_keras.utils.files import atomic_path

# Names of hyperparameters that Hyperband adds for its own use start with this.
_TUNER_PREFIX = "tuner/"
# Names of continuous hyperparameters end with these.
_CONTINUOUS = ("_rate", "_weight")
_COLUMNS = 4
_DPI = 110


@dataclasses.dataclass(frozen=True)
class Outcome:
    """A finished trial.

    Attributes:
        trial: its name, a number in the order of the search.
        val_acer: the best epoch's, a fraction of 1.
        values: mapping from hyperparameter to value.
        config: settings to train with.
    """

    trial: str
    val_acer: float
    values: dict[str, Any]
    config: TrainingConfig


def describe(trials: Iterable, hypermodel, base: TrainingConfig) -> list[Outcome]:
    """List the outcomes of the finished trials, the best first.

    Args:
        trials: of the tuner's oracle.
        hypermodel: `DespoofHyperModel`.
        base: settings that the outcomes' settings are made from.
    """
    outcomes = []
    for trial in trials:
        if trial.status != "COMPLETED" or trial.score is None:
            continue
        hp = trial.hyperparameters
        values = {k: v for k, v in hp.values.items() if not k.startswith(_TUNER_PREFIX)}
        config = hypermodel.configuration(hp, base)
        outcomes.append(Outcome(trial.trial_id, float(trial.score), values, config))
    return sorted(outcomes, key=lambda outcome: (outcome.val_acer, int(outcome.trial)))


def ranked_table(outcomes: list[Outcome], most: int = 10) -> Table:
    """Make a table of the best trials for the terminal.

    Args:
        outcomes: as from `describe`.
        most: largest number of rows.
    """
    table = Table(title=f"{len(outcomes)} trials, the best first")
    table.add_column("trial")
    table.add_column("val ACER", justify="right")
    names = list(outcomes[0].values)
    for name in names:
        table.add_column(name.replace("_", " "), justify="right")
    for outcome in outcomes[:most]:
        values = (_shown(outcome.values[name]) for name in names)
        table.add_row(outcome.trial, f"{outcome.val_acer:.1%}", *values)
    return table


def write_report(folder: Path, outcomes: list[Outcome]) -> None:
    """Write `trials.csv`, `best.json` and `search.png`.

    Args:
        folder: of the search.
        outcomes: as from `describe`, at least one.
    """
    names = list(outcomes[0].values)
    with (
        atomic_path(folder / "trials.csv") as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(["trial", "val_acer", *names])
        for outcome in outcomes:
            writer.writerow([outcome.trial, outcome.val_acer, *(outcome.values[n] for n in names)])
    with atomic_path(folder / "best.json") as temporary:
        outcomes[0].config.to_file(temporary)
    draw_search(folder / "search.png", outcomes)


def draw_search(path: Path, outcomes: list[Outcome]) -> None:
    """Draw the ACER of all trials in their order and over every hyperparameter, the best marked.

    Args:
        path: PNG file to write.
        outcomes: as from `describe`.
    """
    names = list(outcomes[0].values)
    rows = -(-(1 + len(names)) // _COLUMNS)
    figure = Figure(figsize=(3.2 * _COLUMNS, 2.6 * rows), layout="constrained")
    first, *others = figure.subplots(rows, _COLUMNS, squeeze=False).ravel()
    ordered = sorted(outcomes, key=lambda outcome: int(outcome.trial))
    acers = [100 * outcome.val_acer for outcome in ordered]
    best = [min(acers[: end + 1]) for end in range(len(acers))]
    numbers = range(1, len(acers) + 1)
    first.plot(numbers, acers, "o", label="trial")
    first.step(numbers, best, where="post", label="best so far")
    first.set(xlabel="trial", ylabel="val ACER, %")
    first.xaxis.set_major_locator(MaxNLocator(integer=True))
    first.legend(fontsize=8)
    for axis, name in zip(others, names, strict=False):
        # Continuous values are drawn on a logarithmic axis, choices side by side.
        values = [outcome.values[name] for outcome in ordered]
        marked = outcomes[0].values[name]
        if name.endswith(_CONTINUOUS):
            axis.set_xscale("log")
            axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axis.xaxis.set_major_formatter("{x:g}")
            axis.xaxis.set_minor_formatter(NullFormatter())
        else:
            choices = sorted(set(values))
            axis.set_xticks(range(len(choices)), [_shown(choice) for choice in choices])
            axis.set_xlim(-0.5, len(choices) - 0.5)
            values, marked = [choices.index(value) for value in values], choices.index(marked)
        axis.plot(values, acers, "o")
        axis.plot([marked], [100 * outcomes[0].val_acer], "o")
        axis.set(xlabel=name.replace("_", " "), ylabel="val ACER, %")
    for axis in others[len(names) :]:
        axis.remove()
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=_DPI)


def _shown(value):
    return f"{value:.3g}" if isinstance(value, float) else str(value)
