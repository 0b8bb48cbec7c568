"""Scripts run within the tests' own process, which has long since imported TensorFlow.

A process of its own costs some five seconds of a processor before the script does anything. It is
left to the tests of what only a process can show: signals, several machines, a whole run.
"""

import contextlib
import io
import logging
import os
import runpy
import signal
import sys

_LOGGERS = ("despoof_keras", "tensorflow")


@contextlib.contextmanager
def _restored():
    """Undo what a script changes in its process: folder, arguments, environment, log, signals."""
    folder, arguments, environment = os.getcwd(), sys.argv, dict(os.environ)
    levels = {name: logging.getLogger(name).level for name in _LOGGERS}
    handler = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, handler)
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
        os.environ.clear()
        os.environ.update(environment)
        sys.argv = arguments
        os.chdir(folder)


def run_here(script, *arguments, folder=None, **environment):
    """Run a script to its end.

    Only for what changes nothing else in the process: training makes TensorFlow deterministic for
    good.

    Args:
        script: path of the script.
        arguments: of the command line.
        folder: the working directory, where it is another.
        environment: further environment variables.

    Returns:
        `(exit code, standard output, standard error)`.
    """
    output, errors = io.StringIO(), io.StringIO()
    streams = contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors)
    with _restored(), streams[0], streams[1]:
        os.environ.update(environment)
        sys.argv = [str(script), *map(str, arguments)]
        if folder is not None:
            os.chdir(folder)
        try:
            runpy.run_path(str(script), run_name="__main__")
            code = 0
        except SystemExit as ended:
            code = ended.code
    return code, output.getvalue(), errors.getvalue()
