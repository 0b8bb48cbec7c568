"""The one exception type for input that the user can mend."""


class DataError(ValueError):
    """A file, folder or argument is not what was expected.

    The message names the file (or argument), what was expected there and what was found.
    """
