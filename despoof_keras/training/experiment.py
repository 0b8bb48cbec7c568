"""One whole run: data set -> crops -> training -> dev threshold -> test rates -> run folder."""

import csv
import dataclasses
import functools
import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from despoof_keras.datasets.balance import check_weights
from despoof_keras.datasets.crops import CropSettings, PreparedCrops
from despoof_keras.datasets.data import Data
from despoof_keras.datasets.eye_files import fill_gaps, read_eyes
from despoof_keras.datasets.fingerprint import content_stamp, describe, fingerprint
from despoof_keras.datasets.prepare import prepare_data
from despoof_keras.datasets.sample_frames import read_sample_frames
from despoof_keras.datasets.samples import SPLITS, VideoSample, species_of
from despoof_keras.datasets.simulated import with_simulated
from despoof_keras.datasets.splits import Splits
from despoof_keras.distribution.strategy import Distribution
from despoof_keras.errors import DataError
from despoof_keras.evaluation import figures, rates
from despoof_keras.evaluation.score_files import PresentationScore, write_scores
from despoof_keras.evaluation.video_scores import FrameScores, score_crops
from despoof_keras.faces.crop import crop_face, to_network_range
from despoof_keras.models.saving import load_model
from despoof_keras.training.config import TrainingConfig
from despoof_keras.training.fit import train
from despoof_keras.training.run_figures import (
    SUMMARY,
    has_scores,
    read_systems,
    results_of,
    score_path,
)
from despoof_keras.training.run_folder import FINGERPRINT, RUN, claim_folder, read_history
from despoof_keras.training.run_report import LEFT, FinishedRun, write_run_report
from despoof_keras.utils.files import atomic_path, check_writable, write_json
from despoof_keras.utils.provenance import code_commit
from despoof_keras.utils.threads import BusyTimes
from despoof_keras.version import __version__

logger = logging.getLogger(__name__)

# The stages of a run, as its times name them.
DATA, CROPS, TRAINING, SCORING, PICTURES = "data set", "crops", "training", "scoring", "pictures"
REPORT = "report"
# Holds what came out of a run; it is written last, so a run that has it is finished.
RESULTS = "results.json"


@dataclasses.dataclass(frozen=True)
class Experiment:
    """What a run is about.

    Attributes:
        config: settings of the training.
        data: what to train and evaluate on.
        seed: of the training.
        output: run folder.
        init: a trained model to begin with, see `initial_model.begin_with`; None for new networks.
        score: the score that the model is to give; None for the single one that is best on dev.
    """

    config: TrainingConfig
    data: Data
    seed: int
    output: Path
    init: Path | None = None
    score: str | None = None

    def identity(self) -> dict:
        """What a run folder must have been started with to be resumed, as JSON values.

        The title of the data is told, but need not be the same: their contents must, see
        `run_folder.claim_folder`.
        """
        return {
            "protocol": self.data.protocol,
            "fold": self.data.fold,
            "data": self.data.title,
            "seed": self.seed,
            "version": __version__,
            "config": dataclasses.asdict(self.config),
            # Of the authors' folder, which is no file, the name.
            **({} if self.init is None else {"init": content_stamp(self.init) or self.init.name}),
        }


def run_experiment(
    experiment: Experiment,
    *,
    resume: bool = False,
    distribution: Distribution | None = None,
    verbose: int | str = 1,
    times: BusyTimes | None = None,
) -> dict | None:
    """Run an experiment to the end, or continue from where its folder stands.

    Leaves in `output`: `run.json` (settings), `history.csv`, `tensorboard/`, `checkpoints/` (the
    newest), `model.keras`, `scores/<split>-<score>.csv`, `pictures/`, `report.html` and
    `report.json`, `model_card.md` and `results.json`. The model gives the single score that is best
    on dev, unless the experiment names one, and carries dev's threshold for it.

    Of a finished run that is resumed, only what is missing of its figures, its report and its card
    is made; without its score files its last checkpoint is evaluated again.

    Args:
        experiment: what to run.
        resume: continue the run in `output`; without it the folder must not hold a run.
        distribution: devices to train on; default: a single device. Machines that train together
            share `output` and the data's folder.
        verbose: as in `keras.Model.fit`.
        times: the time of each stage is added here.

    Returns:
        The contents of `results.json`; None on machines other than the chief.

    Raises:
        DataError: the data or the folder is not as needed; nothing is lost then.
        TrainingError: see `fit.train`.
        OSError: the folder cannot be written to. What was finished is kept.
    """
    output, data, times = Path(experiment.output), experiment.data, times or BusyTimes()
    # Asked before the training, for the checkout may be changed while it runs.
    commit = code_commit()
    with times.measure(DATA):
        splits = data.load()
        config = experiment.config
        train_samples = with_simulated(splits["train"], config.simulated)
        check_weights(train_samples, config.sampling_weights)
        contents = {split: describe(splits[split]) for split in SPLITS}
    check_writable(data.cache)
    is_chief = distribution is None or distribution.is_chief
    is_new = not (output / RUN).exists()
    claim = functools.partial(
        claim_folder, output / RUN, experiment.identity(), "run", resume, contents
    )
    if is_chief:
        check_writable(output)
        if not is_new:
            claim()
    if resume and (output / RESULTS).is_file() and has_scores(output):
        return _completed(experiment, splits, times) if is_chief else None
    with times.measure(CROPS):
        crops = {split: _prepare(experiment, split, splits[split]) for split in SPLITS}
    # Only now, so that a file that cannot be used leaves no folder that has to be resumed.
    if is_chief and is_new:
        claim()
    with times.measure(TRAINING):
        model = train(
            experiment.config,
            crops["train"],
            crops["dev"],
            output,
            seed=experiment.seed,
            resume=resume,
            init=experiment.init,
            distribution=distribution,
            verbose=verbose,
        )
    if model is None:
        return None
    with times.measure(SCORING):
        frame_scores = (
            score_crops(model, crops[split], f"scoring {split}") for split in ("dev", "test")
        )
        dev, test = rates.add_fusion(*frame_scores)
        for split, frames in (("dev", dev), ("test", test)):
            write_score_files(output, split, frames, crops[split].samples)
        write_left_out(output, splits, crops)
        systems = read_systems(output)
        results = {
            **experiment.identity(),
            FINGERPRINT: fingerprint(contents),
            "files_left_out": len(splits.left_out),
            "videos_left_out": {split: len(crops[split].left_out) for split in SPLITS},
            "frames_left_out": {split: len(crops[split].frames_left_out) for split in SPLITS},
            **results_of(systems, experiment.score),
        }
    model.metadata = _metadata(model, experiment, results, commit)
    with atomic_path(output / "model.keras") as temporary:
        model.save(temporary)
    with times.measure(PICTURES):
        _draw(output, model, crops["test"].samples, test, results)
    with times.measure(REPORT):
        write_run_report(FinishedRun(output, results, systems, model, data, splits, crops["test"]))
    write_json(output / RESULTS, results)
    return results


