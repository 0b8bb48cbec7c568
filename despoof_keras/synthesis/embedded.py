"""An embedded set as the data of a run, a search or an export."""

import dataclasses
from pathlib import Path
from typing import Any

from despoof_keras.datasets.data import Data
from despoof_keras.errors import DataError
from despoof_keras.synthesis.cache import default_root
from despoof_keras.synthesis.layouts.all_layouts import LAYOUTS
from despoof_keras.synthesis.writer import OULU_NPU
from despoof_keras.utils.cache import writable_cache

# What runs, results and model files call an embedded set; a folder's name may follow.
EMBEDDED_SET = "embedded set"


def data_at(
    root: str | Path | None, *, seed: int = 0, name: str = OULU_NPU, title: str = "", **fields: Any
) -> Data:
    """The data set in a folder, or, without a folder, an embedded set, made on first use.

    Args:
        root: the data set's folder, or None.
        seed: of the embedded set.
        name, title, fields: as in `Data`; an embedded set has the layout, protocols and species of
            the data set of that name, and its title holds its folder's name unless it is given.

    Raises:
        DataError: there is no such protocol or fold, or the data set is one that needs a folder.
    """
    if root is None and name not in LAYOUTS:
        raise DataError(
            f"--data-root: expected the folder of {name}; received none, and embedded sets are "
            f"only of {', '.join(LAYOUTS)}"
        )
    data = Data(root or EMBEDDED_SET, writable_cache() / "crops", name=name, title=title, **fields)
    if root is None:
        # Made only now, so that a wrong protocol is reported before any work.
        folder = default_root(seed, name=name, processes=data.processes)
        title = title or f"{EMBEDDED_SET} {folder.name}"
        data = dataclasses.replace(data, root=folder, title=title)
    return data
