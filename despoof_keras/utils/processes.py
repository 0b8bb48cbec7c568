"""Jobs spread over worker processes, with their results in order.

`multiprocessing.Pool.imap` would be shorter. It is not used because it waits for ever when a
worker is killed (out of memory, a crash in a decoder), and because it piles up results that the
caller has not taken. `concurrent.futures` reports a dead worker.
"""

import collections
import concurrent.futures
import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from typing import TypeVar

import cv2

from despoof_keras.utils.files import remove_half_written

# Jobs handed out for each process beyond the one it works on; at most as many results wait.
JOBS_AHEAD = 2

Job = TypeVar("Job")
Result = TypeVar("Result")


def in_processes(
    function: Callable[[Job], Result], jobs: Sequence[Job], processes: int | None
) -> Iterator[Result]:
    """Apply a function to jobs in worker processes.

    Workers start fresh ("spawn"), because threads of OpenCV or TensorFlow do not survive a fork.
    A single process works without a worker. When the caller stops early, on an error, on Ctrl-C or
    because it was killed, the workers remove what they have half written and end.

    Args:
        function: picklable function of one job.
        jobs: picklable jobs.
        processes: number of processes, at most one for each job; None takes all cores.

    Yields:
        The results, in the order of the jobs.

    Raises:
        concurrent.futures.process.BrokenProcessPool: a worker died.
        Exception: whatever `function` raises.
    """
    processes = min(processes or os.cpu_count() or 1, len(jobs))
    if processes <= 1:
        yield from map(function, jobs)
        return
    context = multiprocessing.get_context("spawn")
    workers_end, own_end = context.Pipe(duplex=False)
    pool = concurrent.futures.ProcessPoolExecutor(processes, context, _start_worker, (workers_end,))
    # On leaving, the pipe is closed first, which ends the workers; then the pool is shut down.
    with pool, workers_end, own_end:
        waiting = collections.deque()
        for job in jobs:
            waiting.append(pool.submit(function, job))
            if len(waiting) > JOBS_AHEAD * processes:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _start_worker(parent: Connection):
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C
    signal.signal(signal.SIGTERM, lambda number, frame: _end_tidily())
    cv2.setNumThreads(1)  # the processes already fill the cores
    threading.Thread(target=_end_with_parent, args=(parent,), daemon=True).start()


def _end_with_parent(parent: Connection):
    """End the worker once the other end of the pipe is closed, by the parent or by its death."""
    with contextlib.suppress(EOFError, OSError):
        parent.recv_bytes()  # nothing is ever sent
    _end_tidily()


def _end_tidily():
    # No exception: one that is raised within a finalizer is printed and lost, and the pool would
    # take any other for the result of a job and hand out the next.
    remove_half_written()
    os._exit(1)
