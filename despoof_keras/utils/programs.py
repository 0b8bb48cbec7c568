"""How a program starts and ends: without the libraries' chatter, and with a line that says why."""

import argparse
import contextlib
import logging
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import BinaryIO

from despoof_keras.errors import DataError, TrainingError
from despoof_keras.utils.cache import CACHE_VARIABLE, in_cache
from despoof_keras.utils.files import DISK_FULL, storage_error
from despoof_keras.utils.keras_settings import check_backend
from despoof_keras.utils.libraries import explaining, explanation
from despoof_keras.utils.streams import abandon_output, flush_output, prepare_streams, tell

# As the shell reports a program that was ended by these signals.
INTERRUPTED, TERMINATED = 128 + signal.SIGINT, 128 + signal.SIGTERM
# In what Python raises where it finds no folder for temporary files.
_NO_FOLDER = "No usable temporary directory"
# What libraries read from the environment when they are imported.
ENVIRONMENT = {
    # What TensorFlow logs as errors is mostly about hardware that is not there; errors that matter
    # are raised as exceptions as well.
    "TF_CPP_MIN_LOG_LEVEL": "3",
    # TensorFlow leaves oneDNN's kernels off on x86 processors without VNNI, where training takes
    # more than twice as long without them.
    "TF_ENABLE_ONEDNN_OPTS": "1",
    # A damaged file gets a message of ours, which the decoders' own would bury.
    "OPENCV_LOG_LEVEL": "SILENT",
    "OPENCV_FFMPEG_LOGLEVEL": "-8",
}


def set_environment() -> None:
    """Set the libraries' environment variables, except where the user has set them.

    Call this before anything imports TensorFlow or OpenCV, which read them only once.
    """
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    # Otherwise it tells where its fonts are listed if the home folder cannot be written to.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)


def start_tensorflow() -> None:
    """Import TensorFlow without the lines that it prints then, whatever its log level.

    Programs call this once their arguments are checked, before the first module that imports
    TensorFlow.

    Raises:
        ImportError: TensorFlow cannot be imported, or Keras is set to another backend.
    """
    set_environment()
    with held_back_stderr(), explaining():
        check_backend()
        import tensorflow  # noqa: F401


class Terminated(KeyboardInterrupt):
    """The process was asked to end (SIGTERM), as a preempted machine is."""


def script_parser(description: str) -> argparse.ArgumentParser:
    """Make the argument parser of a script, described by its module's docstring."""
    return argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def run_script(
    parse_arguments: Callable[[], argparse.Namespace],
    run: Callable[[argparse.Namespace], None],
    goes_on: str = "the same command starts again",
) -> int:
    """Run a script: set up the environment and the log, parse the arguments, do the work.

    Args:
        parse_arguments: function that returns the script's options.
        run: the work, a function of the options; TensorFlow must not be imported before.
        goes_on: clause that says how to continue after an interruption.

    Returns:
        Exit code, see `run_program`.
    """
    prepare_streams()
    set_environment()
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logging.getLogger("despoof_keras").setLevel(logging.INFO)
    # Otherwise it logs every temporary folder of a conversion.
    logging.getLogger("tensorflow").setLevel(logging.WARNING)
    options = parse_arguments()
    return run_program(Path(sys.argv[0]).name, lambda: run(options), goes_on)


def run_program(name: str, function: Callable[[], object], goes_on: str) -> int:
    """Run a program's work, and report in one line on stderr what ends it early.

    SIGTERM is handled as Ctrl-C is: half-written files are removed and worker processes ended.

    Args:
        name: the program's name, which begins the line.
        function: the work, without arguments.
        goes_on: clause that says how to continue after an interruption.

    Returns:
        Exit code: 0; 1 after an error, or if nobody reads the output any more; 130 after Ctrl-C;
        143 after SIGTERM.
    """
    signal.signal(signal.SIGTERM, _raise_terminated)
    try:
        _run_interruptibly(function)
        flush_output()
    except BrokenPipeError:
        abandon_output()  # nobody reads it any more, so nobody is told
        return 1
    except ImportError as error:
        return _say(f"{name}: {explanation(error) or error}", 1)
    except (DataError, TrainingError) as error:
        return _say(f"{name}: {error}", 1)
    except Terminated:
        return _say(f"\nterminated; {goes_on}", TERMINATED)
    except KeyboardInterrupt:
        return _say(f"\ninterrupted; {goes_on}", INTERRUPTED)
    except BrokenProcessPool:
        return _say(
            f"{name}: a worker process was killed, as happens where memory runs out; {goes_on}", 1
        )
    except Exception as error:
        abandon_output()
        reason = storage_error(error)
        if reason is None and _NO_FOLDER in str(error):
            return _say(f"{name}: {error}; set TMPDIR to a folder that can be written to", 1)
        if reason is None and isinstance(error, OSError):
            return _say(f"{name}: {error}", 1)
        if reason is None:
            raise
        expected = "room to write" if reason.errno in DISK_FULL else "permission for it"
        where = f"{reason.filename}: " if reason.filename else ""
        elsewhere = f", or {CACHE_VARIABLE} names another folder" * in_cache(reason.filename)
        return _say(
            f"{name}: {where}expected {expected}; {os.strerror(reason.errno).lower()}; "
            f"once there is{elsewhere}, {goes_on}",
            1,
        )
    return 0


def _run_interruptibly(function):
    """Call a function; what C code makes of an interruption in its midst is raised as that."""
    try:
        function()
    except SystemError as error:
        if isinstance(error.__context__, KeyboardInterrupt):
            raise error.__context__ from None
        raise


def _raise_terminated(number, frame):
    raise Terminated


def _say(line, code):
    tell(line)
    return code


def _scratch_file() -> BinaryIO:
    """Open a file without a name, in memory where the system can: no folder may be writable."""
    with contextlib.suppress(OSError, AttributeError):
        return os.fdopen(os.memfd_create("standard error"), "w+b")
    with contextlib.suppress(OSError):
        return tempfile.TemporaryFile()
    return open(os.devnull, "w+b")


@contextlib.contextmanager
def held_back_stderr() -> Iterator[None]:
    """Hold back what is written to standard error, by C++ code too, while a block runs.

    TensorFlow and LiteRT announce processors, drivers and delegates there, whatever their log
    level. If the block fails for a reason that the user cannot mend, everything is shown.
    """
    if sys.stderr is None:  # closed by whoever started the program
        yield
        return
    sys.stderr.flush()
    terminal = os.dup(2)
    with _scratch_file() as held:
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
