"""Trained on one data set, tested on another, and the other way round."""

from __future__ import annotations

import dataclasses
import logging
import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np

from despoof_keras.datasets.crops import CropSettings
from despoof_keras.datasets.data import Data
from despoof_keras.datasets.fingerprint import describe, fingerprint
from despoof_keras.datasets.prepare import prepare_data
from despoof_keras.datasets.samples import SPLITS
from despoof_keras.errors import DataError
from despoof_keras.evaluation.rates import add_fusion
from despoof_keras.evaluation.report.cross_page import write_cross_page
from despoof_keras.evaluation.score_files import read_scores
from despoof_keras.evaluation.video_scores import FrameScores, score_crops
from despoof_keras.metadata import SCORE_NAMES
from despoof_keras.models.saving import load_model
from despoof_keras.synthesis import EMBEDDED_SET
from despoof_keras.training.config import TrainingConfig
from despoof_keras.training.experiment import (
    RESULTS,
    Experiment,
    read_results,
    run_experiment,
    write_left_out,
    write_score_files,
)
from despoof_keras.training.run_figures import NAMES, read_systems, results_of, score_path
from despoof_keras.training.run_folder import FINGERPRINT, RUN, claim_folder
from despoof_keras.training.run_report import FinishedRun, write_cross_report
from despoof_keras.utils.files import atomic_path, check_writable, write_json
from despoof_keras.utils.threads import BusyTimes
from despoof_keras.version import __version__

logger = logging.getLogger(__name__)

_TESTING = "other data set"


def run_cross_tests(
    config: TrainingConfig,
    pair: tuple[Data, Data],
    seed: int,
    output: str | Path,
    *,
    resume: bool = False,
    verbose: int | str = 1,
    times: BusyTimes | None = None,
) -> dict[str, Any]:
    """Train on each of two data sets, and test each model on the other's test split.

    Weights, threshold and the choice of the score come from the train and dev splits of the data
    set that was trained on. Leaves in `output` a run folder for each data set, named after it, see
    `run_experiment`; a folder for each test, `<trained on>-to-<tested on>`, with score files,
    `report.html`, `report.json` and `results.json`; and `results.json` and `report.html` about
    both, which are written anew after each.

    Args:
        config: settings of both trainings.
        pair: the data sets.
        seed: of the trainings.
        output: folder.
        resume: go on in a folder in which some of it is finished or was interrupted.
        verbose: as in `keras.Model.fit`.
        times: the time of each stage is added here.

    Returns:
        The contents of `results.json`: `{"tests", "unfinished", "seed", "version", "config"}`.
        `tests` has for each folder of a test `"trained_on"` and `"tested_on"`, each with
        `"data_set"`, `"title"`, `"data"`, `"protocol"`, `"fold"` and `"is_synthetic"`; and
        `"best_score"`, `"scores"` and `"summary"` as in the `results.json` of a run.

    Raises:
        DataError: the two are the same folder and protocol, a folder holds other things, or as for
            `run_experiment`.
        TrainingError: a training fails. With `resume`, what was finished is not repeated.
    """
    output, times = Path(output), times or BusyTimes()
    check_writable(output)
    labels = _labels(pair)
    runs = [
        Experiment(config, data, seed, output / label)
        for data, label in zip(pair, labels, strict=True)
    ]
    # What cannot be read of the second is told before the first is trained on.
    for data in pair:
        data.load()
    ways = {f"{labels[one]}-to-{labels[1 - one]}": one for one in (0, 1)}
    tests: dict[str, Any] = {}
    results: dict[str, Any] = {}
    for folder, one in ways.items():
        logger.info("%s: %d of %d", folder, one + 1, len(ways))
        keras.utils.clear_session()
        # With `resume` a folder that is not there yet is begun.
        own = run_experiment(runs[one], resume=resume, verbose=verbose, times=times)
        with times.measure(_TESTING):
            tests[folder] = _test(runs[one], own, pair[1 - one], output / folder, resume)
        results = {
            "tests": tests,
            "unfinished": [name for name in ways if name not in tests],
            "seed": seed,
            "version": __version__,
            "config": dataclasses.asdict(config),
        }
        write_cross_page(output, results)
        write_json(output / RESULTS, results)
    return results


def _labels(pair):
    """Names of folders for two data sets, which may be two of the same layout."""
    one, other = pair
    if one.name != other.name:
        return one.name, other.name
    places = [(Path(data.root).resolve(), data.protocol, data.fold) for data in pair]
    if places[0] == places[1]:
        raise DataError(f"{one.root}: expected two data sets; received the same one twice")
    return f"{one.name}-1", f"{other.name}-2"


def _test(experiment, own_results, other, folder, resume):
    """Test a finished run's model on another data set; return the contents of `results.json`."""
    splits = other.load()
    contents = {"test": describe(splits["test"])}
    identity = {
        **experiment.identity(),
        "data": other.title,
        "protocol": other.protocol,
        "fold": other.fold,
        "trained_on": {
            "protocol": experiment.data.protocol,
            "fold": experiment.data.fold,
            FINGERPRINT: own_results[FINGERPRINT],
        },
    }
    claim_folder(folder / RUN, identity, "test", resume, contents)
    if resume and (folder / RESULTS).is_file():
        return read_results(folder / RESULTS)
    model = load_model(experiment.output / "model.keras")
    settings = CropSettings.of(experiment.config, "test")
    crops = prepare_data(other, splits["test"], settings, f"face crops of {other.name}")
    dev = _frame_scores(experiment.output, "dev")
    _, test = add_fusion(dev, score_crops(model, crops, f"scoring {other.name}"))
    for name in NAMES:
        with atomic_path(score_path(folder, "dev", name)) as temporary:
            shutil.copyfile(score_path(experiment.output, "dev", name), temporary)
    write_score_files(folder, "test", test, crops.samples)
    write_left_out(folder, splits, {"test": crops})
    systems = read_systems(folder)
    results = {
        **identity,
        **results_of(systems),
        "trained_on": _described(experiment.data),
        "tested_on": _described(other),
        FINGERPRINT: fingerprint(contents),
        "files_left_out": len(splits.left_out),
        "videos_left_out": {**dict.fromkeys(SPLITS, 0), "test": len(crops.left_out)},
        "frames_left_out": {**dict.fromkeys(SPLITS, 0), "test": len(crops.frames_left_out)},
    }
    write_cross_report(
        FinishedRun(folder, results, systems, model, other, splits, crops),
        f"{results['trained_on']['title']} to {results['tested_on']['title']}",
        [
            f"Trained, and thresholds chosen, on {experiment.data.description}; tested on "
            f"{other.description}."
        ],
    )
    write_json(folder / RESULTS, results)
    return results


def _described(data):
    return {
        "data_set": data.name,
        "title": data.data_set.title,
        "data": data.title,
        "protocol": data.protocol,
        "fold": data.fold,
        "is_synthetic": data.title.startswith(EMBEDDED_SET),
    }


def _frame_scores(folder: Path, split: str) -> FrameScores:
    """The scores of a run's frames, from its score files, in which a fusion is fitted."""
    rows = {name: read_scores(score_path(folder, split, name)) for name in SCORE_NAMES}
    first = next(iter(rows.values()))
    return FrameScores(
        tuple(row.key for row in first),
        tuple(row.frame or 0 for row in first),
        tuple(row.pai for row in first),
        {name: np.array([row.spoof_score for row in own]) for name, own in rows.items()},
    )
