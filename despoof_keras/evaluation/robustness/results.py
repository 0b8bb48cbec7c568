"""The file `robustness.json`: the results of one model, or of several by name."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from despoof_keras.errors import DataError
from despoof_keras.evaluation.robustness.rates import RATES

RESULTS = "robustness.json"
_MODELS = "models"


def contents_of(results: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The contents of the file for the results of some models: those of one, or all by name."""
    if len(results) == 1:
        return dict(*results.values())
    return {_MODELS: dict(results)}


def by_model(contents: Mapping[str, Any]) -> dict[str, Any]:
    """The results of each model in the contents of the file; the inverse of `contents_of`."""
    return dict(contents[_MODELS]) if _MODELS in contents else {contents["model"]: contents}


def read_results(path: Path) -> dict[str, Any]:
    """Read the results of each model from the file.

    Raises:
        DataError: it is no such file.
    """
    try:
        results = by_model(json.loads(path.read_text(encoding="utf-8")))
        for model in results.values():
            for row in (model["baseline"], *model["conditions"]):
                _check(row)
            for row in model["conditions"]:
                row["family"], row["label"], float(row["strength"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{path}: expected the results of a robustness measurement ({error})"
        ) from error
    return results


def merged(paths: Iterable[Path]) -> dict[str, Any]:
    """The contents of a file with all models of some files.

    Raises:
        DataError: a file is not as it should be, or two have a model of the same name.
    """
    models: dict[str, Any] = {}
    for path in paths:
        for name, own in read_results(path).items():
            if name in models:
                raise DataError(
                    f"{path}: expected other models than in the files before; {name} is in two"
                )
            models[name] = own
    return contents_of(models)


def _check(row):
    for rate in RATES:
        value, limits = row[rate], row.get(f"{rate}_interval") or ()
        for number in (*(() if value is None else (value,)), *limits):
            if not 0.0 <= number <= 1.0:
                raise ValueError(f"{rate}: expected a share from 0 to 1; received {number}")
