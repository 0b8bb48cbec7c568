"""Data sets: one module each, from a folder to lists of `VideoSample`, behind one door, `load`.

Only the standard library and NumPy are needed: reading a data set's layout takes neither
TensorFlow nor OpenCV. `SimulatedAttack` and `SimulatedCapture` need OpenCV, when they are used.
"""

from typing import TYPE_CHECKING, Any

from despoof_keras.datasets import oulu_npu
from despoof_keras.datasets.data import Data
from despoof_keras.datasets.data_sets import DATA_SETS, DataSet, load
from despoof_keras.datasets.samples import VideoSample

if TYPE_CHECKING:
    from despoof_keras.datasets.augment import SimulatedAttack, SimulatedCapture

__all__ = [
    "DATA_SETS",
    "Data",
    "DataSet",
    "SimulatedAttack",
    "SimulatedCapture",
    "VideoSample",
    "load",
    "oulu_npu",
]


def __getattr__(name: str) -> Any:
    if name in ("SimulatedAttack", "SimulatedCapture"):
        from despoof_keras.datasets import augment

        return getattr(augment, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
