"""One whole run: data set -> crops -> training -> dev threshold -> test rates -> run folder."""

import dataclasses
import logging
from pathlib import Path

import numpy as np

from despoof_keras.datasets import oulu_npu
from despoof_keras.datasets.eye_files import read_eyes
from despoof_keras.datasets.oulu_npu_protocols import SPLITS
from despoof_keras.datasets.prepare import CropSettings, prepare_crops
from despoof_keras.datasets.samples import SPECIES
from despoof_keras.evaluation import figures, rates
from despoof_keras.evaluation.score_files import PresentationScore, write_scores
from despoof_keras.evaluation.video_scores import score_crops
from despoof_keras.faces.crop import crop_face, to_network_range
from despoof_keras.training.fit import train
from despoof_keras.training.run_folder import claim_folder, read_history
from despoof_keras.utils.files import atomic_path, check_writable, write_json
from despoof_keras.utils.provenance import code_commit
from despoof_keras.utils.video import read_frames
from despoof_keras.version import __version__

logger = logging.getLogger(__name__)

THRESHOLD_RULE = "equal error rate of the dev videos, each video's score the mean of its frames"


@dataclasses.dataclass(frozen=True)
class Experiment:
    """What a run is about.

    Attributes:
        config: `TrainingConfig`.
        data_root: folder in OULU-NPU's layout.
        data: the data's name in the results.
        protocol: 1 to 4.
        fold: 1 to 6 for protocols 3 and 4, else None.
        seed: of the training.
        output: run folder.
        cache: folder for prepared crops and found eye positions.
        skip_bad: leave out unusable videos with a counted warning instead of stopping.
        find_eyes: find the eyes in videos that have no eye file.
    """

    config: object
    data_root: Path
    data: str
    protocol: int
    fold: int | None
    seed: int
    output: Path
    cache: Path
    skip_bad: bool = False
    find_eyes: bool = False

    def identity(self):
        """What a run folder must have been started with to be resumed, as JSON values."""
        return {
            "protocol": self.protocol,
            "fold": self.fold,
            "data": self.data,
            "seed": self.seed,
            "version": __version__,
            "config": dataclasses.asdict(self.config),
        }


def run_experiment(experiment, *, resume=False, distribution=None, verbose=1):
    """Runs an experiment to the end, or on from where its folder stands.

    Leaves in `output`: `run.json` (settings), `history.csv`, `tensorboard/`, `checkpoints/` (the
    newest), `model.keras`, `scores/<split>-<score>.csv`, `results.json` and `pictures/`. The model
    gives the single score that is best on dev, and carries dev's threshold for it.

    Args:
        experiment: `Experiment`.
        resume: go on with the run in `output`; without it the folder must not hold a run.
        distribution: `Distribution`; default: a single device. The machines of one
            share `output` and `data_root`.
        verbose: as in `keras.Model.fit`.

    Returns:
        The contents of `results.json`; None on machines other than the chief.

    Raises:
        DataError: the data or the folder is not as needed; nothing is lost then.
        TrainingError: see `fit.train`.
        OSError: the folder cannot be written to. What was finished is kept.
    """
    output = Path(experiment.output)
    # Asked before the training, for the checkout may be changed while it runs.
    commit = code_commit()
    splits = oulu_npu.load(experiment.data_root, experiment.protocol, experiment.fold)
    check_writable(experiment.cache)
    if distribution is None or distribution.is_chief:
        check_writable(output)
        claim_folder(output / "run.json", experiment.identity(), "run", resume)
    crops = {split: _prepare(experiment, split, splits[split]) for split in SPLITS}
    model = train(
        experiment.config,
        crops["train"],
        crops["dev"],
        output,
        seed=experiment.seed,
        resume=resume,
        distribution=distribution,
        verbose=verbose,
    )
    if model is None:
        return None
    frame_scores = (
        score_crops(model, crops[split], f"scoring {split}") for split in ("dev", "test")
    )
    dev, test = rates.add_fusion(*frame_scores)
    left_out = {split: len(crops[split].skipped) for split in SPLITS}
    results = {
        **experiment.identity(),
        "videos_left_out": left_out,
        **rates.evaluate(dev, test),
    }
    model.metadata = _metadata(model, experiment, results, commit)
    with atomic_path(output / "model.keras") as temporary:
        model.save(temporary)
    for split, frames in (("dev", dev), ("test", test)):
        _write_score_files(output / "scores", split, frames, crops[split].samples)
    _draw(output / "pictures", model, crops["test"].samples, test, results, read_history(output))
    write_json(output / "results.json", results)
    return results


def _metadata(model, experiment, results, commit):
    best = results["best_score"]
    fold = f", fold {experiment.fold}" if experiment.fold else ""
    return dataclasses.replace(
        model.metadata,
        score=best,
        threshold=results["scores"][best]["threshold"],
        threshold_rule=THRESHOLD_RULE,
        training_data=f"{experiment.data}, protocol {experiment.protocol}{fold}",
        training_commit=commit,
    )


def _prepare(experiment, split, samples):
    settings = CropSettings.of(experiment.config, split)
    return prepare_crops(
        samples,
        experiment.cache,
        settings,
        skip_bad=experiment.skip_bad,
        find_eyes=experiment.find_eyes,
        description=f"face crops of {split}",
    )


def _write_score_files(folder, split, frames, samples):
    sample_of = {sample.key: sample for sample in samples}
    for name, values in frames.scores.items():
        rows = (
            PresentationScore.of(sample_of[key], value, frame)
            for key, frame, value in zip(frames.keys, frames.frames, values, strict=True)
        )
        write_scores(folder / f"{split}-{name}.csv", rows)


def _draw(folder, model, samples, frames, results, history):
    scored = set(frames.keys)
    shown = [sample for sample in samples if sample.key in scored]
    figures.draw_panels(folder / "panels.png", model, _faces(shown, model.metadata))
    figures.draw_scores(folder / "scores.png", frames.by_video(), results)
    if history:
        figures.draw_history(folder / "history.png", history)


def _faces(samples, metadata):
    """A crop of every species, of one subject, phone and session where the protocol has them."""
    groups = {}
    for sample in samples:
        place = groups.setdefault((sample.subject, sample.phone, sample.session), {})
        place.setdefault(sample.pai, sample)
    fullest = max(groups.values(), key=len)
    faces = {}
    for pai in SPECIES:
        if pai in fullest:
            faces[pai.replace("_", " ")] = _middle_crop(fullest[pai], metadata)
    return faces


def _middle_crop(sample, metadata):
    eyes = read_eyes(sample.eye_path)
    middle = sorted(eyes)[len(eyes) // 2]
    ((_, frame),) = read_frames(sample.path, [middle])
    crop = crop_face(frame, eyes[middle], metadata.image_size, rule=metadata.crop_rule)
    return to_network_range(np.rint(crop))
