"""NumPy archives (`.npz`), read so that a damaged one is named."""

import zipfile
import zlib

import numpy as np

from despoof_keras.errors import DataError


def read_arrays(path, names=None):
    """Reads arrays from an `.npz` file.

    Args:
        path: the file.
        names: the arrays wanted; None for all.

    Returns:
        Mapping from name to array.

    Raises:
        DataError: the file is missing, damaged, no `.npz` file, or lacks one of `names`.
    """
    try:
        with np.load(path) as archive:
            return {name: archive[name] for name in names or archive.files}
    except (OSError, ValueError, EOFError, KeyError, TypeError) as error:
        reason = error
    except (zipfile.BadZipFile, zlib.error) as error:
        reason = error
    wanted = ", ".join(f"array {name!r}" for name in names) if names else "arrays"
    raise DataError(f"{path}: expected an .npz file with {wanted}; {reason}") from reason
