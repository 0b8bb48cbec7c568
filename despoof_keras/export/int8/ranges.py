"""Which range of values eight bits are to cover: measured on crops, with the least squared error.

The largest value of a thousand crops is a poor end of a range: it makes the steps coarse for all
others. So ends nearer to zero are tried too, and the pair with the least squared error is taken.
A convolution that an ELU follows is judged behind the ELU, which flattens everything far below
zero: most of the negative range is not worth having. The ELU's output keeps the steps of its input.
"""

import dataclasses

import numpy as np

from despoof_keras.export.graph import PROBE, probe
from despoof_keras.utils.litert import open_interpreter

INT8_LOW, INT8_HIGH = -128, 127
# Values kept of each tensor and crop: the error of a range is measured on them.
VALUES_PER_CROP = 3000
# Upper ends that are tried, as shares of the largest value.
_UPPER_SHARES = np.linspace(0.25, 1.0, 16)
# Lower ends that are tried before an ELU: exp(-2.5) is 0.08 from the floor, exp(-8) is on it.
_ELU_FLOORS = (2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 8.0)
# Shares of the lowest value that are tried elsewhere, where it is not an ELU's floor.
_LOWER_SHARES = np.linspace(0.3, 1.0, 8)
_ELU_FLOOR = -1.0
_SEED = 0


@dataclasses.dataclass(frozen=True)
class Int8:
    """How a tensor's values become eight bits: `(code - zero_point) * scale`."""

    scale: float
    zero_point: int

    @classmethod
    def covering(cls, low, high):
        """The steps that cover `[low, high]`, which holds 0."""
        scale = float(np.float32(max((high - low) / (INT8_HIGH - INT8_LOW), 1e-9)))
        return cls(scale, int(np.clip(np.rint(INT8_LOW - low / scale), INT8_LOW, INT8_HIGH)))

    def behind_elu(self):
        """The steps of an ELU's output: as wide as those of its input.

        So the ELU rounds nothing that is positive a second time. -1 is the lowest code, or the
        input's zero point where the input does not reach that far down.
        """
        lowest = int(np.ceil(-_ELU_FLOOR / self.scale))
        return Int8(self.scale, INT8_LOW + min(lowest, self.zero_point - INT8_LOW))

    def decode(self, codes):
        """Codes to values, float32."""
        return ((codes.astype(np.float32) - self.zero_point) * self.scale).astype(np.float32)

    def rounded(self, values):
        """Values as they are after eight bits."""
        codes = np.rint(values / np.float32(self.scale)) + self.zero_point
        return self.decode(np.clip(codes, INT8_LOW, INT8_HIGH))


def elu(x):
    """`x` where positive, else `exp(x) - 1`."""
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


def run_probe(model, tensors, crops):
    """What tensors inside a graph hold, crop by crop.

    Args:
        model: `schema.ModelT` with one signature.
        tensors: indices.
        crops: `(n, S, S, 3)` uint8.

    Yields:
        Mapping from index to array, for each crop.
    """
    runner = open_interpreter(probe(model, tensors)).get_signature_runner(PROBE)
    for crop in crops:
        found = runner(image=crop[np.newaxis])
        yield {index: found[str(index)] for index in tensors}


def sample_values(model, tensors, crops):
    """Values of tensors on crops: a random part of each crop's, its lowest and its highest.

    Args and errors as for `run_probe`.

    Returns:
        Mapping from index to `(values,)` float32.
    """
    random = np.random.default_rng(_SEED)
    samples = {index: [] for index in tensors}
    for found in run_probe(model, tensors, crops):
        for index, values in found.items():
            values = values.ravel()
            chosen = random.integers(0, values.size, min(VALUES_PER_CROP, values.size))
            samples[index] += [values[chosen], [values.min(), values.max()]]
    return {index: np.concatenate(parts).astype(np.float32) for index, parts in samples.items()}


def best_int8(values, before_elu=False):
    """The `Int8` with the least squared error.

    Args:
        values: `(n,)`, as from `sample_values`.
        before_elu: judge the values after an ELU.
    """
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    if before_elu:
        lows = {max(low, -floor) for floor in _ELU_FLOORS}
    elif low >= _ELU_FLOOR:
        lows = {low}
    else:
        lows = {low * share for share in _LOWER_SHARES}
    judged = elu if before_elu else np.asarray
    wanted = judged(values)
    candidates = [
        Int8.covering(one, high * share) for one in sorted(lows) for share in _UPPER_SHARES
    ]
    return min(candidates, key=lambda int8: np.mean((judged(int8.rounded(values)) - wanted) ** 2))
