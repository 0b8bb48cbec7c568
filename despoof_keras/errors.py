"""Exceptions that a caller may want to tell apart."""


class DataError(ValueError):
    """A file, folder or argument is not what was expected.

    The message names the file or argument, what was expected there and what was found.
    """


class TrainingError(RuntimeError):
    """A training run cannot continue, for a reason other than its input.

    The message says what happened, what is kept, and how to continue.
    """


def summarize(error: BaseException) -> str:
    """Return an exception's first line, or its type where it has none, in 200 characters at most.

    Libraries raise messages of many lines; only the first fits into ours.
    """
    return next(iter(str(error).splitlines()), type(error).__name__)[:200]
