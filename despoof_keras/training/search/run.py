"""A keras-tuner search over training runs: random, Hyperband or Bayesian, alone or shared out."""

import dataclasses
import logging
import math
import os
import sys
from pathlib import Path

import keras
import keras_tuner

from despoof_keras.datasets import oulu_npu
from despoof_keras.datasets.prepare import CropSettings, prepare_crops
from despoof_keras.distribution.determinism import make_repeatable
from despoof_keras.distribution.strategy import one_device
from despoof_keras.errors import DataError, TrainingError
from despoof_keras.training.run_folder import check_folder, claim_folder
from despoof_keras.training.search.heartbeat import alive, watched
from despoof_keras.training.search.report import describe, write_report
from despoof_keras.training.search.space import (
    BATCH_SIZES,
    CROP_SIDES,
    OBJECTIVE,
    DespoofHyperModel,
)

logger = logging.getLogger(__name__)

ALGORITHMS = ("random", "hyperband", "bayesian")
# Hyperband trains a third of the trials three times as long, and so on.
HYPERBAND_FACTOR = 3
CHIEF = "chief"
_SETTINGS = "search.json"
# With what a search was begun: where things lie, and what may be added when a video turns out bad.
_NOT_COMPARED = ("data_root", "output", "cache", "skip_bad", "find_eyes")


@dataclasses.dataclass(frozen=True)
class Search:
    """What a search is about.

    Attributes:
        base: `TrainingConfig` that the best settings are written with.
        trial: the same made small, for the trials: image size, epochs, steps, frames.
        algorithm: one of `ALGORITHMS`.
        trials: number of trials; Hyperband runs as many whole iterations of its own as have at
            least so many.
        data_root: folder in OULU-NPU's layout.
        data: the data's name in the results.
        protocol, fold: as in `oulu_npu.load`.
        seed: of the search and of every trial.
        output: the search's folder; machines that search together share it.
        cache: folder for prepared crops and found eye positions.
        skip_bad: leave out unusable videos with a counted warning instead of stopping.
        find_eyes: find the eyes in videos that have no eye file.
    """

    base: object
    trial: object
    algorithm: str
    trials: int
    data_root: Path
    data: str
    protocol: int
    fold: int | None
    seed: int
    output: Path
    cache: Path
    skip_bad: bool = False
    find_eyes: bool = False

    def __post_init__(self):
        if self.algorithm not in ALGORITHMS:
            raise DataError(
                f"algorithm: expected one of {', '.join(ALGORITHMS)}; received {self.algorithm!r}"
            )
        if self.trials < 1:
            raise DataError(f"trials: expected a positive number; received {self.trials}")
        if self.algorithm == "hyperband" and self.trial.epochs < HYPERBAND_FACTOR:
            raise DataError(
                f"epochs: expected at least {HYPERBAND_FACTOR} with hyperband, which trains the "
                f"best third of the trials three times as long; received {self.trial.epochs}"
            )

    def identity(self):
        """What a search's folder must have been started with to be resumed, as JSON values."""
        values = {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if field.name not in _NOT_COMPARED
        }
        values |= {name: dataclasses.asdict(values[name]) for name in ("base", "trial")}
        return values


