"""The run of a system on one protocol or fold, and what the runs of a comparison share."""

from __future__ import annotations

import dataclasses
import json
import logging
import time
from collections.abc import Iterable
from pathlib import Path

import keras

from despoof_keras.datasets.crops import CropSettings
from despoof_keras.datasets.data import Data
from despoof_keras.datasets.fingerprint import describe, fingerprint
from despoof_keras.datasets.prepare import prepare_data
from despoof_keras.datasets.protocol_folds import Fold
from despoof_keras.datasets.samples import SPLITS
from despoof_keras.errors import DataError
from despoof_keras.evaluation.score_table import ScoreTable
from despoof_keras.training.comparison.adapters import SCORE, frame_scores
from despoof_keras.training.comparison.baselines import BASELINES
from despoof_keras.training.comparison.systems import FULL, System
from despoof_keras.training.experiment import Experiment, run_experiment, write_score_files
from despoof_keras.training.run_figures import read_table, score_path
from despoof_keras.training.run_folder import FINGERPRINT, RUN, check_folder, claim_folder
from despoof_keras.utils.files import write_json
from despoof_keras.utils.progress import duration

logger = logging.getLogger(__name__)

RESULTS = "results.json"


@dataclasses.dataclass(frozen=True)
class Workplace:
    """What all runs of a comparison have in common.

    Attributes:
        data: what to train and evaluate on; its protocol and fold do not count.
        seed: of all randomness.
        output: folder of the comparison; a run's is `<output>/<system>/<fold>`.
        full: folder of another command that has trained the full DSNet, `<full>/<fold>`; None
            where there is none.
        verbose: as in `keras.Model.fit`.
    """

    data: Data
    seed: int
    output: Path
    full: Path | None = None
    verbose: int | str = 1

    def data_of(self, fold: Fold) -> Data:
        """The data of a protocol and fold."""
        return dataclasses.replace(self.data, protocol=fold.protocol, fold=fold.fold)

    def experiment(self, system: System, fold: Fold) -> Experiment:
        """What a system is trained on, and where."""
        folder = self.folder(system, fold)
        return Experiment(system.config, self.data_of(fold), self.seed, folder)

    def folder(self, system: System, fold: Fold) -> Path:
        """The folder of a run: that of the other command if it has finished there."""
        if self.full and system.folder == FULL and (self.full / fold.folder / RESULTS).exists():
            return self.full / fold.folder
        return self.output / system.folder / fold.folder

    def is_finished(self, system: System, fold: Fold) -> bool:
        """Whether a run has left its scores. Its settings are checked before it is used."""
        return (self.folder(system, fold) / RESULTS).exists()

    def tables(self, system: System, fold: Fold) -> tuple[str, ScoreTable, ScoreTable]:
        """Read what a finished run has left: the score it is judged by, dev's and test's scores."""
        folder = self.folder(system, fold)
        name = system.score or _results(folder)["best_score"]
        paths = (score_path(folder, split, name) for split in ("dev", "test"))
        dev, test = (dataclasses.replace(read_table(path), source=str(path)) for path in paths)
        return name, dev, test


def check_finished(workplace: Workplace, systems: Iterable[System], fold: Fold) -> None:
    """Check that all finished runs of a fold are of the comparison's settings and data.

    Args:
        workplace: what the runs have in common.
        systems: rows of the comparison.
        fold: protocol and fold.

    Raises:
        DataError: the folder of a run holds one of other settings or data.
    """
    finished = {system.folder: system for system in systems if workplace.is_finished(system, fold)}
    if not finished:
        return
    contents = {split: describe(own) for split, own in workplace.data_of(fold).load().items()}
    for system in finished.values():
        experiment = workplace.experiment(system, fold)
        check_folder(experiment.output / RUN, _identity(system, experiment), "run", contents)


def run_fold(workplace: Workplace, system: System, fold: Fold) -> None:
    """Train and score a system on a fold, unless that is finished; go on where it was interrupted.

    Args:
        workplace: what the runs have in common.
        system: row of the comparison; a `"score"` is that of the full DSNet's run.
        fold: protocol and fold.

    Raises:
        DataError: the folder holds a run of other settings or data, or the data cannot be used.
        TrainingError: the training diverges.
    """
    if workplace.is_finished(system, fold):
        return
    experiment = workplace.experiment(system, fold)
    name = f"{system.name}, {fold.folder}"
    logger.info("%s: begins", name)
    start = time.perf_counter()
    keras.utils.clear_session()
    if system.is_run:
        run_experiment(experiment, resume=True, verbose=workplace.verbose)
    else:
        _run_baseline(workplace, system, experiment)
    logger.info("%s: done in %s", name, duration(time.perf_counter() - start))


def _run_baseline(workplace, system, experiment):
    """As `run_experiment`: the results come last, and say that all else is there."""
    output, splits = experiment.output, experiment.data.load()
    contents = {split: describe(splits[split]) for split in SPLITS}
    identity = _identity(system, experiment)
    claim_folder(output / RUN, identity, "run", True, contents)
    crops = {
        split: prepare_data(
            experiment.data, splits[split], CropSettings.of(system.config, split), f"crops: {split}"
        )
        for split in SPLITS
    }
    row = BASELINES[system.name]
    baseline = row.adapter(system.config, workplace.seed, output, workplace.verbose)
    baseline.fit(crops["train"], crops["dev"])
    for split in ("dev", "test"):
        scores = frame_scores(crops[split], baseline.scores(crops[split]))
        write_score_files(output, split, scores, crops[split].samples)
    write_json(
        output / RESULTS,
        {**identity, FINGERPRINT: fingerprint(contents), "scores": [SCORE]},
    )


def _identity(system, experiment):
    baseline = {} if system.is_run else {"baseline": system.name}
    return {**experiment.identity(), **baseline}


def _results(folder):
    path = folder / RESULTS
    try:
        results = json.loads(path.read_text(encoding="utf-8"))
        results["best_score"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{path}: expected the results of a run; {error}; remove the file, and --resume "
            "makes it anew"
        ) from error
    return results
