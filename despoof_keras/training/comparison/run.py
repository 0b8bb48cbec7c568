"""One comparison: DSNet, its scores, baselines and ablations on the same crops and protocols."""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Sequence
from typing import Any

from despoof_keras.datasets.protocol_folds import Fold
from despoof_keras.errors import DataError, TrainingError
from despoof_keras.evaluation.bootstrap import RESAMPLES
from despoof_keras.training.comparison import table
from despoof_keras.training.comparison.collect import Collector
from despoof_keras.training.comparison.folds import RESULTS, Workplace, check_finished, run_fold
from despoof_keras.training.comparison.systems import chosen, systems_of
from despoof_keras.training.config import TrainingConfig
from despoof_keras.training.run_folder import claim_folder
from despoof_keras.utils.files import atomic_path, check_writable, write_json
from despoof_keras.version import __version__

COMPARISON, TABLE = "comparison.json", "comparison.md"

logger = logging.getLogger(__name__)


def compare_systems(
    workplace: Workplace,
    config: TrainingConfig,
    folds: Sequence[Fold],
    rows: Sequence[str] | None = None,
    *,
    resume: bool = False,
    resamples: int = RESAMPLES,
) -> dict[str, Any]:
    """Run systems on protocols and folds, and put their figures into one table.

    Everything of a fold is run before the next fold, so that a table of the first is there early.
    Leaves in `workplace.output`: `<system>/<fold>/`, run folders with the score files of each,
    `comparison.json` and `comparison.md`, both written anew after every run.

    A training that diverges is told in the table, and the others go on.

    Args:
        workplace: data, seed and folders.
        config: of the full DSNet.
        folds: protocols and folds, as from `folds.folds_of`.
        rows: systems to run, as in `systems.chosen`. The table has all that are finished.
        resume: go on in a folder that holds a comparison of the same configuration.
        resamples: of the intervals.

    Returns:
        The contents of `comparison.json`: `rows`, see `Collector.rows`, each with the `changes` to
        the configuration; `protocols`, mapping from each to its folds; `failed`, mapping from a run
        to why it ended early; `data`, `seed`, `version` and `config`.

    Raises:
        DataError: a row is unknown, or a folder holds something else.
    """
    systems = systems_of(config)
    to_run = chosen(systems, rows)
    output = workplace.output
    settings = {
        "seed": workplace.seed,
        "version": __version__,
        "config": dataclasses.asdict(config),
    }
    _check_before(workplace, folds)
    claim_folder(output / "settings.json", settings, "comparison", resume)
    for fold in folds:
        check_finished(workplace, systems.values(), fold)
    collector = Collector(workplace, systems, resamples)
    failed = _earlier_failures(output / COMPARISON) if resume else {}

    def written():
        results = {
            "data": workplace.data.title,
            **settings,
            "protocols": _by_protocol(folds),
            "failed": failed,
            "rows": collector.rows(folds),
        }
        for name, row in results["rows"].items():
            row["changes"] = systems[name].config.changes_from(config)
        write_json(output / COMPARISON, results)
        with atomic_path(output / TABLE) as temporary:
            temporary.write_text(table.markdown(results), encoding="utf-8")
        return results

    for fold in folds:
        for system in to_run:
            name = f"{system.name}, {fold.folder}"
            try:
                run_fold(workplace, system, fold)
                failed.pop(name, None)
            except TrainingError as error:
                logger.warning("%s: %s", name, error)
                failed[name] = str(error)
            written()
    return written()


def _check_before(workplace, folds):
    """Find mistakes before anything is written, and before hours of training on other folds."""
    check_writable(workplace.output)
    full = workplace.full
    if full is not None and not any(full.glob(f"*/{RESULTS}")):
        raise DataError(
            f"--full: expected a folder with finished runs (p1/{RESULTS}, ...); received {full}"
        )
    for fold in folds:
        workplace.data_of(fold).load()


def _by_protocol(folds):
    protocols: dict[str, list[int]] = {}
    for fold in folds:
        protocols.setdefault(str(fold.protocol), []).extend([fold.fold] if fold.fold else [])
    return protocols


def _earlier_failures(path):
    """What an earlier command told of runs that ended early; they may not be repeated by this."""
    try:
        return dict(json.loads(path.read_text(encoding="utf-8"))["failed"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}
