"""What a model must carry to be used correctly: its crop, score, threshold and origin.

NumPy only, so that a model file's metadata can be read without loading the model.
"""

import dataclasses
import json
import math
import numbers
import os
from pathlib import Path
from typing import Any

from despoof_keras.errors import DataError
from despoof_keras.faces.crop import (
    MAP_FACTOR,
    PIXEL_SCALE,
    RELEASED_CROP,
    RELEASED_RESIZE,
    RESIZE_RULES,
    CropRule,
)
from despoof_keras.version import __version__

# The spoof scores that a model can give, see `models.scores`.
SCORE_NAMES = ("noise", "zero_one_map", "depth")
# What `faces.crop` does, and therefore the only rules under which this package gives scores.
COLOUR = "RGB"
CROP_DTYPES = ("uint8", "float32")
GIVEN_THRESHOLD_RULE = "given by the caller"
# TensorFlow Serving's place for files that accompany a SavedModel and that it does not read.
SAVED_MODEL_METADATA = Path("assets.extra") / "despoof_keras.json"

_CROP_NAMES = tuple(RELEASED_CROP.place())
_TEXTS = ("colour", "resize", "score", "crop_dtype")
# Fields that older files lack.
_LATER_TEXTS = ("licence", "model_version", "weights_sha256", "variant")
_BAND = ("uncertain_from", "uncertain_to")
_LATER = (*_LATER_TEXTS, *_BAND)
_OPTIONAL_TEXTS = (
    "threshold_rule",
    "training_data",
    "training_commit",
    "package_version",
    *_LATER_TEXTS,
)


@dataclasses.dataclass(frozen=True)
class ModelMetadata:
    """What accompanies a model into its files.

    Attributes:
        image_size: side S of the face crops in pixels, a multiple of 8.
        score: name of the spoof score that the model gives, one of `SCORE_NAMES`; a higher score
            means attack.
        threshold: a presentation is classified as an attack when its score is at least this. None
            if no threshold has been chosen; then there are scores and no decisions.
        uncertain_from, uncertain_to: the band around the threshold in which a score decides
            nothing, see `evaluation.calibration`: below it a presentation is bona fide, from its
            end on an attack. Both or neither; None where it is not known.
        threshold_rule: sentence that says how the threshold was chosen, or None.
        training_data: sentence that says what the model was trained on, or None.
        training_commit: git commit of the code that trained it, with `-dirty` if the code differed
            from the commit; None if unknown.
        crop_dtype: `"uint8"` if the crops are rounded to whole 8-bit values, as in a training run;
            `"float32"` if they stay as resized, as in the released model.
        colour: order of the crops' channels.
        pixel_scale: 8-bit values are divided by this before they enter the networks.
        crop: `{"left", "up", "side"}`: the distance of the face square's corner to the left of and
            above the subject's right eye, and the square's side, all in eye distances.
        resize: name of the rule that resizes the square to S x S, one of `crop.RESIZE_RULES`.
            `"tf1_bilinear"`, the released model's, is bilinear with no half-pixel centres and no
            smoothing before a reduction; `"antialiased"` smooths (`crop.resize`).
        package_version: version of the package that made the model; None in files without it.
        licence: licence of the weights, or None if unknown.
        model_version: name that its makers give the model, or None.
        weights_sha256: SHA-256 of the float weights that an export was made from, in hexadecimal
            digits (`export.variants`); None in a model that is no export.
        variant: name of a TFLite export's variant (`export.variants`), or None.

    Raises:
        DataError: a value has the wrong type or is outside its range; the message names the field.

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
    crop: dict = dataclasses.field(default_factory=RELEASED_CROP.place)
    resize: str = RELEASED_RESIZE
    package_version: str | None = __version__
    licence: str | None = None
    model_version: str | None = None
    weights_sha256: str | None = None
    variant: str | None = None
    uncertain_from: float | None = None
    uncertain_to: float | None = None

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
        self._check_band()
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

    def _check_band(self):
        band = [getattr(self, name) for name in _BAND]
        if band == [None, None]:
            return
        around = (
            self.threshold is not None
            and all(map(_is_finite, band))
            and band[0] <= self.threshold <= band[1]
        )
        self._expect("uncertain_from", around, "a band that has the threshold in it, or none")
        for name, value in zip(_BAND, band, strict=True):
            object.__setattr__(self, name, float(value))

    def _expect(self, name, is_met, expectation):
        if not is_met:
            raise DataError(f"{name}: expected {expectation}; received {getattr(self, name)!r}")

    @property
    def crop_rule(self) -> CropRule:
        """`crop` as the rule by which faces are cut out."""
        return CropRule(**self.crop, resize=self.resize)

    def check_usable(self, source: str | os.PathLike):
        """Make sure that this package crops faces as the model needs them.

        Args:
            source: the model's file, for the message.

        Raises:
            DataError: colour order, pixel scale or resize differ from those of `faces.crop`, so
                scores would be wrong without any sign of it.
        """
        rules = {
            "colour": (COLOUR,),
            "pixel_scale": (PIXEL_SCALE,),
            "resize": RESIZE_RULES,
        }
        for name, ours in rules.items():
            needed = getattr(self, name)
            if needed not in ours:
                raise DataError(
                    f"{source}: {name}: expected {' or '.join(map(repr, ours))}, as despoof_keras "
                    f"{__version__} prepares crops; the model needs {needed!r}"
                )

    def with_threshold(self, threshold: float) -> "ModelMetadata":
        """Copy the metadata with a threshold given by the caller.

        Raises:
            DataError: the threshold is not finite.
        """
        return dataclasses.replace(
            self,
            threshold=threshold,
            threshold_rule=GIVEN_THRESHOLD_RULE,
            uncertain_from=None,
            uncertain_to=None,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return all fields as JSON values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any], source: str | os.PathLike) -> "ModelMetadata":
        """Make metadata from what `to_dict` returned.

        Args:
            values: mapping with every field; `licence` and those after it may be missing, as they
                are in older files.
            source: where the values come from, for the message.

        Raises:
            DataError: a field is missing, unknown or invalid.
        """
        if not isinstance(values, dict):
            raise DataError(
                f"{source}: expected an object of model metadata; found {type(values).__name__}"
            )
        names = {field.name for field in dataclasses.fields(cls)}
        missing = sorted(names - set(values) - set(_LATER))
        unknown = sorted(set(values) - names)
        if missing or unknown:
            problems = [f"{name!r} is missing" for name in missing]
            problems += [f"{name!r} is unknown" for name in unknown]
            raise DataError(
                f"{source}: expected the model metadata of despoof_keras {__version__}; "
                f"{', '.join(problems)}"
            )
        try:
            return cls(**values)
        except DataError as error:
            raise DataError(f"{source}: {error}") from error

    def to_json(self) -> str:
        """Return all fields as a JSON text that ends in a newline."""
        return json.dumps(self.to_dict(), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes, source: str | os.PathLike) -> "ModelMetadata":
        """Make metadata from what `to_json` returned.

        Args:
            text: JSON, a string or UTF-8 bytes.
            source: where the text comes from, for the message.

        Raises:
            DataError: it is no JSON, or as for `from_dict`.
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
    except OverflowError:  # a whole number that JSON can hold and a float cannot
        return False
