"""The model card of a run: what the model is, what it was measured on, what it is not for.

The card is Markdown with the front matter that the Hugging Face hub reads, so that it can be the
`README.md` of a repository there, see `write_hub_folder`.

Reference: M. Mitchell et al., "Model Cards for Model Reporting", FAT* 2019; the hub's
"Model Cards" documentation for the front matter.
"""

from __future__ import annotations

import dataclasses
import json
import platform
from collections.abc import Mapping, Sequence
from importlib import metadata as installed
from pathlib import Path
from typing import Any

from despoof_keras.datasets.data import Data
from despoof_keras.datasets.samples import BONA_FIDE, SPLITS, VideoSample
from despoof_keras.errors import DataError
from despoof_keras.evaluation.report import wording
from despoof_keras.metadata import ModelMetadata
from despoof_keras.models.saving import load_model
from despoof_keras.synthesis import EMBEDDED_SET
from despoof_keras.utils.files import atomic_folder, atomic_path
from despoof_keras.version import __version__

MODEL_CARD = "model_card.md"
# The name under which the hub shows a card.
_HUB_CARD = "README.md"
_TAGS = (
    "presentation-attack-detection",
    "face-anti-spoofing",
    "face-liveness",
    "despoof-keras",
    "tensorflow",
)
# The hub has no task of its own for presentation-attack detection.
_TASK = "image-classification"
_LIBRARIES = ("keras", "tensorflow", "numpy", "scikit-learn", "scipy")
_CITATION = """```bibtex
@inproceedings{jourabloo2018despoofing, year = {2018},
  author = {Jourabloo, Amin and Liu, Yaojie and Liu, Xiaoming},
  title = {Face De-Spoofing: Anti-Spoofing via Noise Modeling},
  booktitle = {European Conference on Computer Vision (ECCV)}}
```"""


@dataclasses.dataclass(frozen=True)
class CardFacts:
    """What a model card tells.

    Attributes:
        name: of the model, such as its run folder's.
        data: what it was trained and measured on.
        splits: mapping from split to its videos.
        metadata: of the model.
        figures: of the score that the model gives, as from `summary.summarise`.
        videos_left_out: number of videos of each split that could not be used.
    """

    name: str
    data: Data
    splits: Mapping[str, Sequence[VideoSample]]
    metadata: ModelMetadata
    figures: dict
    videos_left_out: Mapping[str, int]

    @property
    def is_synthetic(self) -> bool:
        """Whether the data are the embedded set, which shows no real faces."""
        return self.data.title.startswith(EMBEDDED_SET)


def library_versions() -> dict[str, str]:
    """The versions of Python, of this package and of the libraries that figures depend on."""
    versions = {"python": platform.python_version(), "despoof_keras": __version__}
    return versions | {name: installed.version(name) for name in _LIBRARIES}


def write_model_card(folder: Path, facts: CardFacts) -> None:
    """Write `model_card.md` into a folder."""
    with atomic_path(Path(folder) / MODEL_CARD) as temporary:
        temporary.write_text(model_card(facts), encoding="utf-8", errors="backslashreplace")


def write_hub_folder(run: str | Path, folder: str | Path) -> None:
    """Write a run's model as a folder that can be uploaded to the Hugging Face hub.

    The folder holds what Keras writes for `hf://` (`config.json`, `metadata.json`,
    `model.weights.h5`, `assets/`), and the run's model card as `README.md`. Uploaded as a
    repository, `keras.saving.load_model("hf://user/name")` opens it. Saving to `hf://` with Keras
    itself would put a card of Keras' own in the place of the run's.

    Args:
        run: folder of a finished run.
        folder: folder to write, which must not exist.

    Raises:
        DataError: the run lacks its model or its card, or the folder exists.

    Example:
        >>> write_hub_folder("runs/p1-seed0", "hub")  # doctest: +SKIP
    """
    card, folder = Path(run) / MODEL_CARD, Path(folder)
    if folder.exists():
        raise DataError(f"{folder}: expected the name of a folder that does not exist yet")
    model = load_model(Path(run) / "model.keras")
    try:
        text = card.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(
            f"{card}: expected the model card of a finished run; {error.strerror}. The command "
            "that made the run writes it with --resume"
        ) from error
    with atomic_folder(folder) as temporary:
        model.save(temporary, zipped=False)
        # A repository holds no empty folders, and Keras opens this one where it looks for others.
        (temporary / "assets").mkdir(exist_ok=True)
        (temporary / "assets" / ".gitkeep").touch()
        (temporary / _HUB_CARD).write_text(text, encoding="utf-8")


