"""What a report is made of."""

import dataclasses
from collections.abc import Mapping, Sequence

from despoof_keras.evaluation.report.media import Medium
from despoof_keras.evaluation.score_table import ScoreTable


@dataclasses.dataclass(frozen=True)
class System:
    """A system's scores and figures.

    Attributes:
        dev: scores that the thresholds come from.
        test: scores that the rates are of.
        figures: as from `summary.summarise(dev, test)`.
    """

    dev: ScoreTable
    test: ScoreTable
    figures: dict


@dataclasses.dataclass(frozen=True)
class Report:
    """What a report shows. Sections without content are left out.

    Attributes:
        title: of the page.
        systems: by name, in the order of tables and legends.
        comparisons: as from `comparison.compare`.
        media: what a model makes of each medium.
        worst: mapping from the key of a test presentation to a PNG file of its face.
        robustness: the contents of `robustness.json`.
        settings: mapping from names to values or further mappings: configuration, commit, versions.
        notes: sentences about the data, for the summary.
    """

    title: str
    systems: Mapping[str, System]
    comparisons: Sequence[dict] = ()
    media: Sequence[Medium] = ()
    worst: Mapping[str, bytes] = dataclasses.field(default_factory=dict)
    robustness: Mapping | None = None
    settings: Mapping[str, object] = dataclasses.field(default_factory=dict)
    notes: Sequence[str] = ()
