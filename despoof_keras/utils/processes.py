"""Jobs spread over worker processes, with their results in order.

The workers are programs of their own (`worker.py`), not `multiprocessing`'s. They never import the
program that started them, so that may be a script without a main guard, a notebook, or come from
standard input. They need no shared memory, may be started from any process or thread, and a
worker that is killed is an error and no endless wait.
"""

import collections
import concurrent.futures
import contextlib
import os
import pickle
import queue
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TypeVar

from despoof_keras.errors import DataError
from despoof_keras.utils.resources import available_memory, usable_cpus
from despoof_keras.utils.worker import receive, send

# Jobs handed out for each process beyond the one it works on; at most as many results wait.
JOBS_AHEAD = 2
# Memory that each process needs, with room for a shard's results. One that cuts 256-pixel crops out
# of videos of 1080 x 1920 pixels, and finds the face mesh in them, was measured to need 220 MB at
# its peak (VmHWM), and 150 MB without the mesh.
BYTES_PER_WORKER = 256 * 2**20
# The processes already fill the processors, and each thread of these libraries costs memory.
ENVIRONMENT = dict.fromkeys(
    ("OPENCV_FOR_THREADS_NUM", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"
)
# Seconds for which a worker may take to end before it is killed.
_PATIENCE = 10
_START = (
    "import sys; sys.path[:] = sys.argv[1:]; from despoof_keras.utils.worker import main; main()"
)
_PACKAGE = Path(__file__).parents[2]

Job = TypeVar("Job")
Result = TypeVar("Result")


class WorkerError(Exception):
    """Where in a worker an exception was raised; the cause of that exception."""

    def __str__(self):
        return f"\n{self.args[0]}"


# Calls a function of a job in a worker; `BrokenProcessPool` where that dies.
Call = Callable[[Callable[[Job], Result], Job], Result]


def in_processes(
    function: Callable[[Job], Result],
    jobs: Sequence[Job],
    processes: int | None,
    *,
    on_death: Callable[[Job, Call], Result] | None = None,
) -> Iterator[Result]:
    """Apply a function to jobs in worker processes.

    A single process works without a worker, unless there is an `on_death`. When the caller stops
    early, on an error, on Ctrl-C or because it was killed, the workers remove what they have half
    written and end.

    Args:
        function: picklable function of one job, defined in a module that can be imported.
        jobs: picklable jobs.
        processes: number of processes, at most one for each job; None takes `default_processes`.
        on_death: what to do about a job whose worker died: a function of the job and of a call,
            which works in another worker; it returns the job's result.

    Yields:
        The results, in the order of the jobs.

    Raises:
        DataError: `processes` is less than 1.
        concurrent.futures.process.BrokenProcessPool: a worker died, and there is no `on_death`.
        Exception: whatever `function` raises.
    """
    if processes is not None and processes < 1:
        raise DataError(f"processes: expected a positive number; received {processes}")
    processes = min(processes or default_processes(), len(jobs))
    # In a frozen program the executable is the program, not an interpreter.
    alone = processes <= 1 and on_death is None
    if alone or not jobs or not sys.executable or getattr(sys, "frozen", False):
        yield from map(function, jobs)
        return
    # On leaving, the workers end first, so that no thread waits for them.
    with (
        concurrent.futures.ThreadPoolExecutor(processes) as threads,
        contextlib.closing(WorkerPool(processes)) as workers,
    ):
        waiting = collections.deque()
        for job in jobs:
            waiting.append(threads.submit(workers.call, function, job, on_death))
            if len(waiting) > JOBS_AHEAD * processes:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def default_processes(bytes_each: int = BYTES_PER_WORKER) -> int:
    """Number of worker processes that the processors and the memory at hand are enough for."""
    memory = available_memory()
    processes = usable_cpus()
    return processes if memory is None else max(1, min(processes, memory // bytes_each))


class WorkerPool:
    """Worker processes that wait for jobs until the pool is closed.

    Args:
        processes: how many; fewer where the system allows no more.

    Raises:
        OSError: not even one can be started.
    """

    def __init__(self, processes: int):
        self._workers: list[_Worker] = []
        self._idle: queue.SimpleQueue = queue.SimpleQueue()
        try:
            for _ in range(processes):
                self._workers.append(_Worker())
                self._idle.put(self._workers[-1])
        except OSError:
            if not self._workers:
                raise
        except BaseException:
            self.close()
            raise

    def call(
        self,
        function: Callable[[Job], Result],
        job: Job,
        on_death: Callable[[Job, Call], Result] | None = None,
    ) -> Result:
        """Apply a function to a job in a worker, as soon as one is idle.

        Args:
            function, job, on_death: as in `in_processes`.

        Raises:
            concurrent.futures.process.BrokenProcessPool: the worker died, and there is no
                `on_death`.
            Exception: whatever `function` raises.
        """
        if on_death is None:
            return self._call(function, job)
        try:
            return self._call(function, job)
        except BrokenProcessPool:
            return on_death(job, self._call)

    def close(self) -> None:
        """End the workers."""
        for worker in self._workers:
            worker.tell_to_end()
        for worker in self._workers:
            worker.wait()

    def _call(self, function, job):
        worker = self._idle.get()
        try:
            worker.revive()
            result, error, trace = worker.call(function, job)
        finally:
            self._idle.put(worker)
        if error is not None:
            raise error from WorkerError(trace)
        return result


class _Worker:
    """A worker process, idle or with one job."""

    def __init__(self):
        self._process = self._start()
        self._is_broken = self._is_ending = False

    @staticmethod
    def _start():
        # The package's own folder is added for programs that have changed their folder since.
        path = [place for place in sys.path if isinstance(place, str)]
        with _without_interruption():
            return subprocess.Popen(
                [sys.executable, "-c", _START, *path, str(_PACKAGE)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, **ENVIRONMENT, "PYTHONUTF8": str(sys.flags.utf8_mode)},
            )

    def call(self, function, job):
        """`(result, error, traceback)` of a job."""
        content = pickle.dumps((function, job))
        try:
            send(self._process.stdin, content)
            return receive(self._process.stdout)
        # A closed pipe is a ValueError.
        except (OSError, EOFError, ValueError, pickle.UnpicklingError) as error:
            self._is_broken = True
            raise BrokenProcessPool(
                "a worker process was killed, as happens where memory runs out; fewer processes "
                "need less"
            ) from error

    def revive(self):
        """Put a new process in the place of one that has died, unless it was told to end."""
        if not self._is_broken or self._is_ending:
            return
        self._process.kill()
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        self.wait()
        self._process, self._is_broken = self._start(), False

    def tell_to_end(self):
        self._is_ending = True
        with contextlib.suppress(OSError):
            self._process.stdin.close()

    def wait(self):
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()


@contextlib.contextmanager
def _without_interruption():
    """Start a process that Ctrl-C does not end before it is ready to ignore it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
