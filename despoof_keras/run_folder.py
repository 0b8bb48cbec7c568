"""The folder of a run or a search: begun once, and gone on with under the same settings alone."""

import json

from despoof_keras.errors import DataError
from despoof_keras.utils.files import write_json


def claim_folder(path, identity, what, resume):
    """Writes what a folder is begun with, or holds what is there against it.

    Args:
        path: the JSON file for it, in the folder.
        identity: what must be the same to go on, a mapping of JSON values.
        what: the folder's contents in one word, for messages.
        resume: whether to go on; without it the folder must be new.

    Raises:
        DataError: it is in use already, or was begun with something else.
    """
    if not path.exists():
        write_json(path, identity)
        return
    if not resume:
        raise DataError(
            f"{path.parent}: holds a {what} already; pass --resume to go on with it, "
            "or another --output"
        )
    check_folder(path, identity, what)


def check_folder(path, identity, what):
    """Holds settings against those that a folder was begun with, arguments as `claim_folder`.

    Raises:
        DataError: they differ.
    """
    identity = json.loads(json.dumps(identity))
    try:
        started = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{path}: expected the settings of a {what}; {error}") from error
    differing = [name for name in identity if started.get(name) != identity[name]]
    if differing:
        raise DataError(
            f"{path.parent}: expected the settings that the {what} was begun with; "
            f"{', '.join(differing)} differ from {path}"
        )
