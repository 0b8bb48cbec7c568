"""The systems of a comparison: DSNet, each of its scores, baselines and ablations, one row each."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from despoof_keras.errors import DataError
from despoof_keras.evaluation.rates import FUSION
from despoof_keras.metadata import SCORE_NAMES
from despoof_keras.training.comparison.ablations import ABLATIONS, ablated, spoken
from despoof_keras.training.comparison.adapters import SCORE as BASELINE_SCORE
from despoof_keras.training.comparison.baselines import BASELINES
from despoof_keras.training.config import TrainingConfig

FULL = "full"
# Kinds of systems, in the order of the table.
RUN, SCORE, BASELINE, ABLATION = "full", "score", "baseline", "ablation"
# Names that stand for several systems.
GROUPS = {"baselines": BASELINE, "ablations": ABLATION}


@dataclasses.dataclass(frozen=True)
class System:
    """A row of the comparison.

    Attributes:
        name: of the row, and of the folder with its runs.
        title: what tables call it.
        kind: `"full"`, `"score"`, `"baseline"` or `"ablation"`.
        config: what it is trained with.
        score: the score that it is judged by; None for the single score that is best on dev.
    """

    name: str
    title: str
    kind: str
    config: TrainingConfig
    score: str | None = None

    @property
    def folder(self) -> str:
        """Name of the folder with its runs; the scores of the full DSNet come from the same."""
        return FULL if self.kind == SCORE else self.name

    @property
    def is_run(self) -> bool:
        """Whether it has run folders, as `run_experiment` makes them."""
        return self.kind != BASELINE


def systems_of(config: TrainingConfig) -> dict[str, System]:
    """List all systems that can be compared with the DSNet of a configuration, by name.

    Ablations that would train what the full DSNet trains are left out.
    """
    systems = [System(FULL, "DSNet, the single score that is best on dev", RUN, config)]
    for score in (*SCORE_NAMES, FUSION):
        title = f"DSNet, score {spoken(score)}"
        systems.append(System(f"score_{score}", title, SCORE, config, score))
    for name, baseline in BASELINES.items():
        systems.append(System(name, baseline.title, BASELINE, config, BASELINE_SCORE))
    for name, ablation in ABLATIONS.items():
        changed = ablated(name, config)
        if changed is not None:
            systems.append(System(name, f"DSNet, {ablation.title}", ABLATION, changed))
    return {system.name: system for system in systems}


def chosen(systems: dict[str, System], names: Sequence[str] | None) -> list[System]:
    """The systems to train, in the order of the table.

    Args:
        systems: as from `systems_of`.
        names: of systems, `"baselines"` or `"ablations"`; None for all.

    Raises:
        DataError: there is no such system, or the configuration makes it the full DSNet.
    """
    if names is None:
        return [system for system in systems.values() if system.kind != SCORE]
    wanted = set(_named(systems, names))
    # Which score is used takes no training but the full DSNet's.
    folders = {systems[name].folder for name in wanted}
    return [system for system in systems.values() if system.name in folders]


def _named(systems: dict[str, System], names: Iterable[str]) -> Iterable[str]:
    for name in names:
        if name in GROUPS:
            yield from (each.name for each in systems.values() if each.kind == GROUPS[name])
        elif name in systems:
            yield name
        elif name in ABLATIONS:
            raise DataError(
                f"--rows: {name}: expected a change; the configuration trains DSNet so already, or "
                "has no other term"
            )
        else:
            raise DataError(
                f"--rows: expected names among {', '.join((*GROUPS, *systems))}; received {name!r}"
            )
