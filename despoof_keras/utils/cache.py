"""The folder in which face crops and the embedded data set are kept between runs."""

import getpass
import os
import tempfile
from pathlib import Path

from despoof_keras.errors import DataError
from despoof_keras.utils.files import check_writable

CACHE_VARIABLE = "DESPOOF_KERAS_CACHE"
_NAME = "despoof_keras"


def cache_folder() -> Path:
    """Locate the package's cache.

    It is $DESPOOF_KERAS_CACHE, or `despoof_keras` in $XDG_CACHE_HOME or in `.cache` in the home
    folder, or, where there is no home folder that can be written to, a folder of the user's own
    among the temporary files.

    Raises:
        DataError: $DESPOOF_KERAS_CACHE begins with `~` and there is no home folder, or there is no
            folder for temporary files either.
    """
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        try:
            return Path(chosen).expanduser()
        except RuntimeError as error:
            raise DataError(f"{CACHE_VARIABLE}={chosen}: expected a folder; {error}") from error
    base = os.environ.get("XDG_CACHE_HOME")
    if base:
        return Path(base) / _NAME
    home = os.path.expanduser("~")
    if os.path.isabs(home) and os.access(home, os.W_OK | os.X_OK):
        return Path(home) / ".cache" / _NAME
    try:
        return Path(tempfile.gettempdir()) / f"{_NAME}-{_user()}"
    except OSError as error:
        raise DataError(
            f"expected a folder to keep face crops in; there is no home folder, nor one for "
            f"temporary files; set {CACHE_VARIABLE} to a folder that can be written to"
        ) from error


def writable_cache() -> Path:
    """Locate the package's cache, and make sure that it can be written to.

    Raises:
        DataError: it cannot be; the text names the variable that sets another.
    """
    folder = cache_folder()
    try:
        check_writable(folder)
    except DataError as error:
        raise DataError(f"{error}; set {CACHE_VARIABLE} to another folder") from error
    return folder


def _user():
    return os.getuid() if hasattr(os, "getuid") else getpass.getuser()


def in_cache(path: str | os.PathLike | int | None) -> bool:
    """Tell whether a file, as an error names it, lies in the cache."""
    try:
        return isinstance(path, str | os.PathLike) and Path(path).is_relative_to(cache_folder())
    except DataError:
        return False
