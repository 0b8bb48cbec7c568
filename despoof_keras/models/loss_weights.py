"""The terms of DSNet's objective in one table, and their weights.

A term is a function in `losses` and a row here. In models and configurations saved before a term
existed its weight is 0.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping


@dataclasses.dataclass(frozen=True)
class Term:
    """A term of DSNet's objective.

    Attributes:
        function: name of a function in `losses`, or any function; it returns one value per sample,
            `(batch,)`.
        inputs: names of the function's arguments in order, among the values that
            `Despoofer.ds_net_terms` passes to `losses.term_values`.
        released: weight in the authors' released code.
        paper: weight as recalled from section 4.1 of the paper, not verified against its text.
    """

    function: str | Callable
    inputs: tuple[str, ...]
    released: float = 0.0
    paper: float = 0.0


# The last two terms are in the released code but not in the paper.
TERMS: dict[str, Term] = {
    # J_z: the 0/1 map is 0 for live faces and 1 for attacks.
    "zero_one_map": Term("zero_one_map_loss", ("zero_one_map", "label"), 6000.0, 1.0),
    # J_DQ: the live estimate has the depth of a face or of a flat medium.
    "depth": Term("depth_loss", ("depth_of_live_estimate", "depth_target"), 600.0, 0.1),
    # J_VQ: the live estimate looks live to the discriminator.
    "visual_quality": Term("visual_quality_loss", ("logits_of_live_estimate",), 100.0, 0.016),
    # J_r, live: no spectral peak in the noise.
    "repetitive_live": Term("repetitive_loss_live", ("noise", "label"), 1.0, 0.005),
    # J_r, spoof: a high spectral peak in the noise.
    "repetitive_spoof": Term("repetitive_loss_spoof", ("noise", "label"), 2.0, 0.005),
    # J_m: no noise in live faces.
    "magnitude": Term("magnitude_loss", ("noise", "label"), 500.0, 3.0),
    # The live estimate of a live face is the face itself.
    "live_reconstruction": Term(
        "live_reconstruction_loss", ("live_estimate", "hsv_rgb", "label"), 45000.0
    ),
    # The noise of an attack has a given magnitude.
    "spoof_noise": Term("spoof_noise_loss", ("noise", "label"), 30.0),
}


class LossWeights(Mapping):
    """Immutable mapping from the names in `TERMS` to weights, which are attributes as well.

    The weights apply to means over the batch.

    Args:
        **weights: weights by the names in `TERMS`; a term that is left out has the weight 0.

    Raises:
        TypeError: a name is not in `TERMS`.

    Example:
        >>> weights = LossWeights(zero_one_map=1.0, magnitude=0.5)
        >>> weights.magnitude, weights["depth"]
        (0.5, 0.0)
    """

    _weights: dict[str, float]

    def __init__(self, **weights: float):
        unknown = sorted(set(weights) - set(TERMS))
        if unknown:
            raise TypeError(
                f"loss weights: expected names among {', '.join(TERMS)}; "
                f"received {', '.join(unknown)}"
            )
        vars(self)["_weights"] = {name: float(weight) for name, weight in weights.items()}

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} cannot be changed; received {name} = {value}")

    def __getitem__(self, name: str) -> float:
        if name not in TERMS:
            raise KeyError(name)
        return self._weights.get(name, 0.0)

    def __getattr__(self, name: str) -> float:
        # `copy` and `pickle` look up private names before the object has its weights.
        if name.startswith("_") or name not in TERMS:
            raise AttributeError(f"{type(self).__name__!r} has no attribute {name!r}")
        return self[name]

    def __iter__(self) -> Iterator[str]:
        return iter(TERMS)

    def __len__(self) -> int:
        return len(TERMS)

    def __hash__(self) -> int:
        return hash(tuple(self.items()))

    def __repr__(self) -> str:
        return f"LossWeights({', '.join(f'{name}={weight}' for name, weight in self.items())})"


RELEASED_WEIGHTS = LossWeights(**{name: term.released for name, term in TERMS.items()})
PAPER_WEIGHTS = LossWeights(**{name: term.paper for name, term in TERMS.items()})
# The names that `TrainingConfig.loss_weights` accepts.
NAMED_WEIGHTS = {"released": RELEASED_WEIGHTS, "paper": PAPER_WEIGHTS}