def model_card(facts: CardFacts) -> str:
    """The text of a model card, front matter and all; figures are in percent."""
    parts = (
        _front_matter(facts),
        f"# {_plain(facts.name)}: face presentation-attack detection by noise modelling",
        _description(facts),
        "## Intended use",
        _intended_use(),
        "## What it must not be used for",
        _misuse(facts),
        "## Data and protocol",
        _data(facts),
        "## Figures",
        _figures(facts),
        "## Limits",
        _limits(facts),
        "## Licence",
        _licence(facts),
        "## How to use it",
        _usage(facts),
        "## Made with",
        _made_with(facts),
        "## Citation",
        _CITATION,
    )
    return "\n\n".join(parts) + "\n"


def _front_matter(facts):
    """YAML, of which JSON's values are a part, so that any text comes out as it is."""
    lines = ["library_name: keras", f"pipeline_tag: {_TASK}"]
    if facts.is_synthetic:
        lines.append("license: mit")
    else:
        lines += ["license: other", "license_name: depends-on-the-training-data"]
    lines += ["tags:", *(f"- {tag}" for tag in _TAGS)]
    metrics = [
        {
            "type": f"bpcer_at_apcer_{round(100 * float(key))}",
            "name": f"BPCER in % at APCER <= {round(100 * float(key))} %, threshold from dev",
            "value": _rounded(rate),
        }
        for key, rate in facts.figures["bpcer_at_apcer"].items()
    ]
    metrics += [
        {"type": name, "name": f"{name.upper()} in %", "value": _rounded(facts.figures[name])}
        for name in ("acer", "apcer", "bpcer", "hter")
    ]
    metrics.append({"type": "auc", "name": "AUC in %", "value": _rounded(facts.figures["auc"])})
    result = {
        "task": {"type": _TASK, "name": "Face presentation attack detection"},
        "dataset": {"type": facts.data.name, "name": facts.data.description, "split": "test"},
        "metrics": metrics,
    }
    lines.append(f"model-index: {json.dumps([{'name': facts.name, 'results': [result]}])}")
    return "\n".join(["---", *lines, "---"])


def _rounded(rate):
    return round(100 * rate, 2)


def _description(facts):
    metadata = facts.metadata
    return (
        "Three networks on one face crop of "
        f"{metadata.image_size} x {metadata.image_size} pixels: DSNet estimates the noise that a "
        "print or a display adds to a face, and what the face would look like without it; DepthNet "
        "and a discriminator judge the result. The spoof score of this model is "
        f"`{metadata.score}`, higher for attacks."
    )


def _intended_use():
    return (
        "Research on presentation-attack detection, and the comparison of methods under the "
        "protocol below. A system that admits people may use it as one signal of several, after "
        "it was evaluated on that system's own cameras, places, attacks and users."
    )


def _misuse(facts):
    sentences = [
        "- As the only safeguard of anything that matters.",
        "- Against attacks that it has not seen: masks, make-up, injected video, other printers "
        "and displays. Its error rates say nothing about them.",
        "- To identify, judge or sort people. It says nothing about who is seen.",
        "- Without a look at its errors for every group of the people who will meet it.",
    ]
    if facts.is_synthetic:
        sentences.insert(
            0, "- **On real faces at all.** It has seen nothing but synthetic faces and attacks."
        )
    return "\n".join(sentences)


def _data(facts):
    lines = [
        f"{_plain(facts.data.description[:1].upper() + facts.data.description[1:])} "
        f"(data set: {facts.data.data_set.title}"
        f"{', as synthetic faces in its layout' if facts.is_synthetic else ''}). The splits share "
        "no person.",
        "",
        "| split | videos | subjects | species | sessions | phones |",
        "|---|---|---|---|---|---|",
    ]
    for split in SPLITS:
        samples = facts.splits[split]
        left_out = facts.videos_left_out.get(split, 0)
        videos = f"{len(samples):,}" + (f", {left_out:,} left out" if left_out else "")
        species = wording.composition(
            {pai: sum(s.pai == pai for s in samples) for pai in {s.pai for s in samples}}
        )
        columns = (
            _values(s.session for s in samples),
            _values(s.phone for s in samples),
        )
        subjects = len({s.subject for s in samples})
        lines.append(f"| {split} | {videos} | {subjects} | {species} | {' | '.join(columns)} |")
    unseen = sorted(
        {s.pai for s in facts.splits["test"]} - {s.pai for s in facts.splits["train"]},
        key=wording.natural,
    )
    if unseen:
        names = wording.listing(map(wording.species_name, unseen))
        lines += ["", f"Only test has {names}: the training has not seen them."]
    return "\n".join(lines)


