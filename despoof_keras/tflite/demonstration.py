"""The model inside the package, for prototypes to run at once; its decisions mean nothing."""

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
    """Warns that the model inside the package is in use."""


def demonstration_path(stacklevel: int = 3) -> Path:
    """Return the path of the model inside the package.

    Args:
        stacklevel: Stack level of the line that the warning names; 3 is the caller of the function
            that calls this one.

    Raises:
        DataError: The model is missing from this installation.

    Warns:
        DemonstrationWarning: The first time in a process.
    """
    global _has_warned
    if not DEMONSTRATION.is_file():
        raise DataError(
            f"{DEMONSTRATION}: expected the demonstration model, which is missing from this "
            f"installation; pass load_tflite the path of another; {_OWN_MODEL}"
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