def _completed(experiment, splits, times):
    """The results of a finished run, of which what is missing is made."""
    output = experiment.output
    results = read_results(output / RESULTS)
    if SUMMARY in results and all((output / name).is_file() for name in LEFT):
        return results
    with times.measure(SCORING):
        systems = read_systems(output)
        results |= results_of(systems, experiment.score)
    with times.measure(CROPS):
        test_crops = _prepare(experiment, "test", splits["test"])
    with times.measure(REPORT):
        model = load_model(output / "model.keras")
        write_run_report(
            FinishedRun(output, results, systems, model, experiment.data, splits, test_crops)
        )
    write_json(output / RESULTS, results)
    return results


def read_results(path: Path) -> dict:
    """Read a `results.json`.

    Raises:
        DataError: the file is damaged.
    """
    try:
        results = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(results, dict):
            raise ValueError("it holds no results")
    except ValueError as error:
        raise DataError(
            f"{path}: expected the results of a run; {error}. Without the file, the model is "
            "evaluated again"
        ) from error
    return results


def _metadata(model, experiment, results, commit):
    best = results["best_score"]
    return dataclasses.replace(
        model.metadata,
        score=best,
        threshold=results["scores"][best]["threshold"],
        threshold_rule=rates.threshold_rule(),
        training_data=experiment.data.description,
        training_commit=commit,
    )


def _prepare(experiment, split, samples):
    settings = CropSettings.of(experiment.config, split)
    return prepare_data(experiment.data, samples, settings, f"face crops of {split}")


def write_score_files(
    output: Path, split: str, frames: FrameScores, samples: Sequence[VideoSample]
) -> None:
    """Write a run's score file of each score of frames.

    Args:
        output: folder of the run.
        split: the name of the split.
        frames: the scores.
        samples: the videos that the frames are of.
    """
    sample_of = {sample.key: sample for sample in samples}
    for name, values in frames.scores.items():
        rows = (
            PresentationScore.of(sample_of[key], value, frame)
            for key, frame, value in zip(frames.keys, frames.frames, values, strict=True)
        )
        write_scores(score_path(output, split, name), rows)


def write_left_out(output: Path, splits: Splits, crops: Mapping[str, PreparedCrops]) -> None:
    """List in a run's folder which files were not read, and which videos have no score, if any.

    Args:
        output: folder of the run.
        splits: what was read of the data set.
        crops: mapping from split to its crops.
    """
    path = output / "scores" / "left_out.csv"
    reasons = [(left.split, left.name, left.reason) for left in splits.left_out]
    reasons += [(split, *pair) for split, own in crops.items() for pair in own.left_out.items()]
    if not reasons:
        path.unlink(missing_ok=True)
        return
    with (
        atomic_path(path) as temporary,
        temporary.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(["split", "test_label", "reason"])
        writer.writerows(reasons)


def _draw(output, model, samples, frames, results):
    folder, history = output / "pictures", read_history(output)
    scored = {}
    for key, frame in zip(frames.keys, frames.frames, strict=True):
        scored.setdefault(key, []).append(frame)
    shown = [sample for sample in samples if sample.key in scored]
    faces = {
        name: _middle_crop(sample, scored[sample.key], model.metadata)
        for name, sample in _faces(shown).items()
    }
    figures.draw_panels(folder / "panels.png", model, faces)
    figures.draw_scores(folder / "scores.png", frames.by_video(), results)
    if history:
        figures.draw_history(folder / "history.png", history)


def _faces(samples):
    """A video of every species, of one subject, phone and session where the protocol has them."""
    groups = {}
    for sample in samples:
        place = groups.setdefault((sample.subject, sample.phone, sample.session), {})
        place.setdefault(sample.pai, sample)
    fullest = max(groups.values(), key=len)
    return {pai.replace("_", " "): fullest[pai] for pai in species_of(samples) if pai in fullest}


def _middle_crop(sample, scored, metadata):
    """The crop of the middle one of the frames that were scored."""
    eyes = fill_gaps(read_eyes(sample.eye_path, []))
    middle = scored[len(scored) // 2]
    ((_, frame),) = read_sample_frames(sample, [middle])
    crop = crop_face(frame, eyes[middle], metadata.image_size, rule=metadata.crop_rule)
    return to_network_range(np.rint(crop))
