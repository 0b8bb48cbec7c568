"""A progress bar on stderr, which ends with its block, however that ends."""

import contextlib

from rich.console import Console
from rich.progress import Progress


@contextlib.contextmanager
def tracked(items, description, total):
    """Yields what shows the progress through an iterable while that is gone through.

    A generator that is left by an exception lives on until the exception is forgotten. Here it
    ends with the block: worker processes are gone, and the bar too, before anything is said.

    Args:
        items: the iterable; a generator is closed at the end of the block.
        description: label of the bar; None shows none.
        total: number of items.

    Yields:
        Iterator over the items.
    """
    bar = Progress(
        *Progress.get_default_columns(),
        console=Console(stderr=True),
        transient=True,
        disable=description is None,
    )
    with contextlib.ExitStack() as stack:
        stack.callback(getattr(items, "close", lambda: None))
        stack.enter_context(bar)
        yield stack.enter_context(
            contextlib.closing(bar.track(items, total=total, description=description or ""))
        )
