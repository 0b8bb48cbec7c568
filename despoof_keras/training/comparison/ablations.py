"""What DSNet is trained without, or otherwise: a table of changes to a configuration.

Which of a run's scores is used is an ablation too, which takes no training: a run has score files
of each.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable

from despoof_keras.errors import DataError
from despoof_keras.models.loss_weights import TERMS
from despoof_keras.training.config import TrainingConfig
from despoof_keras.training.presets import paper_reading


@dataclasses.dataclass(frozen=True)
class Ablation:
    """A row of `ABLATIONS`: its title in tables, and the change to a configuration."""

    title: str
    change: Callable[[TrainingConfig], TrainingConfig]


def spoken(name: str) -> str:
    """The name of a term or a score as tables have it, such as `"0/1 map"`."""
    return name.replace("zero_one", "0/1").replace("_", " ")


def without_term(name: str, config: TrainingConfig) -> TrainingConfig:
    """The configuration with a term of DSNet's objective left out.

    Raises:
        DataError: no term is left.
    """
    return dataclasses.replace(config, loss_weights={**config.term_weights(), name: 0.0})


def _with(config: TrainingConfig, **changes) -> TrainingConfig:
    return dataclasses.replace(config, **changes)


ABLATIONS = {
    f"without_{name}": Ablation(
        f"without the term {spoken(name)}", functools.partial(without_term, name)
    )
    for name in TERMS
} | {
    "attack_depth_zero": Ablation(
        "depth zero asked of an attack's live estimate",
        functools.partial(_with, attack_depth="zero"),
    ),
    "attack_depth_face": Ablation(
        "a face's depth asked of an attack's live estimate",
        functools.partial(_with, attack_depth="face"),
    ),
    "paper_weights": Ablation(
        "the paper's loss weights, as recalled", functools.partial(_with, loss_weights="paper")
    ),
    "paper_reading": Ablation("the paper as a reader's published notes give it", paper_reading),
}


def ablated(name: str, config: TrainingConfig) -> TrainingConfig | None:
    """The configuration of an ablation; None where it would train what the full one trains.

    There is none either where the ablation would leave out the only term.

    Args:
        name: a key of `ABLATIONS`.
        config: the full configuration.
    """
    try:
        changed = ABLATIONS[name].change(config)
    except DataError:
        return None
    return None if _spelled_out(changed) == _spelled_out(config) else changed


def _spelled_out(config):
    return dataclasses.replace(config, loss_weights=dict(config.term_weights()))
