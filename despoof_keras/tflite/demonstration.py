"""The model inside the package: it lets a prototype run at once, and must not be relied on."""

import warnings
from pathlib import Path

from despoof_keras.errors import DataError

DEMONSTRATION = Path(__file__).parent / "demonstration.tflite"
_OWN_MODEL = (
    "'python recipes/train_oulu.py --data-root DATA' trains one of your own, "
    "'python export/to_tflite.py --model runs/p1-seed0/model.keras --variants all --output DIR' "
    "exports it"
)
_has_warned = False


class DemonstrationWarning(UserWarning):
    """The model inside the package is in use."""


def demonstration_path(stacklevel=3):
    """The path of the model inside the package.

    Args:
        stacklevel: of the line that the warning names; 3 is the caller of the function that calls
            this one.

    Raises:
        DataError: it is not in this installation.

    Warns:
        DemonstrationWarning: the first time in a process.
    """
    global _has_warned
    if not DEMONSTRATION.is_file():
        raise DataError(
            f"{DEMONSTRATION}: expected the demonstration model, it is not in this installation; "
            f"give load_tflite the path of another; {_OWN_MODEL}"
        )
    if not _has_warned:
        _has_warned = True
        warnings.warn(
            "this is the demonstration model, trained on synthetic faces only: never rely on its "
            f"decisions; {_OWN_MODEL}",
            DemonstrationWarning,
            stacklevel=stacklevel,
        )
    return DEMONSTRATION
