"""Work spread over processes: results in order, Ctrl-C ends all at once, nobody outlives a kill."""

import collections
import concurrent.futures
import multiprocessing
import os
import signal
import threading

import cv2

from despoof_keras.utils.files import remove_half_written

# Seconds that a job has to remove what it has half written; none works longer outside Python.
TIDYING = 10
# Jobs handed out for each process beyond the one it works on, and results that wait at most.
JOBS_AHEAD = 2


def in_processes(function, jobs, processes):
    """Applies a function to jobs in worker processes.

    Workers start fresh ("spawn"): threads of OpenCV or TensorFlow do not survive a fork. A single
    process works without a worker.

    Args:
        function: picklable function of one job.
        jobs: list of picklable jobs.
        processes: number of processes; None takes all cores, and there are no more than jobs.

    Yields:
        The results, in the order of the jobs.

    Raises:
        Whatever `function` raises; the workers are ended then, as on Ctrl-C.
    """
    processes = min(processes or os.cpu_count() or 1, len(jobs))
    if processes <= 1:
        yield from map(function, jobs)
        return
    context = multiprocessing.get_context("spawn")
    pool = concurrent.futures.ProcessPoolExecutor(processes, context, _start_worker)
    try:
        waiting = collections.deque()
        for job in jobs:
            waiting.append(pool.submit(function, job))
            if len(waiting) > JOBS_AHEAD * processes:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BaseException:
        _stop(pool)
        raise
    pool.shutdown()


def _start_worker():
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    signal.signal(signal.SIGTERM, _end_tidily)
    cv2.setNumThreads(1)  # the processes already fill the cores
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_tidily(number, frame):
    # No exception: one that is raised in the midst of a finalizer is printed and lost, and the
    # pool would take another for a result and go on to the next job.
    remove_half_written()
    os._exit(1)


def _end_with_parent():
    """Ends a worker whose parent was killed, which nobody else would."""
    multiprocessing.parent_process().join()
    remove_half_written()
    os._exit(1)


def _stop(pool):
    """Ends a pool without waiting for its jobs, which remove what they have half written."""
    workers = list((pool._processes or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for worker in workers:
        worker.terminate()
    for worker in workers:
        worker.join(TIDYING)
        worker.kill()
