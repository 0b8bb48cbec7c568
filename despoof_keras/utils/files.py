"""Files that appear under their final name only when complete, and errors that name a file."""

import contextlib
import errno
import json
import logging
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from despoof_keras.errors import DataError, shown

logger = logging.getLogger(__name__)
# Temporary files that this process is writing.
_half_written = set()

# The last is a limit on the size of files.
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NOT_WRITABLE = (errno.EROFS, errno.EACCES, errno.EPERM)
# TensorFlow and HDF5 have errors of their own, whose texts contain these.
_TEXTS = {os.strerror(number): number for number in (*DISK_FULL, errno.EROFS)}

# What NumPy raises for files that are missing, damaged or of another kind.
_UNREADABLE = (
    OSError,
    ValueError,
    EOFError,
    KeyError,
    TypeError,
    zipfile.BadZipFile,
    zlib.error,
)


@contextlib.contextmanager
def atomic_path(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path beside `path`, and rename it to `path` when the block succeeds.

    The temporary name keeps the suffix of `path`, because video writers and Keras choose the
    format by it. When the block raises, the temporary file is removed and `path` is untouched.

    Args:
        path: final path of a file; its folder is created if missing.

    Yields:
        `pathlib.Path` to write to.

    Raises:
        OSError: the file cannot be written; `filename` is `path`, whatever the writer raises.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    _half_written.add(temporary)
    try:
        with naming(path, temporary):
            yield temporary
            os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
        _half_written.discard(temporary)


def write_json(path: Path | str, values: Any):
    """Write JSON values to a file by way of `atomic_path`."""
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


def remove_half_written():
    """Remove what blocks of `atomic_path` are writing, before the process ends without them."""
    for temporary in list(_half_written):
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_folder(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary folder beside `path`, and rename it to `path` when the block succeeds.

    Only then is a folder at `path` replaced. When the block raises, the temporary folder is removed
    and `path` is untouched.

    Args:
        path: final path of a folder; its parent is created if missing.

    Yields:
        `pathlib.Path` of an empty folder to fill.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    replaced = path.with_name(f".{path.name}.{os.getpid()}.old")
    temporary.mkdir()
    try:
        yield temporary
        if path.exists():
            # A folder cannot be renamed onto a filled one.
            os.replace(path, replaced)
        try:
            os.replace(temporary, path)
        except OSError:
            if replaced.exists():
                os.replace(replaced, path)
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(replaced, ignore_errors=True)


def check_name(path: Path | str):
    """Make sure that TensorFlow can write to a path.

    Raises:
        DataError: its bytes are not UTF-8.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        raise DataError(
            f"{str(path)!a}: expected a path in UTF-8, which TensorFlow and HDF5 need to write "
            "to it; rename the folder, or choose another"
        ) from error


def check_writable(folder: Path | str):
    """Make sure, before any work is done, that a folder can be created or written to.

    Args:
        folder: its path. It is not created, and nothing is left in it.

    Raises:
        DataError: it cannot be, or something else is at this path, or its name is not UTF-8.
    """
    check_name(folder)
    place = Path(folder).absolute()
    try:
        while not place.exists():
            place = place.parent
        # Permissions alone do not tell: a file system may be read-only, the user the superuser.
        tempfile.TemporaryDirectory(prefix=".", dir=place).cleanup()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DataError(
            f"{folder}: expected a folder that can be written to; {place}: {reason}"
        ) from error


@contextlib.contextmanager
def one_at_a_time(path: Path | str) -> Iterator[None]:
    """Let one process at a time into the block, so that no two make the same thing.

    The lock ends with its process, however that ends. On a system or file system without locks,
    processes work side by side, which wastes time and does no harm.

    Args:
        path: what is about to be made; the lock is a hidden file beside it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        import fcntl
    except ImportError:  # not a POSIX system
        yield
        return
    with path.with_name(f".{path.name}.lock").open("w") as file:
        try:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                logger.info("%s: waiting for another process that makes it", shown(path))
                fcntl.flock(file, fcntl.LOCK_EX)
        except OSError as error:
            logger.warning("%s: cannot be locked (%s)", shown(path), error.strerror)
        yield


class StorageReason(NamedTuple):
    """Why nothing could be written.

    Attributes:
        errno: a number among `DISK_FULL` and `NOT_WRITABLE`.
        filename: the file that the system names, or None if it names none.
    """

    errno: int
    filename: str | os.PathLike | int | None


def storage_error(error: BaseException) -> StorageReason | None:
    """Find out whether an error means that nothing could be written.

    Args:
        error: an exception. For a full disk its causes and contexts are searched as well, because
            a writer that fails may fail again when it is closed.

    Returns:
        The reason; None for any error that has another one.
    """
    if isinstance(error, OSError) and error.errno in NOT_WRITABLE:
        return StorageReason(error.errno, error.filename)
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in DISK_FULL:
            return StorageReason(cause.errno, cause.filename)
        for text, number in _TEXTS.items():
            if text in str(cause):
                return StorageReason(number, None)
        cause = cause.__cause__ or cause.__context__
    return None


@contextlib.contextmanager
def naming(path: Path, temporary: Path) -> Iterator[None]:
    """Put the name of the file that the block writes into errors of storage.

    Args:
        path: the file's name.
        temporary: its name until it is complete.

    Raises:
        OSError: storage failed; `filename` is `path`.
    """
    try:
        yield
    except Exception as error:
        reason = storage_error(error)
        if reason is None or reason.filename not in (None, str(temporary)):
            raise
        raise OSError(reason.errno, os.strerror(reason.errno), str(path)) from error


def read_arrays(path: Path | str, names: Sequence[str] | None = None) -> dict[str, np.ndarray]:
    """Read arrays from an `.npz` file.

    Args:
        path: the file.
        names: the arrays wanted; None for all.

    Returns:
        Mapping from name to array.

    Raises:
        DataError: the file is missing, damaged or no `.npz` file, or lacks one of `names`.
    """
    try:
        with np.load(path) as archive:
            return {name: archive[name] for name in names or archive.files}
    except _UNREADABLE as error:
        wanted = ", ".join(f"array {name!r}" for name in names) if names else "arrays"
        raise DataError(f"{path}: expected an .npz file with {wanted}; {error}") from error
