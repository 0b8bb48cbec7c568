"""What a model must carry to be used rightly: its crop, its score, its threshold, its origin.

NumPy only, so that a model file can be asked what it is without loading it.
"""

import dataclasses
import json
import math
import numbers
from pathlib import Path

from despoof_keras.errors import DataError
from despoof_keras.faces.crop import MAP_FACTOR, PIXEL_SCALE, RELEASED_CROP, CropRule
from despoof_keras.version import __version__

# The spoof scores that a model can give, see `scoring`.
SCORE_NAMES = ("noise", "zero_one_map", "depth")
# What `preprocessing` does, and so the only rules under which this package gives scores.
COLOUR = "RGB"
RESIZE_RULE = "tf1_bilinear"
CROP_DTYPES = ("uint8", "float32")
GIVEN_THRESHOLD_RULE = "given by the caller"
# Where TensorFlow Serving's convention puts files that go with a SavedModel and mean nothing to it.
SAVED_MODEL_METADATA = Path("assets.extra") / "despoof_keras.json"

_CROP_NAMES = tuple(field.name for field in dataclasses.fields(CropRule))
_TEXTS = ("colour", "resize", "score", "crop_dtype")
# Fields that files from before they existed do not have.
_LATER = ("licence", "model_version", "weights_sha256", "variant")
_OPTIONAL_TEXTS = (
    "threshold_rule",
    "training_data",
    "training_commit",
    "package_version",
    *_LATER,
)


