"""Every protocol of a data set, one run after the other: the table that papers print."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras

from despoof_keras.datasets.fingerprint import describe
from despoof_keras.datasets.protocol_folds import Fold, folds_of
from despoof_keras.distribution.strategy import Distribution
from despoof_keras.errors import DataError
from despoof_keras.evaluation.report.protocols_page import write_protocols_page
from despoof_keras.training.experiment import RESULTS, Experiment, run_experiment
from despoof_keras.training.protocol_figures import INTERVALS, RATES, of_protocol
from despoof_keras.training.run_figures import SUMMARY
from despoof_keras.training.run_folder import RUN, check_folder
from despoof_keras.utils.files import check_writable, write_json
from despoof_keras.utils.threads import BusyTimes
from despoof_keras.version import __version__

logger = logging.getLogger(__name__)


def run_protocols(
    experiment: Experiment,
    *,
    resume: bool = False,
    distribution: Distribution | None = None,
    verbose: int | str = 1,
    times: BusyTimes | None = None,
) -> dict[str, Any]:
    """Run an experiment on all protocols and folds of its data set.

    Leaves in `experiment.output` a run folder for each (`p1`, `p3-fold2`, ...), see
    `run_experiment`, and `results.json` and `report.html`, which are written anew after each.

    Args:
        experiment: what to run; the protocol and the fold of its data do not count.
        resume: go on in a folder in which some are finished or were interrupted.
        distribution: devices to train on, of this machine; default: a single device.
        verbose: as in `keras.Model.fit`.
        times: the time of each stage is added here.

    Returns:
        The contents of `results.json`, see `results_of_protocols`.

    Raises:
        DataError: the devices are of several machines, a run folder was begun with other settings
            or data or, without `resume`, at all; nothing has been run then. Or as for
            `run_experiment`.
        TrainingError: a training fails. With `resume`, what was finished is not repeated.
    """
    if distribution is not None and distribution.workers > 1:
        raise DataError(
            "protocols: expected the devices of one machine; several machines train one protocol "
            "and fold at a time"
        )
    output = Path(experiment.output)
    check_writable(output)
    if (output / RUN).exists():
        raise DataError(
            f"{output}: holds the run of a single protocol; pass another --output, in which each "
            "protocol and fold gets a folder"
        )
    folds = folds_of(experiment.data.data_set)
    experiments = {fold: _of_fold(experiment, fold) for fold in folds}
    _check_folders(experiments.values(), resume)
    finished: dict[Fold, Any] = {}
    results: dict[str, Any] = {}
    for number, (fold, own) in enumerate(experiments.items(), start=1):
        logger.info("%s: %d of %d", fold.folder, number, len(folds))
        keras.utils.clear_session()
        # With `resume` a folder that is not there yet is begun.
        finished[fold] = run_experiment(
            own,
            resume=resume,
            distribution=distribution,
            verbose=verbose,
            times=times,
        )
        results = results_of_protocols(experiment, folds, finished)
        write_protocols_page(output, results)
        write_json(output / RESULTS, results)
    return results


def results_of_protocols(
    experiment: Experiment, folds: Sequence[Fold], finished: Mapping[Fold, Mapping[str, Any]]
) -> dict[str, Any]:
    """Put the results of runs together.

    Args:
        experiment: what they have in common.
        folds: all protocols and folds.
        finished: mapping from those that are finished to their `results.json`.

    Returns:
        `{"protocols", "unfinished", "data", "data_set", "title", "seed", "version", "config"}`.
        `protocols` has for each protocol, by its name, what `protocol_figures.of_protocol` gives
        for the score that is best on dev of each fold: without folds `RATES`, `"score"`,
        `"threshold"` and `"intervals"`; with folds `"mean"`, `"std"` and `"folds"`. `"scores"` has
        the same of each score. Rates are fractions of 1. `unfinished` names the other folders.
    """
    by_protocol: dict[str, dict[int | None, Mapping]] = {}
    for fold in folds:
        if fold in finished:
            by_protocol.setdefault(str(fold.protocol), {})[fold.fold] = finished[fold]
    data = experiment.data
    return {
        "protocols": {name: _protocol(runs) for name, runs in by_protocol.items()},
        "unfinished": [fold.folder for fold in folds if fold not in finished],
        "data": data.title,
        "data_set": data.name,
        "title": data.data_set.title,
        "seed": experiment.seed,
        "version": __version__,
        "config": dataclasses.asdict(experiment.config),
    }


def _of_fold(experiment, fold):
    data = dataclasses.replace(experiment.data, protocol=fold.protocol, fold=fold.fold)
    output = Path(experiment.output) / fold.folder
    return dataclasses.replace(experiment, data=data, output=output)


def _check_folders(experiments, resume):
    """Find folders of other settings or data before anything is run."""
    for own in experiments:
        path = own.output / RUN
        if not path.exists():
            continue
        if not resume:
            raise DataError(
                f"{own.output}: holds a run already; pass --resume to continue it, or another "
                "--output"
            )
        contents = {split: describe(samples) for split, samples in own.data.load().items()}
        check_folder(path, own.identity(), "run", contents)


def _protocol(runs):
    best = {fold: _figures(results, results["best_score"]) for fold, results in runs.items()}
    first = next(iter(runs.values()))
    scores = {
        score: of_protocol({fold: _figures(results, score) for fold, results in runs.items()})
        for score in first[SUMMARY]
    }
    return {**of_protocol(best), "scores": scores}


def _figures(results, score):
    summary = results[SUMMARY][score]
    intervals = summary[INTERVALS]
    return {
        "score": score,
        "threshold": summary["threshold"],
        **{rate: summary[rate] for rate in RATES},
        INTERVALS: {rate: intervals[rate] for rate in RATES if rate in intervals},
    }
