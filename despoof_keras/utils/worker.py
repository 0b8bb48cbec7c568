"""A worker process of `processes.in_processes`: takes jobs from standard input, answers on output.

Each message is a pickled `bytes` object that holds another pickle, so a message that is whole can
be told from one that a dying process left.
"""

import contextlib
import os
import pickle
import queue
import signal
import sys
import threading
import traceback
from typing import Any, BinaryIO

from despoof_keras.utils.files import remove_half_written

_is_worker = False


def is_worker() -> bool:
    """Whether this process is a worker: there are others that fill the processors already."""
    return _is_worker


def send(stream: BinaryIO, content: bytes) -> None:
    """Write a message.

    Raises:
        OSError: the other process has gone.
    """
    pickle.dump(content, stream)
    stream.flush()


def receive(stream: BinaryIO) -> Any:
    """Read a message.

    Raises:
        EOFError, pickle.UnpicklingError: the other process has gone.
    """
    return pickle.loads(pickle.load(stream))


def main() -> None:
    """Work until standard input is closed, by the parent or by its death."""
    global _is_worker
    _is_worker = True
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C
    signal.signal(signal.SIGTERM, lambda number, frame: _end_tidily())
    answers = os.fdopen(os.dup(1), "wb")
    # What a library prints would get between the answers.
    with contextlib.suppress(OSError):
        os.dup2(2, 1)
    jobs: queue.SimpleQueue = queue.SimpleQueue()
    threading.Thread(target=_take_in, args=(sys.stdin.buffer, jobs), daemon=True).start()
    while True:
        content = _answer(jobs.get())
        try:
            send(answers, content)
        except OSError:
            _end_tidily()


def _take_in(requests, jobs):
    with contextlib.suppress(EOFError, OSError, pickle.UnpicklingError):
        while True:
            jobs.put(pickle.load(requests))
    _end_tidily()


def _answer(content):
    """Pickled `(result, error, traceback)` of a pickled `(function, job)`."""
    try:
        function, job = pickle.loads(content)
        return pickle.dumps((function(job), None, ""))
    except Exception as error:
        trace = traceback.format_exc()
        try:
            content = pickle.dumps((None, error, trace))
            pickle.loads(content)  # some exceptions pickle, but cannot be made again
            return content
        except Exception:
            return pickle.dumps((None, RuntimeError(repr(error)), trace))


def _end_tidily():
    # No exception: one that is raised within a finalizer is printed and lost.
    remove_half_written()
    os._exit(1)
