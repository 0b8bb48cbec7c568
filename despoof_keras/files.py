"""Files appear under their final name only when they are complete."""

import contextlib
import os
from pathlib import Path


@contextlib.contextmanager
def atomic_path(path):
    """Yields a temporary path beside `path`, which is renamed to `path` when the block succeeds.

    The temporary name keeps the suffix of `path`, because video writers and Keras choose the
    format by it. When the block raises, the temporary file is removed and `path` is untouched.

    Args:
        path: final path of a file; its folder is created where missing.

    Yields:
        `pathlib.Path` to write to.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
