"""The file `robustness.json`: the results of one model, or of several by name."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from despoof_keras.errors import DataError

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
            model["baseline"], model["conditions"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{path}: expected the results of a robustness measurement ({error})"
        ) from error
    return results
