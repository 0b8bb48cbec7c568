"""Signs of life in a search's shared folder, so that its chief ends when all workers are gone.

keras-tuner's chief waits for its workers forever, even for those that were killed.
"""

import _thread
import contextlib
import logging
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import grpc

from despoof_keras.errors import TrainingError

logger = logging.getLogger(__name__)

BEAT = 5.0  # seconds between a worker's signs of life, and between the chief's checks


@contextlib.contextmanager
def report_alive(folder: str | Path, name: str) -> Iterator[None]:
    """Give signs of life while the block runs, by touching a file.

    Args:
        folder: of the search.
        name: of the worker.

    Raises:
        TrainingError: the chief went away while the block ran.
    """
    path = Path(folder) / "alive" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    ended = threading.Event()

    def beat():
        while not ended.is_set():
            path.touch()
            ended.wait(BEAT)

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    except grpc.RpcError as error:
        raise TrainingError(
            "the search's chief can no longer be reached. Start it again with --resume, then the "
            "workers"
        ) from error
    finally:
        ended.set()
        thread.join()


@contextlib.contextmanager
def stop_without_workers(folder: str | Path, timeout: float) -> Iterator[None]:
    """End the block, without an error, when no worker has given a sign of life for too long.

    It works in programs too that a script has started in the background, where Ctrl-C is ignored.

    Args:
        folder: of the search.
        timeout: seconds.
    """
    ended, silent = threading.Event(), threading.Event()
    started = time.time()

    def watch():
        while not ended.wait(BEAT):
            beats = [path.stat().st_mtime for path in (Path(folder) / "alive").glob("*")]
            if time.time() - max([started, *beats]) > timeout:
                silent.set()
                _thread.interrupt_main()
                return

    def interrupt(number, frame):
        if silent.is_set():
            raise KeyboardInterrupt

    is_ignored = signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    if is_ignored:
        signal.signal(signal.SIGINT, interrupt)
    thread = threading.Thread(target=watch, daemon=True)
    try:
        thread.start()
        yield
    except KeyboardInterrupt:
        if not silent.is_set():
            raise
        logger.warning(
            "no worker has given a sign of life for %.0f seconds; the search ends with the trials "
            "that are done, and --resume continues it",
            timeout,
        )
    finally:
        ended.set()
        thread.join()
        if is_ignored:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
