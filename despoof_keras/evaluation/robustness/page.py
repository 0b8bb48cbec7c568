"""The report page of a robustness measurement."""

import logging
from collections.abc import Sequence
from pathlib import Path

from despoof_keras.errors import DataError
from despoof_keras.evaluation.report.page import Report, System, write_report
from despoof_keras.evaluation.robustness.results import contents_of
from despoof_keras.evaluation.robustness.run import Measured
from despoof_keras.evaluation.summary import summarise

logger = logging.getLogger(__name__)


def write_page(folder: Path, measured: Sequence[Measured]) -> None:
    """Write `report.html` and `report.json` of the models that were measured.

    Where dev and test are too small for figures with intervals, there is none, and a warning says
    why.
    """
    try:
        systems = {
            own.results["model"]: System(own.dev, own.test, summarise(own.dev, own.test))
            for own in measured
        }
    except DataError as error:
        logger.warning("no report page: %s", error)
        return
    first = measured[0].results
    settings = {
        name: first[name]
        for name in ("data", "data_fingerprint", "split", "videos", "frames", "seed")
    }
    thresholds = {
        f"threshold of {own.results['model']}": own.results["threshold"] for own in measured
    }
    report = Report(
        "Robustness",
        systems,
        robustness=contents_of({own.results["model"]: own.results for own in measured}),
        settings=settings | thresholds,
    )
    write_report(folder, report)
