"""How a long program ends: always with one line that says why, and with what goes on from there."""

import errno
import signal
import sys

from despoof_keras.errors import DataError, TrainingError

# As the shell reports a program that was ended by these signals.
INTERRUPTED, TERMINATED = 128 + signal.SIGINT, 128 + signal.SIGTERM
# Reasons why nothing can be written. The last is a limit on the size of files.
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NOT_WRITABLE = (errno.EROFS, errno.EACCES, errno.EPERM)
# TensorFlow and HDF5 tell a full disk in their messages alone.
_DISK_FULL_TEXTS = ("No space left on device", "Disk quota exceeded", "File too large")


class Terminated(KeyboardInterrupt):
    """The process was asked to end (SIGTERM), as a preempted machine is."""


def run_program(name, function, goes_on):
    """Runs a program's work, and puts what ends it early into one line on stderr.

    SIGTERM is handled as Ctrl-C is: half-written files are removed, worker processes ended.

    Args:
        name: the program's, to begin the line with.
        function: the work, without arguments.
        goes_on: sentence that says how to go on after an interruption.

    Returns:
        Exit code: 0; 1 after an error; 130 after Ctrl-C; 143 after SIGTERM.
    """
    signal.signal(signal.SIGTERM, _raise_terminated)
    try:
        function()
    except (DataError, TrainingError) as error:
        return _say(f"{name}: {error}", 1)
    except Terminated:
        return _say(f"\nterminated; {goes_on}", TERMINATED)
    except KeyboardInterrupt:
        return _say(f"\ninterrupted; {goes_on}", INTERRUPTED)
    except Exception as error:
        reason = _storage_problem(error)
        if reason is None:
            raise
        return _say(f"{name}: {reason}; once there is, {goes_on}", 1)
    return 0


def _raise_terminated(number, frame):
    raise Terminated


def _storage_problem(error):
    """What is missing where a file could not be written, or None for any other error."""
    number = getattr(error, "errno", None)
    where = getattr(error, "filename", None)
    prefix = f"{where}: " if where else ""
    if number in _DISK_FULL or any(text in str(error) for text in _DISK_FULL_TEXTS):
        return f"{prefix}expected room on the disk; it is full"
    if number in _NOT_WRITABLE and where:
        return f"{prefix}expected permission to write there; {error.strerror.lower()}"
    return None


def _say(line, code):
    print(line, file=sys.stderr)
    return code
