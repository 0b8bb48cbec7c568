"""Settings of a training run: checked on construction, read from and written to JSON."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

from despoof_keras.datasets.balance import Balance
from despoof_keras.datasets.samples import PHYSICS, WAYS, SimulatedVideos
from despoof_keras.errors import DataError
from despoof_keras.faces.crop import MAP_FACTOR, RELEASED_CROP, RESIZE_RULES, CropRule
from despoof_keras.metadata import SCORE_NAMES
from despoof_keras.models.loss_weights import NAMED_WEIGHTS, TERMS, LossWeights

DTYPE_POLICIES = ("float32", "mixed_float16", "mixed_bfloat16")

_POSITIVE = (
    "image_size",
    "batch_size",
    "epochs",
    "crop_side",
    "learning_rate",
    "decay_rate",
    "decay_epochs",
    "width",
)
_POSITIVE_OR_NONE = (
    "steps_per_epoch",
    "frames_per_video",
    "validation_frames",
    "depth_learning_rate",
    "discriminator_learning_rate",
    "global_clipnorm",
    "patience",
)


def _is_weight(value):
    return type(value) in (int, float) and 0 <= value < math.inf


@dataclasses.dataclass(frozen=True)
class TrainingConfig:
    """Settings of a training run.

    Attributes:
        image_size: side of the face crops in pixels, a multiple of 8.
        batch_size: crops in a step.
        attack_share: share of attacks in every step, the rest being bona fide: whole numbers of
            crops, at least one of each.
        sampling_weights: how often crops are drawn within their class, by columns and values, such
            as `{"pai": {"print_1": 2}, "data_set": {}}`; see `balance.Balance`.
        epochs: number of epochs; validation follows each.
        steps_per_epoch: steps in an epoch; None: so many that as many crops are shown as there are
            of the class that takes longer, as a rule attacks.
        frames_per_video: frames taken from each video at even intervals; None takes all.
        validation_frames: crops of each dev video that training is validated on after every epoch,
            at most; None takes all. The evaluation at the end of a run always takes all.
        jitter: largest random shift of a training crop, in pixels.
        colour_jitter: spread of a training crop's colour gains, see `batches.training_batches`.
        amplitude_mixing: largest share of another training crop's light and colour, the amplitudes
            of its low frequencies, see `amplitudes.mix_amplitudes`.
        crop_side: side of the face square in eye distances, see `CropRule`.
        resize: how the square is resized: `"tf1_bilinear"`, as in the released code, or
            `"antialiased"`, see `crop.resize`.
        simulated_attacks: videos of simulated attacks in training for each bona fide one, half of
            them prints, see `SimulatedAttack`; their species are `simulated_print` and
            `simulated_replay`.
        simulated_by: how those attacks are made, `"physics"`, `"spsc"` or `"fas_aug"`.
        simulated_fresh: whether crops are simulated anew whenever they are drawn, and of crops
            rather than frames; otherwise once, when crops are prepared.
        simulated_border: whether the media may end within the crop, see `SimulatedAttack`.
        simulated_captures: bona fide videos in training for each recorded one that passed the
            camera of the simulated attacks, see `SimulatedCapture`.
        data_parts: number of disjoint parts of the prepared crops that contribute equally to every
            batch, a multiple of the number of machines, each of which reads its own parts; see
            `batches.training_batches`.
        learning_rate: Adam's learning rate for DSNet.
        depth_learning_rate, discriminator_learning_rate: learning rates of the other two networks;
            None: as for DSNet.
        global_clipnorm: largest norm of a network's gradient; None does not clip.
        layer_rates: factors on the learning rates of single layers, by patterns of their names,
            such as `{"depth_net": 0, "ds_net/encoder_*": 0.1}`; 0 freezes, see
            `layer_rates.freeze_layers`.
        patience: stop when so many epochs were no better on dev than one before, and keep the best;
            see `early_stopping`. None trains all epochs and keeps the last.
        decay_rate: factor on the learning rate after every `decay_epochs` epochs (staircase).
        decay_epochs: see `decay_rate`.
        loss_weights: `"released"`, `"paper"`, or a mapping from names in `loss_weights.TERMS` to
            weights; a term that is left out has the weight 0.
        attack_depth: `"zero"` or `"face"`, see `Despoofer`.
        visual_quality_on: `"all"` or `"attack"`, see `Despoofer`.
        depth_pretraining_epochs: epochs in which DepthNet is trained alone, before the `epochs` in
            which it stays as it is; 0: it has its turn in every step, as in the released code.
        face_depth: `"mesh"` or `"generic"`, see `CropSettings`.
        depth_variant: `"compact"` or `"full"`, see `build_depth_net`.
        pooling: `"early"` or `"late"`, in DSNet and the compact DepthNet, see `encoder.encode`.
        decoder_stride: 8 (released), 4 or 2, see `build_ds_net`.
        width: factor on the channels of the three networks.
        synchronized_norm: when training on several devices, normalise by the statistics of the
            whole batch instead of each device's part.
        average_decay: decay of the weights' moving averages; None keeps no averages.
        monitor_score: spoof score behind `val_acer` and `val_auc`.
        dtype_policy: Keras dtype policy: `"float32"`, `"mixed_float16"` or `"mixed_bfloat16"`.
        jit_compile: compile losses and gradients with XLA.

    Raises:
        DataError: a value is out of range; the message names the setting.
    """

    image_size: int = 256
    batch_size: int = 6
    attack_share: float = 0.5
    sampling_weights: dict[str, dict[str, float]] = dataclasses.field(default_factory=dict)
    epochs: int = 100
    steps_per_epoch: int | None = None
    frames_per_video: int | None = 10
    validation_frames: int | None = None
    jitter: int = 8
    colour_jitter: float = 0.0
    amplitude_mixing: float = 0.0
    crop_side: float = RELEASED_CROP.side
    resize: str = RELEASED_CROP.resize
    simulated_attacks: int = 0
    simulated_captures: int = 0
    simulated_by: str = PHYSICS
    simulated_fresh: bool = False
    simulated_border: bool = False
    data_parts: int = 1
    learning_rate: float = 3e-5
    depth_learning_rate: float | None = None
    discriminator_learning_rate: float | None = None
    global_clipnorm: float | None = None
    layer_rates: dict[str, float] = dataclasses.field(default_factory=dict)
    patience: int | None = None
    decay_rate: float = 0.8
    decay_epochs: int = 15
    loss_weights: str | dict[str, float] = "released"
    attack_depth: str = "zero"
    visual_quality_on: str = "all"
    depth_pretraining_epochs: int = 0
    face_depth: str = "mesh"
    depth_variant: str = "compact"
    pooling: str = "early"
    decoder_stride: int = 8
    width: float = 1.0
    synchronized_norm: bool = False
    average_decay: float | None = 0.9999
    monitor_score: str = "noise"
    dtype_policy: str = "float32"
    jit_compile: bool = False

    def __post_init__(self) -> None:
        self._check_types()
        for name in _POSITIVE:
            self._expect(name, getattr(self, name) > 0, "a positive number")
        for name in _POSITIVE_OR_NONE:
            value = getattr(self, name)
            self._expect(name, value is None or value > 0, "a positive number or none")
        whole_maps = self.image_size % MAP_FACTOR == 0
        self._expect("image_size", whole_maps, f"a multiple of {MAP_FACTOR}")
        self._expect(
            "jitter",
            0 <= self.jitter < self.image_size // 4,
            "at least 0 and less than a quarter of image_size",
        )
        pretraining = self.depth_pretraining_epochs
        self._expect("depth_pretraining_epochs", pretraining >= 0, "at least 0")
        for name in ("simulated_attacks", "simulated_captures"):
            self._expect(name, getattr(self, name) >= 0, "at least 0")
        self._expect("colour_jitter", 0 <= self.colour_jitter < 1, "at least 0 and less than 1")
        self._expect("amplitude_mixing", 0 <= self.amplitude_mixing <= 1, "from 0 to 1")
        decay = self.average_decay
        self._expect("average_decay", decay is None or 0 < decay < 1, "between 0 and 1, or none")
        self._check_sampling()
        self._check_loss_weights()
        choices = {
            "resize": RESIZE_RULES,
            "simulated_by": WAYS,
            "attack_depth": ("zero", "face"),
            "visual_quality_on": ("all", "attack"),
            "face_depth": ("mesh", "generic"),
            "depth_variant": ("compact", "full"),
            "pooling": ("early", "late"),
            "decoder_stride": (8, 4, 2),
            "monitor_score": SCORE_NAMES,
            "dtype_policy": DTYPE_POLICIES,
        }
        for name, values in choices.items():
            self._expect(
                name, getattr(self, name) in values, f"one of {', '.join(map(str, values))}"
            )

    def _check_types(self):
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            kind = field.type.__name__ if isinstance(field.type, type) else str(field.type)
            if value is None and kind.endswith("None"):
                continue
            if kind.startswith("int"):
                self._expect(field.name, type(value) is int, "a whole number")
            elif kind.startswith("float"):
                self._expect(field.name, type(value) in (int, float), "a number")
            elif kind == "bool":
                self._expect(field.name, type(value) is bool, "true or false")

    def _check_sampling(self):
        self._expect("attack_share", 0 < self.attack_share < 1, "between 0 and 1")
        rows = self.balance.rows(self.batch_size)
        self._expect(
            "batch_size",
            rows is not None,
            f"a number of which attack_share ({self.attack_share:g}) and the rest are whole "
            "numbers of crops, at least 1",
        )
        parts = self.data_parts
        shared = parts > 0 and not any(count % parts for count in rows)
        self._expect(
            "data_parts", shared, f"a divisor of {rows[0]} and {rows[1]}, the crops of each class"
        )
        is_met = isinstance(self.sampling_weights, dict) and all(
            isinstance(of_values, dict) and all(map(_is_weight, of_values.values()))
            for of_values in self.sampling_weights.values()
        )
        self._expect(
            "sampling_weights",
            is_met,
            'for each column its values with non-negative numbers, such as {"pai": {"print": 2}}',
        )

        rates = self.layer_rates
        self._expect(
            "layer_rates",
            isinstance(rates, dict) and all(map(_is_weight, rates.values())),
            'names of layers with non-negative numbers, such as {"ds_net/encoder_*": 0.1}',
        )

    def _check_loss_weights(self):
        weights = self.loss_weights
        if isinstance(weights, dict):
            known = set(weights) <= set(TERMS)
            numbers = all(type(value) in (int, float) and value >= 0 for value in weights.values())
            is_met = known and numbers and any(weights.values())
        else:
            is_met = weights in NAMED_WEIGHTS
        self._expect(
            "loss_weights",
            is_met,
            f"{' or '.join(NAMED_WEIGHTS)}, or non-negative numbers, not all 0, for some of "
            f"{', '.join(TERMS)}",
        )

    def term_weights(self) -> LossWeights:
        """Return the weights that `loss_weights` names or holds."""
        if isinstance(self.loss_weights, dict):
            return LossWeights(**self.loss_weights)
        return NAMED_WEIGHTS[self.loss_weights]

    @property
    def balance(self) -> Balance:
        """How often crops are drawn."""
        return Balance(self.attack_share, self.sampling_weights)

    @property
    def crop_rule(self) -> CropRule:
        """Rule of the face crops."""
        place = RELEASED_CROP.scaled(self.crop_side)
        return dataclasses.replace(place, resize=self.resize)

    @property
    def simulated(self) -> SimulatedVideos:
        """What is made of every bona fide video of the train split."""
        return SimulatedVideos(
            self.simulated_attacks,
            self.simulated_captures,
            self.simulated_by,
            self.simulated_fresh,
            self.simulated_border,
        )

    def changes_from(self, other: TrainingConfig) -> dict[str, Any]:
        """The settings that are not those of another configuration, by name."""
        own, others = dataclasses.asdict(self), dataclasses.asdict(other)
        return {name: value for name, value in own.items() if value != others[name]}

    def _expect(self, name: str, is_met: bool, expectation: str) -> None:
        if not is_met:
            raise DataError(f"{name}: expected {expectation}; received {getattr(self, name)!r}")

    def to_file(self, path: str | Path) -> None:
        """Write the settings as JSON."""
        Path(path).write_text(
            json.dumps(dataclasses.asdict(self), indent=2) + "\n", encoding="utf-8"
        )

    @classmethod
    def from_file(cls, path: str | Path) -> TrainingConfig:
        """Read settings from a JSON file; settings that it leaves out have their defaults.

        Raises:
            DataError: the file does not hold a JSON object, a name is unknown or a value is out of
                range.
        """
        try:
            values: Any = json.loads(Path(path).read_text(encoding="utf-8"))
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
                f"{path}: expected an object with names among {sorted(names)}; received {unknown}"
            )
        try:
            return cls(**values)
        except (DataError, TypeError) as error:
            raise DataError(f"{path}: {error}") from error
