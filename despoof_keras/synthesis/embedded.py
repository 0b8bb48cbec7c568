"""The embedded set as the data of a run, a search or an export."""

import dataclasses
from pathlib import Path
from typing import Any

from despoof_keras.datasets.data import Data
from despoof_keras.errors import DataError
from despoof_keras.synthesis.cache import default_root
from despoof_keras.utils.cache import writable_cache

# What runs, results and model files call the embedded set; a folder's name may follow.
EMBEDDED_SET = "embedded set"
# The embedded set has the layout, protocols and species of this data set.
LAYOUT = "oulu_npu"


def data_at(
    root: str | Path | None, *, seed: int = 0, name: str = LAYOUT, title: str = "", **fields: Any
) -> Data:
    """The data set in a folder, or, without a folder, the embedded set, made on first use.

    Args:
        root: the data set's folder, or None.
        seed: of the embedded set.
        name, title, fields: as in `Data`; the title of the embedded set holds its folder's name
            unless it is given.

    Raises:
        DataError: there is no such protocol or fold, or the data set is one that needs a folder.
    """
    if root is None and name != LAYOUT:
        raise DataError(f"--data-root: expected the folder of {name}; received none")
    data = Data(root or EMBEDDED_SET, writable_cache() / "crops", name=name, title=title, **fields)
    if root is None:
        # Made only now, so that a wrong protocol is reported before any work.
        choice: dict[str, Any] = {"processes": data.processes} if data.processes else {}
        folder: Path = default_root(seed, **choice)
        title = title or f"{EMBEDDED_SET} {folder.name}"
        data = dataclasses.replace(data, root=folder, title=title)
    return data
