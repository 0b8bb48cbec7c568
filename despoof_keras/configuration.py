"""One training run's settings, checked when they are made, and their file form."""

import dataclasses
import json
from pathlib import Path

from despoof_keras.errors import DataError
from despoof_keras.metadata import SCORE_NAMES

LOSS_WEIGHTS = ("released", "paper")
DTYPE_POLICIES = ("float32", "mixed_float16", "mixed_bfloat16")


@dataclasses.dataclass(frozen=True)
class TrainingConfig:
    """Settings of a training run.

    Attributes:
        image_size: side of the face crops in pixels, a multiple of 8.
        batch_size: crops in a step, even: half bona fide, half attacks.
        epochs: passes between validations.
        steps_per_epoch: steps in an epoch; None: as many as show every attack crop once.
        frames_per_video: frames taken from each video, evenly spread; None takes all.
        jitter: largest shift of a training crop, in pixels.
        colour_jitter: spread of a training crop's gains, see `pipeline.training_batches`.
        learning_rate: Adam's, the same for the three networks.
        decay_rate: factor on the learning rate every `decay_epochs` epochs (staircase).
        decay_epochs: see `decay_rate`.
        loss_weights: `"released"` or `"paper"`.
        attack_depth: `"zero"` or `"face"`, see `Despoofer`.
        face_depth: `"mesh"` or `"generic"`, see `preparation.CropSettings`.
        depth_variant: `"compact"` or `"full"`, see `build_depth_net`.
        pooling: `"early"` or `"late"`, of DSNet and the compact DepthNet, see `layers.encoder`.
        average_decay: decay of the weights' moving averages, or None.
        monitor_score: score behind `val_acer` and `val_auc`.
        dtype_policy: Keras dtype policy: `"float32"`, `"mixed_float16"` or `"mixed_bfloat16"`.

    Raises:
        DataError: a value is outside its range; the message names it.
    """

    image_size: int = 256
    batch_size: int = 6
    epochs: int = 100
    steps_per_epoch: int | None = None
    frames_per_video: int | None = 10
    jitter: int = 8
    colour_jitter: float = 0.0
    learning_rate: float = 3e-5
    decay_rate: float = 0.8
    decay_epochs: int = 15
    loss_weights: str = "released"
    attack_depth: str = "zero"
    face_depth: str = "mesh"
    depth_variant: str = "compact"
    pooling: str = "early"
    average_decay: float | None = 0.9999
    monitor_score: str = "noise"
    dtype_policy: str = "float32"

    def __post_init__(self):
        positive = (
            "image_size",
            "batch_size",
            "epochs",
            "learning_rate",
            "decay_rate",
            "decay_epochs",
        )
        for field in dataclasses.fields(self):
            if str(field.type).startswith("int"):
                value = getattr(self, field.name)
                self._expect(field.name, value is None or type(value) is int, "a whole number")
        for name in positive:
            self._expect(name, getattr(self, name) > 0, "a positive number")
        for name in ("steps_per_epoch", "frames_per_video"):
            value = getattr(self, name)
            self._expect(name, value is None or value > 0, "a positive number or none")
        self._expect("image_size", self.image_size % 8 == 0, "a multiple of 8")
        self._expect(
            "batch_size", self.batch_size % 2 == 0, "an even number (half bona fide, half attacks)"
        )
        self._expect(
            "jitter",
            0 <= self.jitter < self.image_size // 4,
            "at least 0, under a quarter of image_size",
        )
        self._expect("colour_jitter", 0 <= self.colour_jitter < 1, "at least 0, under 1")
        decay = self.average_decay
        self._expect("average_decay", decay is None or 0 < decay < 1, "between 0 and 1, or none")
        choices = {
            "loss_weights": LOSS_WEIGHTS,
            "attack_depth": ("zero", "face"),
            "face_depth": ("mesh", "generic"),
            "depth_variant": ("compact", "full"),
            "pooling": ("early", "late"),
            "monitor_score": SCORE_NAMES,
            "dtype_policy": DTYPE_POLICIES,
        }
        for name, values in choices.items():
            self._expect(name, getattr(self, name) in values, f"one of {', '.join(values)}")

    def _expect(self, name, is_met, expectation):
        if not is_met:
            raise DataError(f"{name}: expected {expectation}; received {getattr(self, name)!r}")

    def to_file(self, path):
        """Writes the settings as JSON."""
        Path(path).write_text(
            json.dumps(dataclasses.asdict(self), indent=2) + "\n", encoding="utf-8"
        )

    @classmethod
    def from_file(cls, path):
        """Reads settings from a JSON file; names it leaves out keep their defaults.

        Raises:
            DataError: no JSON object is there, a name is unknown or a value is out of range.
        """
        try:
            values = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise DataError(
                f"{path}: expected a JSON file of training settings; {error}"
            ) from error
        names = {field.name for field in dataclasses.fields(cls)}
        if not isinstance(values, dict) or not set(values) <= names:
            unknown = (
                sorted(set(values) - names) if isinstance(values, dict) else type(values).__name__
            )
            raise DataError(
                f"{path}: expected an object with names among {sorted(names)}; found {unknown}"
            )
        try:
            return cls(**values)
        except (DataError, TypeError) as error:
            raise DataError(f"{path}: {error}") from error