@dataclasses.dataclass(frozen=True)
class ModelMetadata:
    """What goes with a model into its files.

    Attributes:
        image_size: side S of the face crops in pixels, a multiple of 8.
        score: the spoof score that the model gives, one of `SCORE_NAMES`; higher means attack.
        threshold: a presentation is called an attack when its score is at least this; None where
            nobody has chosen one, then there are scores and no decisions.
        threshold_rule: a sentence that says how the threshold was chosen, or None.
        training_data: a sentence that says what the model was trained on, or None.
        training_commit: git commit of the code that trained it, with `-dirty` where the code had
            been changed since; None where that is not known.
        crop_dtype: `"uint8"`: the crops are rounded to whole 8-bit values, as those of a training
            run are; `"float32"`: they stay as resized, as in the released model.
        colour: order of the crops' channels.
        pixel_scale: 8-bit values are divided by this before the networks see them.
        crop: `{"left", "up", "side"}`: the corner of the face square, left of and above the
            subject's right eye, and its side, all in eye distances.
        resize: name of the rule by which the square becomes S x S. `"tf1_bilinear"`: bilinear, no
            half-pixel centres, no smoothing before a reduction (`crop.resize`).
        package_version: of the package that made the model; None in files that do not tell.
        licence: under which the weights may be used, or None where nobody has said.
        model_version: a name that its makers give the model, or None.
        weights_sha256: SHA-256 of the float weights that an export was made from, in hexadecimal
            digits (`tflite_variants.weights_sha256`); None in a model that is no export.
        variant: of a TFLite export, one of `variants.VARIANTS`, else None.

    Raises:
        DataError: a value has the wrong type or is outside its range; the message names it.

    Example:
        >>> ModelMetadata(image_size=64, threshold=0.25).crop["side"]
        2.5
    """

    image_size: int
    score: str = "noise"
    threshold: float | None = None
    threshold_rule: str | None = None
    training_data: str | None = None
    training_commit: str | None = None
    crop_dtype: str = "uint8"
    colour: str = COLOUR
    pixel_scale: float = PIXEL_SCALE
    crop: dict = dataclasses.field(default_factory=lambda: dataclasses.asdict(RELEASED_CROP))
    resize: str = RESIZE_RULE
    package_version: str | None = __version__
    licence: str | None = None
    model_version: str | None = None
    weights_sha256: str | None = None
    variant: str | None = None

    def __post_init__(self):
        size = self.image_size
        whole = type(size) is int and size > 0 and size % MAP_FACTOR == 0
        self._expect("image_size", whole, f"a positive multiple of {MAP_FACTOR}")
        for name in _TEXTS:
            self._expect(name, isinstance(getattr(self, name), str), "a text")
        for name in _OPTIONAL_TEXTS:
            value = getattr(self, name)
            self._expect(name, value is None or isinstance(value, str), "a text or none")
        self._expect("score", self.score in SCORE_NAMES, f"one of {', '.join(SCORE_NAMES)}")
        self._expect("crop_dtype", self.crop_dtype in CROP_DTYPES, " or ".join(CROP_DTYPES))
        if self.threshold is not None:
            self._expect("threshold", _is_finite(self.threshold), "a finite number or none")
            object.__setattr__(self, "threshold", float(self.threshold))
        self._expect(
            "pixel_scale",
            _is_finite(self.pixel_scale) and self.pixel_scale > 0,
            "a positive finite number",
        )
        named = isinstance(self.crop, dict) and set(self.crop) == set(_CROP_NAMES)
        self._expect(
            "crop",
            named and all(map(_is_finite, self.crop.values())) and self.crop["side"] > 0,
            f"finite numbers named {', '.join(_CROP_NAMES)}, the side positive",
        )

    def _expect(self, name, is_met, expectation):
        if not is_met:
            raise DataError(f"{name}: expected {expectation}; received {getattr(self, name)!r}")

    @property
    def crop_rule(self):
        """`crop` as the `CropRule` to cut faces out by."""
        return CropRule(**self.crop)

    def check_usable(self, source):
        """Makes sure that this package crops as the model needs it.

        Args:
            source: the model's file, for the message.

        Raises:
            DataError: colour order, pixel scale or resize differ from what `preprocessing`
                does: scores would be wrong without a sign of it.
        """
        rules = {
            "colour": COLOUR,
            "pixel_scale": PIXEL_SCALE,
            "resize": RESIZE_RULE,
        }
        for name, ours in rules.items():
            found = getattr(self, name)
            if found != ours:
                raise DataError(
                    f"{source}: {name}: expected {ours!r}, as despoof_keras {__version__} prepares "
                    f"crops; the model needs {found!r}"
                )

    def with_threshold(self, threshold):
        """A copy with a threshold that the caller gives; `DataError` where it is not finite."""
        return dataclasses.replace(self, threshold=threshold, threshold_rule=GIVEN_THRESHOLD_RULE)

    def to_dict(self):
        """All fields as JSON values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values, source):
        """Back from `to_dict`.

        Args:
            values: mapping with every field; `licence` and those after it may be missing, as they
                are in older files.
            source: where it comes from, for the message.

        Raises:
            DataError: a field is missing, unknown or not as it must be.
        """
        if not isinstance(values, dict):
            raise DataError(
                f"{source}: expected an object of model metadata; found {type(values).__name__}"
            )
        names = {field.name for field in dataclasses.fields(cls)}
        missing = sorted(names - set(values) - set(_LATER))
        unknown = sorted(set(values) - names)
        if missing or unknown:
            found = [f"{name!r} is missing" for name in missing]
            found += [f"{name!r} is unknown" for name in unknown]
            raise DataError(
                f"{source}: expected the model metadata of despoof_keras {__version__}; "
                f"{', '.join(found)}"
            )
        try:
            return cls(**values)
        except DataError as error:
            raise DataError(f"{source}: {error}") from error

    def to_json(self):
        """All fields as a JSON text that ends in a newline."""
        return json.dumps(self.to_dict(), indent=2) + "\n"

    @classmethod
    def from_json(cls, text, source):
        """Back from `to_json`.

        Args:
            text: JSON, a string or UTF-8 bytes.
            source: where it comes from, for the message.

        Raises:
            DataError: it is no JSON, or see `from_dict`.
        """
        try:
            values = json.loads(text)
        except ValueError as error:
            raise DataError(f"{source}: expected model metadata as JSON; {error}") from error
        return cls.from_dict(values, source)


def _is_finite(value):
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return False
    try:
        return math.isfinite(float(value))
    except OverflowError:  # a whole number, as JSON can hold it, that no float can
        return False
