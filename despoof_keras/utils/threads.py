"""Stages of a stream that work at the same time, each in its own thread."""

import contextlib
import queue
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")

_END = object()
# Seconds after which a waiting stage checks again whether the work has been given up.
_PATIENCE = 0.2
# Seconds for which leaving waits for a thread to end.
GIVE_UP_AFTER = 2.0


class InThread(Generic[Item]):
    """Advances an iterable in a background thread and gives its items in order.

    At most `ahead` items wait, so memory stays bounded. What the iterable raises is raised where
    the items are taken. Leaving the `with` block ends the thread, finished or not.

    Args:
        iterable: the items; only the background thread advances it.
        ahead: items that may wait, at least 1.
        stop: event that gives up the work. The threads of a chain share an event, so that none
            waits for another that is still working.
    """

    def __init__(self, iterable: Iterable[Item], ahead: int, stop: threading.Event | None = None):
        self._iterable = iterable
        self._items = queue.Queue(ahead)
        self._stop = stop or threading.Event()
        self._is_over = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "InThread[Item]":
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        # A thread that is stuck in a system call (reading a silent pipe) is left behind.
        self._thread.join(GIVE_UP_AFTER)

    def __iter__(self) -> Iterator[Item]:
        while not self._is_over and (message := self._next()) is not _END:
            item, error = message
            if error is not None:
                self._is_over = True
                raise error
            yield item
        self._is_over = True

    def is_ready(self) -> bool:
        """Tell whether an item can be taken without waiting."""
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

    def _put(self, message):
        while not self._stop.is_set():
            with contextlib.suppress(queue.Full):
                self._items.put(message, timeout=_PATIENCE)
                return True
        return False


class BusyTimes:
    """The time that each stage has worked, without its waiting, and how often.

    Attributes:
        seconds, counts: mappings from the stage's name.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.counts: dict[str, int] = {}

    @contextlib.contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Add the time of the block to a stage; only one thread may measure a stage."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - start
            self.counts[stage] = self.counts.get(stage, 0) + 1

    def advance(self, stage: str, iterable: Iterable[Item]) -> Iterator[Item]:
        """Yield the items of an iterable, and add the time to make each to a stage."""
        iterator = iter(iterable)
        while True:
            with self.measure(stage):
                try:
                    item = next(iterator)
                except StopIteration:
                    return
            yield item
