"""Train every variation with every seed on every fold, and test each on the other data too."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from despoof_keras.datasets.crops import CropSettings
from despoof_keras.datasets.data import Data
from despoof_keras.datasets.prepare import prepare_data
from despoof_keras.datasets.protocol_folds import Fold
from despoof_keras.datasets.samples import VideoSample
from despoof_keras.errors import TrainingError
from despoof_keras.evaluation.rates import rates_at
from despoof_keras.evaluation.video_scores import score_crops
from despoof_keras.models.saving import load_model
from despoof_keras.training.experiment import (
    RESULTS,
    TRAINING,
    Experiment,
    read_results,
    run_experiment,
)
from despoof_keras.training.run_folder import RUN, claim_folder
from despoof_keras.training.variations import table
from despoof_keras.training.variations.changes import Variation
from despoof_keras.utils.files import atomic_path, write_json
from despoof_keras.utils.threads import BusyTimes
from despoof_keras.version import __version__

logger = logging.getLogger(__name__)

# In the folder of each run, beside what the run leaves: its cost, and its tests on other data.
MEASURED = "measured.json"
VARIATIONS, TABLE = "variations.json", "variations.md"


@dataclasses.dataclass(frozen=True)
class OtherData:
    """Data that every model is tested on, and none is trained on.

    Attributes:
        name: of the column.
        data: how they are prepared.
        samples: the presentations.
    """

    name: str
    data: Data
    samples: list[VideoSample]

    @classmethod
    def of(cls, data: Data) -> OtherData:
        """Data with their test split; of a folder or a manifest of one's own, all of them.

        Raises:
            DataError: the data are not as needed.
        """
        is_own = data.data_set.is_own
        samples = data.presentations(None if is_own else "test")
        name = Path(data.root).stem if is_own else data.name
        return cls(name, data, samples)


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is to be run.

    Attributes:
        variations: the rows; the first is the one that the others are compared with.
        data: what to train and evaluate on; its protocol and fold do not count.
        folds: protocols and folds.
        seeds: of the trainings.
        others: further tests.
        output: folder.
    """

    variations: Sequence[Variation]
    data: Data
    folds: Sequence[Fold]
    seeds: Sequence[int]
    others: Sequence[OtherData]
    output: Path

    def experiment(self, variation: Variation, seed: int, fold: Fold) -> Experiment:
        """One of the runs; its folder is `<output>/<variation>/seed<seed>/<fold>`."""
        return Experiment(
            variation.config,
            dataclasses.replace(self.data, protocol=fold.protocol, fold=fold.fold),
            seed,
            self.output / variation.folder / f"seed{seed}" / fold.folder,
        )


def run_variations(plan: Plan, *, resume: bool = False, verbose: int | str = 1) -> dict[str, Any]:
    """Run a plan, all rows of a fold and a seed before the next.

    Leaves run folders, and `variations.json` and `variations.md`, which are written anew after
    every run. Rows may be added to a folder. A training that diverges is told in the table.

    Args:
        plan: what to run.
        resume: go on in a folder that holds variations of the same configuration.
        verbose: as in `keras.Model.fit`.

    Returns:
        The contents of `variations.json`: `rows`, mapping from each name to its `changes` and its
        `runs`, a list of `{"protocol", "fold", "seed", "score", "acer", "apcer", "bpcer", "auc",
        "training_seconds", "others"}`; `failed`, mapping from a run to why it ended early; `data`,
        `version` and `config`.

    Raises:
        DataError: a folder holds something else, or the data are not as needed.
    """
    base = plan.variations[0]
    settings = {"version": __version__, "config": dataclasses.asdict(base.config)}
    for fold in plan.folds:
        plan.experiment(base, 0, fold).data.load()
    claim_folder(plan.output / "settings.json", settings, "variations", resume)
    rows: dict[str, Any] = {
        row.name: {"changes": row.config.changes_from(base.config), "runs": []}
        for row in plan.variations
    }
    failed: dict[str, str] = {}
    results = {"data": plan.data.title, **settings, "rows": rows, "failed": failed}
    for seed in plan.seeds:
        for fold in plan.folds:
            for row in plan.variations:
                experiment = plan.experiment(row, seed, fold)
                try:
                    rows[row.name]["runs"].append(_run(experiment, plan.others, verbose))
                except TrainingError as error:
                    logger.warning("%s: %s", experiment.output, error)
                    failed[str(experiment.output.relative_to(plan.output))] = str(error)
                write_json(plan.output / VARIATIONS, results)
                with atomic_path(plan.output / TABLE) as temporary:
                    temporary.write_text(table.markdown(results), encoding="utf-8")
    return results


def _run(experiment: Experiment, others: Sequence[OtherData], verbose: int | str) -> dict[str, Any]:
    """One run's figures; of what is finished nothing is repeated."""
    folder, times = experiment.output, BusyTimes()
    # The time of a training that is gone on with would be that of its end.
    is_whole = not (folder / RUN).exists()
    logger.info("%s", folder)
    keras.utils.clear_session()
    run_experiment(experiment, resume=True, verbose=verbose, times=times)
    results = read_results(folder / RESULTS)
    measured = read_results(folder / MEASURED) if (folder / MEASURED).is_file() else {}
    if "training_seconds" not in measured:
        measured["training_seconds"] = times.seconds[TRAINING] if is_whole else None
    missing = [other for other in others if other.name not in measured.setdefault("others", {})]
    if missing:
        model = load_model(folder / "model.keras")
        for other in missing:
            measured["others"][other.name] = _test(model, experiment, other)
    write_json(folder / MEASURED, measured)
    score = results["best_score"]
    figures = results["scores"][score]
    return {
        "protocol": str(experiment.data.protocol),
        "fold": experiment.data.fold,
        "seed": experiment.seed,
        "score": score,
        **{name: figures[name] for name in ("acer", "apcer", "bpcer", "auc")},
        "training_seconds": measured["training_seconds"],
        "others": {other.name: measured["others"][other.name] for other in others},
    }


def _test(model, experiment, other):
    """Error rates of a run's model on other data, at the threshold that it carries."""
    settings = CropSettings.of(experiment.config, "test")
    crops = prepare_data(other.data, other.samples, settings, f"face crops of {other.name}")
    videos = score_crops(model, crops, f"scoring {other.name}").by_video()
    metadata = model.metadata
    return rates_at(videos, metadata.score, metadata.threshold)