def _values(values):
    present = sorted({str(value) for value in values if value is not None}, key=wording.natural)
    return ", ".join(present) or wording.MISSING


def _figures(facts):
    figures, lines = facts.figures, []
    intervals = figures["intervals"]
    for key, rate in figures["bpcer_at_apcer"].items():
        achieved = wording.percent(figures["achieved_apcer"][key])
        limits = intervals["bpcer_at_apcer"].get(key)
        lines.append(_row(f"**{wording.bpcer_at(key)}**", rate, limits, f"test APCER {achieved}"))
    notes = {
        "apcer": "worst instrument, its makes pooled",
        "hter": "all attacks pooled",
        "eer_dev": "on dev, where the threshold comes from",
        "auc": "all attacks pooled",
    }
    for name in ("apcer", "bpcer", "acer", "hter", "eer_dev", "auc"):
        title = "EER" if name == "eer_dev" else name.upper()
        lines.append(_row(title, figures[name], intervals.get(name), notes.get(name, "")))
    resampling = figures["resampling"]
    lost = figures["failures_to_acquire"]
    by_species = ", ".join(
        f"{wording.species_name(pai)} {wording.percent(values['apcer'])}"
        for pai, values in sorted(
            figures["species"].items(), key=lambda item: wording.natural(item[0])
        )
        if pai != BONA_FIDE and values["apcer"] is not None
    )
    return "\n".join(
        [
            "Of the test videos, at thresholds that were chosen on dev and not changed.",
            "",
            "| figure | value | 95 % interval | |",
            "|---|---|---|---|",
            *lines,
            "",
            f"APCER by species: {by_species}. Videos without a score: {lost:,}.",
            "",
            f"Intervals: bootstrap over {resampling['unit']}s, {resampling['resamples']:,} "
            f"resamples, seed {resampling['seed']}.",
        ]
    )


def _row(title, rate, limits, note):
    interval = wording.interval(limits)
    return f"| {title} | {wording.percent(rate)} | {interval or wording.MISSING} | {note} |"


def _limits(facts):
    subjects = facts.figures["subjects"]["test"]
    persons = f"{subjects:,} persons" if subjects else "an unknown number of persons"
    return "\n".join(
        [
            f"- The figures are of {persons} and of the cameras, places and attacks of this data "
            "set. Elsewhere they will be worse.",
            "- A threshold belongs to the data that it was chosen on. Choose one on data of your "
            "own, and look at how far the error rates move with it.",
            "- Faces must be found and cut out as in training; the rule is in the model file.",
            "- Frames are judged one by one. A video's score is the mean of its frames.",
        ]
    )


def _licence(facts):
    code = "The code is MIT licensed."
    if facts.is_synthetic:
        return (
            f"{code} The embedded set is made by that code and shows nobody, so the weights are "
            "under the same licence."
        )
    return (
        f"{code} The weights come from {_plain(facts.data.title)}; whether and how they may be "
        "passed on is for the licence of these data to say, which whoever publishes this model "
        "must have read."
    )


def _usage(facts):
    metadata = facts.metadata
    threshold = (
        f"\n\nThe file carries the threshold {metadata.threshold:.6g} "
        f"({metadata.threshold_rule}): a presentation is called an attack where its score is at "
        "least that."
        if metadata.threshold is not None
        else ""
    )
    return (
        "```sh\npip install 'despoof-keras[train]'\n"
        "despoof score --model model.keras photo.jpg\n```\n\n"
        "In Python, from a folder or a repository of the hub:\n\n"
        "```python\nimport despoof_keras  # registers the model's classes\nimport keras\n\n"
        'model = keras.saving.load_model("model.keras")  # or "hf://<user>/<name>"\n'
        'scores = model.predict_scores(crops)["' + metadata.score + '"]\n'
        f"# crops: (n, {metadata.image_size}, {metadata.image_size}, 3) RGB in [0, 1], cut by "
        f"despoof_keras.crop_face\n```{threshold}"
    )


def _made_with(facts):
    metadata = facts.metadata
    lines = [
        f"- trained with despoof_keras {metadata.package_version}, commit "
        f"{metadata.training_commit or 'unknown'}",
        f"- card written with {', '.join(f'{k} {v}' for k, v in library_versions().items())}",
    ]
    return "\n".join(lines)


def _plain(text: Any) -> str:
    """A text of the user's, such as a folder's name, that Markdown shows as it is."""
    visible = str(wording.visible(str(text))).replace("\n", " ")
    return "".join(f"\\{c}" if c in "\\`*_[]<>|#" else c for c in visible)
