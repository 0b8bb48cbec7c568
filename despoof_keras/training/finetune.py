"""A trained model is trained on with other data, and compared with what it was."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from despoof_keras.datasets.crops import CropSettings
from despoof_keras.datasets.data import Data
from despoof_keras.datasets.prepare import prepare_data
from despoof_keras.datasets.simulated import warn_of_simulated
from despoof_keras.evaluation.comparison import compare
from despoof_keras.evaluation.rates import add_fusion, dev_threshold, rates_at
from despoof_keras.evaluation.report.page import Report, System, write_report
from despoof_keras.evaluation.summary import summarise
from despoof_keras.evaluation.video_scores import score_crops
from despoof_keras.models.despoofer import Despoofer
from despoof_keras.models.saving import load_model
from despoof_keras.training.config import TrainingConfig
from despoof_keras.training.experiment import (
    RESULTS,
    Experiment,
    run_experiment,
    write_score_files,
)
from despoof_keras.training.initial_model import config_for, load_initial
from despoof_keras.training.run_figures import read_table, score_path
from despoof_keras.utils.files import write_json
from despoof_keras.utils.threads import BusyTimes

BEFORE, AFTER, OLD, SIMULATED = "before", "after", "old_data", "simulated_attacks"
# The folder of the report about both models.
COMPARISON = "comparison"
_COMPARING = "comparison"


def run_finetuning(
    experiment: Experiment,
    init: Path,
    *,
    old: Data | None = None,
    resume: bool = False,
    verbose: int | str = 1,
    times: BusyTimes | None = None,
) -> dict[str, Any]:
    """Train a model on with an experiment's data, and compare both.

    Leaves in `output` what `run_experiment` does; `before/scores/`, the scores of the model that it
    began with on the same presentations; and `comparison/report.html`.

    Args:
        experiment: what to run; the size and the rule of its crops are those of the model.
        init: the model, as for `initial_model.load_initial`.
        old: data that the model was trained on before, on whose test split both are tried.
        resume: continue the run in `output`.
        verbose: as in `keras.Model.fit`.
        times: the time of each stage is added here.

    Returns:
        The contents of `results.json`: those of the run, and `"before"`, `"after"` and, with `old`,
        `"old_data"`, which has `"data"`, `"protocol"`, `"fold"`, `"before"` and `"after"`. Each is
        `{"score", "eer_dev", "at_dev_threshold", "at_own_threshold"}`: the rates on test, see
        `rates.rates_at`, of the model's own score, at the threshold that the same data's dev split
        gives and at the model's own, which is None where it has none. `"difference"` is that of
        `comparison.compare`, after minus before, each at dev's threshold. `"simulated_attacks"`
        lists the splits that had no attacks, and were given simulated ones.

    Raises:
        DataError, TrainingError, OSError: as for `run_experiment`, or as for
            `initial_model.config_for`.
    """
    times = times or BusyTimes()
    given = load_initial(init)
    config = config_for(given, experiment.config)
    # Whoever has no attacks yet has live faces at least.
    data = dataclasses.replace(experiment.data, simulate_attacks=True)
    simulated = warn_of_simulated(data.load(), data.root)
    # A few subjects' dev videos do not tell which score is the best.
    experiment = dataclasses.replace(
        experiment, config=config, data=data, init=init, score=given.score
    )
    output = Path(experiment.output)
    results = run_experiment(experiment, resume=resume, verbose=verbose, times=times)
    assert results is not None  # of the chief, and there is one machine
    if AFTER in results:
        return results
    results[SIMULATED] = simulated
    with times.measure(_COMPARING):
        models = {BEFORE: given, AFTER: load_model(output / "model.keras")}
        for name, model in models.items():
            # The run has left those of the model that it made.
            folder = output / BEFORE if name == BEFORE else None
            results[name] = _rates(model, experiment.data, config, folder)
        if old is not None:
            results[OLD] = {
                "data": old.title,
                "protocol": old.protocol,
                "fold": old.fold,
                **{name: _rates(model, old, config) for name, model in models.items()},
            }
        systems = {
            BEFORE: _system(output / BEFORE, given.score),
            AFTER: _system(output, models[AFTER].score),
        }
        (difference,) = compare(
            {name: (system.dev, system.test) for name, system in systems.items()},
            pairs=[(AFTER, BEFORE)],
        )
        results["difference"] = difference
        _write_report(output / COMPARISON, experiment, systems, difference, simulated)
    write_json(output / RESULTS, results)
    return results


def _rates(
    model: Despoofer, data: Data, config: TrainingConfig, folder: Path | None = None
) -> dict[str, Any]:
    """A model's error rates on data; its scores are written into a folder, if there is one."""
    splits = data.load()
    frames, crops = {}, {}
    for split in ("dev", "test"):
        settings = CropSettings.of(config, split)
        crops[split] = prepare_data(data, splits[split], settings, f"face crops of {split}")
        frames[split] = score_crops(model, crops[split], f"scoring {split}")
    if folder is not None:
        for split, scored in zip(frames, add_fusion(*frames.values()), strict=True):
            write_score_files(folder, split, scored, crops[split].samples)
    dev, test = (frames[split].by_video() for split in ("dev", "test"))
    eer_dev, threshold = dev_threshold(dev, model.score)
    own = model.metadata.threshold
    return {
        "score": model.score,
        "eer_dev": eer_dev,
        "at_dev_threshold": rates_at(test, model.score, threshold),
        "at_own_threshold": None if own is None else rates_at(test, model.score, own),
    }


def _system(folder, score):
    dev, test = (read_table(score_path(folder, split, score)) for split in ("dev", "test"))
    return System(dev, test, summarise(dev, test))


def _note_of(simulated):
    if simulated:
        yield (
            f"There are no attacks in {', '.join(simulated)}: those of the report are simulated, "
            "and their error rates say nothing of other attacks."
        )


def _write_report(folder, experiment, systems, difference, simulated):
    write_report(
        folder,
        Report(
            title=f"Before and after: {experiment.data.title}",
            systems=systems,
            comparisons=[difference],
            settings={"config": dataclasses.asdict(experiment.config), "seed": experiment.seed},
            notes=[
                f"Before: {experiment.init.name}, as it was. After: trained on with "
                f"{experiment.data.description}. Thresholds of both are chosen on its dev split.",
                *_note_of(simulated),
            ],
        ),
    )
