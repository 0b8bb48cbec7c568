"""A search on several machines that ends when they do: signs of life in the shared folder.

keras-tuner's chief waits for its workers for ever, also for those that were killed.
"""

import _thread
import contextlib
import logging
import threading
import time
from pathlib import Path

import grpc

from despoof_keras.errors import TrainingError

logger = logging.getLogger(__name__)

BEAT = 5.0  # seconds between a worker's signs of life, and between the chief's looks


@contextlib.contextmanager
def alive(folder, name):
    """Gives signs of life while the block runs: a file that is touched.

    Args:
        folder: the search's.
        name: the worker's.

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
            "the search's chief cannot be reached any more. Start it again with --resume, then the "
            "workers"
        ) from error
    finally:
        ended.set()
        thread.join()


@contextlib.contextmanager
def watched(folder, timeout):
    """Ends the block, without an error, when no worker has given a sign of life for too long.

    Args:
        folder: the search's.
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

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    except KeyboardInterrupt:
        if not silent.is_set():
            raise
        logger.warning(
            "no worker has given a sign of life for %.0f seconds; the search ends with the trials "
            "that are done, and --resume goes on with it",
            timeout,
        )
    finally:
        ended.set()
        thread.join()
