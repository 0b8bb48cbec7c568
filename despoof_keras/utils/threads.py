"""Stages of a stream that work at the same time, each in a thread of its own."""

import contextlib
import queue
import threading
import time

_END = object()
# How often a stage looks whether the work has been given up, in seconds.
_PATIENCE = 0.2
# How long leaving waits for a thread to end, in seconds.
GIVE_UP_AFTER = 2.0


class InThread:
    """Runs an iterable in a background thread and gives its items in order.

    At most `ahead` items wait, so memory stays bounded. What the iterable raises is raised here.
    Used as a context manager, it ends the thread on leaving, finished or not.

    Args:
        iterable: items; it is advanced in the background thread alone.
        ahead: items that may wait, at least 1.
        stop: event that gives up the work; threads in a chain share one, so that none waits for
            another that is still at it.
    """

    def __init__(self, iterable, ahead, stop=None):
        self._iterable = iterable
        self._items = queue.Queue(ahead)
        self._stop = stop or threading.Event()
        self._is_over = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        # A thread that is stuck in a system call (a pipe that nobody writes to) is left behind.
        self._thread.join(GIVE_UP_AFTER)

    def __iter__(self):
        while not self._is_over and (entry := self._next()) is not _END:
            item, error = entry
            if error is not None:
                self._is_over = True
                raise error
            yield item
        self._is_over = True

    def is_ready(self):
        """Whether an item can be taken without waiting."""
        return not self._items.empty()

    def _next(self):
        while not self._stop.is_set():
            with contextlib.suppress(queue.Empty):
                return self._items.get(timeout=_PATIENCE)
        return _END

    def _run(self):
        try:
            for item in self._iterable:
                if not self._put((item, None)):
                    return
        except BaseException as error:
            self._put((None, error))
        else:
            self._put(_END)

    def _put(self, entry):
        while not self._stop.is_set():
            with contextlib.suppress(queue.Full):
                self._items.put(entry, timeout=_PATIENCE)
                return True
        return False


class BusyTimes:
    """How long each stage worked, not counting its waiting, and how often.

    Attributes:
        seconds, counts: mappings from the stage's name.
    """

    def __init__(self):
        self.seconds, self.counts = {}, {}

    @contextlib.contextmanager
    def measure(self, stage):
        """Adds the time of the block to a stage; each stage is measured by one thread."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - start
            self.counts[stage] = self.counts.get(stage, 0) + 1

    def advance(self, stage, iterable):
        """Gives the items of an iterable, counting the time to make each."""
        iterator = iter(iterable)
        while True:
            with self.measure(stage):
                item = next(iterator, _END)
            if item is _END:
                return
            yield item