def run_search(search, *, resume=False, distribution=None, worker_timeout=600.0, verbose=1):
    """Runs a search to the end, or on from where its folder stands.

    Leaves in `output`: `search.json` (settings), `trials.csv` (all, ranked), `best.json` (settings
    for `train_oulu.py --config`), `search.png`, and keras-tuner's own files in `tuner/`.

    With keras-tuner's environment variables set, this process is the chief or one of the workers:
    `KERASTUNER_TUNER_ID` (`chief`, `tuner0`, ...), `KERASTUNER_ORACLE_IP`,
    `KERASTUNER_ORACLE_PORT`. The chief hands out trials and writes the results.

    Args:
        search: `Search`.
        resume: go on with the search in `output`; without it the folder must not hold one.
        distribution: `Distribution` that every trial trains on; one machine.
        worker_timeout: seconds without a sign of life of any worker after which the chief ends.
        verbose: as in `keras.Model.fit`.

    Returns:
        List of `Outcome`, the best first; None in a worker.

    Raises:
        DataError: the data or the folder is not as needed, the devices cannot share a batch of the
            search out, or a worker has other settings than the chief; nothing is lost then.
        TrainingError: no trial succeeded, or the chief cannot be reached.
    """
    distribution = distribution or one_device()
    for batch_size in BATCH_SIZES:
        distribution.check(dataclasses.replace(search.trial, batch_size=batch_size))
    role = os.environ.get("KERASTUNER_TUNER_ID")
    is_worker = role not in (None, CHIEF)
    if not is_worker:
        claim_folder(search.output / _SETTINGS, search.identity(), "search", resume)
    crops = _prepare(search)
    keras.config.set_dtype_policy(search.trial.dtype_policy)
    make_repeatable(search.seed, compiled=search.trial.jit_compile)
    hypermodel = DespoofHyperModel(
        search.trial,
        lambda config: crops[config.crop_side],
        search.seed,
        distribution,
    )
    strategy = distribution.strategy if distribution.replicas > 1 else None
    tuner = _tuner(search, hypermodel, strategy)
    if is_worker:
        with alive(search.output, role):
            tuner.oracle.get_space()  # waits for the chief, which has claimed the folder by then
            _check_worker(search)
            _search(tuner, verbose)
        return None
    if role == CHIEF:
        with watched(search.output, worker_timeout):
            _search(tuner, verbose)
    else:
        _search(tuner, verbose)
    outcomes = describe(tuner.oracle.trials.values(), hypermodel, search.base)
    if not outcomes:
        raise TrainingError(
            f"{search.output}: no trial has ended with a {OBJECTIVE}; the reasons stand in "
            f"{search.output / 'tuner'}, in the trials' trial.json"
        )
    write_report(search.output, outcomes)
    return outcomes


def _search(tuner, verbose):
    try:
        tuner.search(verbose=verbose)
    except keras_tuner.errors.FatalError as error:
        raise error.__cause__ or error from None


def _check_worker(search):
    """Makes sure that a worker has the chief's settings; the data may lie elsewhere."""
    begun = search.output / _SETTINGS
    if not begun.exists():
        raise DataError(f"{search.output}: expected the chief's folder; it has no {_SETTINGS}")
    identity = search.identity()
    del identity["data"]
    check_folder(begun, identity, "search")


def _tuner(search, hypermodel, strategy):
    common = {
        "objective": keras_tuner.Objective(OBJECTIVE, "min"),
        "seed": search.seed,
        "directory": str(search.output),
        "project_name": "tuner",
        "overwrite": False,
        "distribution_strategy": strategy,
        # A search over rates and weights has trials that diverge; the others are worth having.
        "max_consecutive_failed_trials": sys.maxsize,
    }
    if search.algorithm == "random":
        return keras_tuner.RandomSearch(hypermodel, max_trials=search.trials, **common)
    if search.algorithm == "bayesian":
        return keras_tuner.BayesianOptimization(hypermodel, max_trials=search.trials, **common)
    return keras_tuner.Hyperband(
        hypermodel,
        max_epochs=search.trial.epochs,
        factor=HYPERBAND_FACTOR,
        hyperband_iterations=math.ceil(search.trials / hyperband_trials(search.trial.epochs)),
        **common,
    )


def hyperband_trials(epochs):
    """Trials of one iteration of keras-tuner's Hyperband, for the most epochs of a trial.

    A bracket starts with some trials and goes on with a third of them, so often as its number
    says; bracket 0 is a random search.
    """
    brackets = 1
    while epochs >= HYPERBAND_FACTOR**brackets:
        brackets += 1
    ends = math.ceil(1 + math.log(epochs, HYPERBAND_FACTOR))
    return sum(
        math.ceil(ends / (bracket + 1) * HYPERBAND_FACTOR**further)
        for bracket in range(brackets)
        for further in range(bracket + 1)
    )


def _prepare(search):
    """Crops of every scale, before the first trial: what is wrong with the data shows now."""
    splits = oulu_npu.load(search.data_root, search.protocol, search.fold)
    crops = {}
    for side in CROP_SIDES:
        config = dataclasses.replace(search.trial, crop_side=side)
        crops[side] = tuple(
            prepare_crops(
                splits[split],
                search.cache,
                CropSettings.of(config, split),
                skip_bad=search.skip_bad,
                find_eyes=search.find_eyes,
                description=f"face crops of {split}, {side} eye distances",
            )
            for split in ("train", "dev")
        )
    return crops
