"""The range of values that eight bits cover: measured on crops, for the least squared error.

The largest value of a thousand crops is a poor end of a range, because it makes the steps coarse
for all other values. So ends nearer to zero are tried too, and the pair with the least squared
error is taken. The output of a convolution that an ELU follows is judged after the ELU, which
flattens everything far below zero, so that most of the negative range is not worth covering. The
ELU's output keeps the steps of its input.
"""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

from despoof_keras.export.graph import PROBE, probe
from despoof_keras.utils.litert import open_interpreter

INT8_LOW, INT8_HIGH = -128, 127
# Values kept of each tensor and crop: the error of a range is measured on them.
_VALUES_PER_CROP = 3000
# Upper ends to try, as shares of the largest value.
_UPPER_SHARES = np.linspace(0.25, 1.0, 16)
# Lower ends to try before an ELU, with the sign reversed: the ELU of -2.5 is 0.08 above its floor,
# that of -8 is on it.
_ELU_FLOORS = (2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 8.0)
# Lower ends to try elsewhere, as shares of the lowest value, unless that is an ELU's floor.
_LOWER_SHARES = np.linspace(0.3, 1.0, 8)
_ELU_FLOOR = -1.0
_SEED = 0


@dataclasses.dataclass(frozen=True)
class Int8:
    """The steps of a tensor in eight bits: its values are `(code - zero_point) * scale`."""

    scale: float
    zero_point: int

    @classmethod
    def covering(cls, low: float, high: float) -> "Int8":
        """Return the steps that cover `[low, high]`, which must contain 0."""
        scale = float(np.float32(max((high - low) / (INT8_HIGH - INT8_LOW), 1e-9)))
        return cls(scale, int(np.clip(np.rint(INT8_LOW - low / scale), INT8_LOW, INT8_HIGH)))

    def behind_elu(self) -> "Int8":
        """Return the steps of an ELU's output, which are as wide as those of its input.

        That way the ELU does not round positive values a second time. The lowest code stands for
        -1, or for the lowest value of the input if that is higher.
        """
        lowest = int(np.ceil(-_ELU_FLOOR / self.scale))
        return Int8(self.scale, INT8_LOW + min(lowest, self.zero_point - INT8_LOW))

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Convert codes to values, float32."""
        return ((codes.astype(np.float32) - self.zero_point) * self.scale).astype(np.float32)

    def rounded(self, values: np.ndarray) -> np.ndarray:
        """Return values as eight bits represent them."""
        codes = np.rint(values / np.float32(self.scale)) + self.zero_point
        return self.decode(np.clip(codes, INT8_LOW, INT8_HIGH))


def elu(x: np.ndarray) -> np.ndarray:
    """Return `x` where it is positive, `exp(x) - 1` elsewhere."""
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


def run_probe(
    model: schema.ModelT, tensors: Sequence[int], crops: np.ndarray
) -> Iterator[dict[int, np.ndarray]]:
    """Compute what tensors inside a graph hold, crop by crop.

    Args:
        model: Model with one signature.
        tensors: Indices of the tensors.
        crops: `(n, S, S, 3)` uint8 RGB.

    Yields:
        Mapping from index to array, for each crop.
    """
    runner = open_interpreter(probe(model, tensors)).get_signature_runner(PROBE)
    for crop in crops:
        outputs = runner(image=crop[np.newaxis])
        yield {index: outputs[str(index)] for index in tensors}


def sample_values(
    model: schema.ModelT, tensors: Sequence[int], crops: np.ndarray
) -> dict[int, np.ndarray]:
    """Sample the values of tensors: for each crop a random part, the lowest and the highest.

    Args: As for `run_probe`.

    Returns:
        Mapping from index to `(values,)` float32.
    """
    random = np.random.default_rng(_SEED)
    samples = {index: [] for index in tensors}
    for arrays in run_probe(model, tensors, crops):
        for index, values in arrays.items():
            values = values.ravel()
            chosen = random.integers(0, values.size, min(_VALUES_PER_CROP, values.size))
            samples[index] += [values[chosen], [values.min(), values.max()]]
    return {index: np.concatenate(parts).astype(np.float32) for index, parts in samples.items()}


def best_int8(values: np.ndarray, before_elu: bool = False) -> Int8:
    """Find the steps with the least squared error.

    Args:
        values: `(n,)`, as from `sample_values`.
        before_elu: Judge the values after an ELU.
    """
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    if before_elu:
        lows = {max(low, -floor) for floor in _ELU_FLOORS}
    elif low >= _ELU_FLOOR:
        lows = {low}
    else:
        lows = {low * share for share in _LOWER_SHARES}
    activation = elu if before_elu else np.asarray
    exact = activation(values)
    candidates = [
        Int8.covering(end, high * share) for end in sorted(lows) for share in _UPPER_SHARES
    ]
    return min(
        candidates, key=lambda int8: np.mean((activation(int8.rounded(values)) - exact) ** 2)
    )
