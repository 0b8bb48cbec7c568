"""Keeps the libraries' start-up chatter off the terminal, where our lines are to be read."""

import contextlib
import os
import sys
import tempfile

from despoof_keras.errors import DataError


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
