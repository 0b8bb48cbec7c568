"""The table of TFLite variants: what each file holds, how it is made and how exact it must be.

To add a variant, add a row to `VARIANTS`, and the functions that it names.
"""

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf

from despoof_keras.export import conversion
from despoof_keras.export.endpoints import (
    Endpoint,
    despoof_endpoint,
    light_endpoint,
    score_endpoint,
)
from despoof_keras.export.int8.choose_layers import quantise
from despoof_keras.models.despoofer import Despoofer
from despoof_keras.tflite.model import DESPOOF, SCORE

# Signature `finish(content, crops, score, gap, acer_change)`, see `int8.choose_layers.quantise`.
Finish = Callable[
    [bytes, np.ndarray, str, float, Callable[[bytes], float] | None], tuple[bytes, list[str]]
]


@dataclasses.dataclass(frozen=True)
class Bounds:
    """How far a file may be from the Keras model, on crops that it was not fitted to.

    Attributes:
        median: Median error of the score, as a share of the live-spoof gap.
        largest: Largest error of the score, as a share of the live-spoof gap.
        noise: Mean absolute error of the noise, as a share of its mean absolute value; ignored
            for files without noise.
    """

    median: float
    largest: float
    noise: float


@dataclasses.dataclass(frozen=True)
class Variant:
    """A way to write a model as a TFLite file.

    Attributes:
        name: Stem of the file's name.
        signatures: Mapping from the name of each signature to the function in `endpoints` that
            makes its function from the model. `finish` may add signatures to these.
        conversion: Function that sets the options of TensorFlow's converter.
        bounds: How far the file may be from the Keras model.
        finish: Function that turns the converter's file into the variant's, fitted to calibration
            crops; it also returns the names of the layers that it kept in float. None for files
            that stay as converted.
        score: Name of the score that the file gives; None for the model's own.
    """

    name: str
    signatures: Mapping[str, Callable[[Despoofer], Endpoint]]
    conversion: Callable[[tf.lite.TFLiteConverter], None]
    bounds: Bounds
    finish: Finish | None = None
    score: str | None = None

    @property
    def gives_noise(self) -> bool:
        """Whether the file has the signature `despoof`, with the noise and the live estimate."""
        return DESPOOF in self.signatures

    def convert(self, model: Despoofer) -> bytes:
        """Convert a model, without `finish`; see `conversion.convert`."""
        return conversion.convert(model, self.signatures, self.conversion, self.name)


_BOTH = {SCORE: score_endpoint, DESPOOF: despoof_endpoint}
# The bounds leave room above the errors in docs/quantisation.md.
_ROWS = (
    Variant(
        name="float32",
        signatures=_BOTH,
        conversion=conversion.keep_float32,
        bounds=Bounds(median=1e-4, largest=1e-3, noise=1e-4),
    ),
    Variant(
        name="float16",
        signatures=_BOTH,
        conversion=conversion.halve_weights,
        bounds=Bounds(median=0.01, largest=0.05, noise=0.02),
    ),
    Variant(
        name="dynamic",
        signatures=_BOTH,
        conversion=conversion.quantise_weights,
        bounds=Bounds(median=0.15, largest=0.60, noise=0.50),
    ),
    Variant(
        name="int8",
        # `quantise` cuts the signature `score` out of this one, so that they share their weights.
        signatures={DESPOOF: despoof_endpoint},
        conversion=conversion.keep_float32,
        bounds=Bounds(median=0.03, largest=0.25, noise=0.25),
        finish=quantise,
    ),
    Variant(
        name="light",
        signatures={SCORE: light_endpoint},
        conversion=conversion.halve_weights,
        bounds=Bounds(median=0.01, largest=0.05, noise=0.0),
        score="zero_one_map",
    ),
)
# By name, in the order in which they are exported and reported.
VARIANTS = {variant.name: variant for variant in _ROWS}
# The variant that latencies are relative to.
BASELINE = _ROWS[0]
