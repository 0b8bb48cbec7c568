"""A keras-tuner search over training runs: random, Hyperband or Bayesian, alone or shared out."""

import dataclasses
import logging
import math
import sys
from pathlib import Path

import keras_tuner

from despoof_keras.datasets import fingerprint
from despoof_keras.datasets.crops import CropSettings
from despoof_keras.datasets.data import Data
from despoof_keras.datasets.prepare import prepare_data
from despoof_keras.distribution.determinism import make_repeatable
from despoof_keras.distribution.strategy import Distribution, one_device
from despoof_keras.errors import DataError, TrainingError
from despoof_keras.training.config import TrainingConfig
from despoof_keras.training.run_folder import check_folder, claim_folder
from despoof_keras.training.search.heartbeat import report_alive, stop_without_workers
from despoof_keras.training.search.report import Outcome, describe, write_report
from despoof_keras.training.search.roles import search_role
from despoof_keras.training.search.space import (
    BATCH_SIZES,
    CROP_SIDES,
    OBJECTIVE,
    DespoofHyperModel,
)
from despoof_keras.utils.files import check_writable

logger = logging.getLogger(__name__)

ALGORITHMS = ("random", "hyperband", "bayesian")
# Hyperband trains a third of the trials three times as long, and so on.
HYPERBAND_FACTOR = 3
_SETTINGS = "search.json"
_SPLITS = ("train", "dev")


@dataclasses.dataclass(frozen=True)
class Search:
    """What a search is about.

    Attributes:
        base: settings that the best ones are written with.
        trial: the same made small, for the trials: image size, epochs, steps, frames.
        algorithm: one of `ALGORITHMS`.
        trials: number of trials; Hyperband runs as many whole iterations of its own as have at
            least that many.
        data: what to train and validate on.
        seed: of the search and of every trial.
        output: the search's folder; machines that search together share it.
    """

    base: TrainingConfig
    trial: TrainingConfig
    algorithm: str
    trials: int
    data: Data
    seed: int
    output: Path

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

    def identity(self) -> dict:
        """What a search's folder must have been started with to be resumed, as JSON values.

        The folders are left out, for they may have moved, and so is how unusable videos are
        treated, which may change when one is met. The data's title is told, but their contents
        are compared, see `run_folder.claim_folder`.
        """
        return {
            "base": dataclasses.asdict(self.base),
            "trial": dataclasses.asdict(self.trial),
            "algorithm": self.algorithm,
            "trials": self.trials,
            "data": self.data.title,
            "protocol": self.data.protocol,
            "fold": self.data.fold,
            "seed": self.seed,
        }


def run_search(
    search: Search,
    *,
    resume: bool = False,
    distribution: Distribution | None = None,
    worker_timeout: float = 600.0,
    verbose: int | str = 1,
) -> list[Outcome] | None:
    """Run a search to the end, or continue from where its folder stands.

    Leaves in `output`: `search.json` (settings), `trials.csv` (all, ranked), `best.json` (settings
    for `train_oulu.py --config`), `search.png`, and keras-tuner's own files in `tuner/`.

    With keras-tuner's environment variables set, this process is the chief or one of the workers:
    `KERASTUNER_TUNER_ID` (`chief`, `tuner0`, ...), `KERASTUNER_ORACLE_IP`,
    `KERASTUNER_ORACLE_PORT`. The chief hands out trials and writes the results.

    Args:
        search: what to search for.
        resume: continue the search in `output`; without it the folder must not hold one.
        distribution: devices of one machine that every trial trains on; default: a single device.
        worker_timeout: seconds without a sign of life of any worker after which the chief ends.
        verbose: as in `keras.Model.fit`.

    Returns:
        The outcomes, the best first; None in a worker.

    Raises:
        DataError: the data, the folder or those variables are not as needed, the devices cannot
            divide a batch of the search among them, or a worker has other settings or data than
            the chief; nothing is lost then.
        TrainingError: no trial succeeded, or the chief cannot be reached.
    """
    distribution = distribution or one_device()
    for batch_size in BATCH_SIZES:
        distribution.check(dataclasses.replace(search.trial, batch_size=batch_size))
    role = search_role()
    if role.is_chief:
        logger.info("this process is the search's chief: it hands out trials and waits for workers")
    check_writable(search.data.cache)
    if role.worker is None:
        check_writable(search.output)
    splits = search.data.load()
    contents = {split: fingerprint.describe(splits[split]) for split in _SPLITS}
    if role.worker is None:
        claim_folder(search.output / _SETTINGS, search.identity(), "search", resume, contents)
    crops = _prepare(search, splits)
    make_repeatable(search.seed, compiled=search.trial.jit_compile)
    hypermodel = DespoofHyperModel(
        search.trial,
        lambda config: crops[config.crop_side],
        search.seed,
        distribution,
    )
    strategy = distribution.strategy if distribution.replicas > 1 else None
    tuner = _tuner(search, hypermodel, strategy)
    if role.worker is not None:
        with report_alive(search.output, role.worker):
            tuner.oracle.get_space()  # waits for the chief, which has claimed the folder by then
            _check_worker(search, contents)
            _search(tuner, verbose)
        return None
    if role.is_chief:
        with stop_without_workers(search.output, worker_timeout):
            _search(tuner, verbose)
    else:
        _search(tuner, verbose)
    outcomes = describe(tuner.oracle.trials.values(), hypermodel, search.base)
    if not outcomes:
        raise TrainingError(
            f"{search.output}: no trial has ended with a {OBJECTIVE}; the reasons are in "
            f"{search.output / 'tuner'}, in the trials' trial.json"
        )
    write_report(search.output, outcomes)
    return outcomes


def _search(tuner, verbose):
    try:
        tuner.search(verbose=verbose)
    except keras_tuner.errors.FatalError as error:
        raise error.__cause__ or error from None


def _check_worker(search, contents):
    """Make sure that a worker has the chief's settings; its data may be in another folder."""
    begun = search.output / _SETTINGS
    if not begun.exists():
        raise DataError(f"{search.output}: expected the chief's folder; it has no {_SETTINGS}")
    identity = search.identity()
    del identity["data"]
    check_folder(begun, identity, "search", contents)


def _tuner(search, hypermodel, strategy):
    common = {
        "objective": keras_tuner.Objective(OBJECTIVE, "min"),
        "seed": search.seed,
        "directory": str(search.output),
        "project_name": "tuner",
        "overwrite": False,
        "distribution_strategy": strategy,
        # Some trials of a search over rates and weights diverge; the others are still useful.
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


def hyperband_trials(epochs: int) -> int:
    """Number of trials in one iteration of keras-tuner's Hyperband.

    A bracket starts with some trials and continues with a third of them as many times as its
    number says; bracket 0 is a random search.

    Args:
        epochs: most epochs of a trial.
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


def _prepare(search, splits):
    """Crops of every scale, made before the first trial, so that bad data are reported at once."""
    crops = {}
    for side in CROP_SIDES:
        config = dataclasses.replace(search.trial, crop_side=side)
        crops[side] = tuple(
            prepare_data(
                search.data,
                splits[split],
                CropSettings.of(config, split),
                f"face crops of {split}, {side} eye distances",
            )
            for split in _SPLITS
        )
    return crops
