"""Exceptions that a caller may want to tell apart."""


class DataError(ValueError):
    """A file, folder or argument is not what was expected.

    The message names the file or argument, what was expected there and what was found.
    """


class TrainingError(RuntimeError):
    """A training run cannot continue, for a reason other than its input.

    The message says what happened, what is kept, and how to continue.
    """
