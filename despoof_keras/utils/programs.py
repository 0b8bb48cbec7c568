"""How a program starts and ends: without the libraries' chatter, and with a line that says why."""

import contextlib
import os
import signal
import sys
import tempfile

from despoof_keras.errors import DataError, TrainingError
from despoof_keras.utils.files import DISK_FULL, storage_error

# As the shell reports a program that was ended by these signals.
INTERRUPTED, TERMINATED = 128 + signal.SIGINT, 128 + signal.SIGTERM
# What TensorFlow reads from the environment when it is imported.
ENVIRONMENT = {
    "TF_CPP_MIN_LOG_LEVEL": "2",
    # TensorFlow leaves oneDNN's kernels off on x86 processors without VNNI, where training takes
    # more than twice as long without them.
    "TF_ENABLE_ONEDNN_OPTS": "1",
}


def set_environment():
    """Set the environment for TensorFlow, except where the user has set it.

    Call this before anything imports TensorFlow, which reads these variables only once.
    """
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)


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
        reason = storage_error(error)
        if reason is None:
            raise
        expected = "room to write" if reason.errno in DISK_FULL else "permission for it"
        where = f"{reason.filename}: " if reason.filename else ""
        return _say(
            f"{name}: {where}expected {expected}; {os.strerror(reason.errno).lower()}; "
            f"once there is, {goes_on}",
            1,
        )
    return 0


def _raise_terminated(number, frame):
    raise Terminated


def _say(line, code):
    print(line, file=sys.stderr)
    return code


@contextlib.contextmanager
def held_back_stderr():
    """Holds back what is written to standard error, by C++ code too, while a block runs.

    TensorFlow and LiteRT announce processors, drivers and delegates there, whatever their log
    level. Where the block fails in a way that is not the user's to mend, everything is shown.
    """
    if sys.stderr is None:  # closed by whoever started the program
        yield
        return
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        expected = True
        try:
            yield
        except (DataError, ImportError, KeyboardInterrupt):
            raise
        except BaseException:
            expected = False
            raise
        finally:
            sys.stderr.flush()
            os.dup2(terminal, 2)
            os.close(terminal)
            if not expected:
                held.seek(0)
                sys.stderr.write(held.read().decode(errors="replace"))
