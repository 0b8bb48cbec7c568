"""What kept a file from being written, however its writer tells it."""

import contextlib
import errno
import os

# The last is a limit on the size of files.
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NOT_WRITABLE = (errno.EROFS, errno.EACCES, errno.EPERM)
# TensorFlow and HDF5 have errors of their own, with these in their texts.
_TEXTS = {os.strerror(number): number for number in (*DISK_FULL, errno.EROFS)}


def storage_error(error):
    """The reason why nothing could be written, if that is what an error comes from.

    Args:
        error: an exception. Whether the disk is full is asked of those that it came from and
            those during which it came as well, for a writer that fails may fail again when it is
            closed.

    Returns:
        `OSError` with a number among `DISK_FULL` and `NOT_WRITABLE`; None for any other error.
    """
    if getattr(error, "errno", None) in NOT_WRITABLE:
        return error
    while error is not None:
        if getattr(error, "errno", None) in DISK_FULL:
            return error
        for text, number in _TEXTS.items():
            if text in str(error):
                return OSError(number, text)
        error = error.__cause__ or error.__context__
    return None


@contextlib.contextmanager
def naming(path, temporary):
    """Gives errors of storage the name of the file that is written in the block.

    Args:
        path: the file's name.
        temporary: the name that it has until it is complete.

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
