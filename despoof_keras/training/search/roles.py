"""This process's part in a search on several machines, by keras-tuner's environment variables.

keras-tuner itself finds a mistake in them only when the crops are made, or never: it then waits.
"""

import dataclasses
import errno
import os
import re
import socket
from collections.abc import Mapping

from despoof_keras.errors import DataError

CHIEF = "chief"
ID, ADDRESS, PORT = "KERASTUNER_TUNER_ID", "KERASTUNER_ORACLE_IP", "KERASTUNER_ORACLE_PORT"
VARIABLES = (ID, ADDRESS, PORT)
# Files are named by a worker's id.
_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_HIGHEST_PORT = 2**16 - 1


@dataclasses.dataclass(frozen=True)
class Role:
    """The part of this process.

    Attributes:
        worker: its name, None in the chief and in a search on this machine alone.
        is_chief: whether it hands out the trials to workers.
    """

    worker: str | None = None
    is_chief: bool = False


def search_role(environment: Mapping[str, str] | None = None) -> Role:
    """Read the role from the environment, and try whether a chief can take its address.

    Args:
        environment: the variables; default: the process's.

    Raises:
        DataError: some of the variables are set and others are not, or a value cannot be used;
            the message names the variable.
    """
    environment = os.environ if environment is None else environment
    given = {name: environment[name].strip() for name in VARIABLES if name in environment}
    if not given:
        return Role()
    missing = [name for name in VARIABLES if not given.get(name)]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        shown = ", ".join(f"{name}={value!r}" for name, value in given.items())
        raise DataError(
            f"{' and '.join(missing)} {verb} not set, but {shown}: a search on several machines "
            f"needs all three; for a search on this machine alone, unset {' and '.join(given)}"
        )
    name, port = given[ID], _port(given[PORT])
    # keras-tuner takes every id that contains the word for the chief's.
    if name != CHIEF and (CHIEF in name or not _NAME.fullmatch(name)):
        raise DataError(
            f"{ID}: expected {CHIEF!r} or a worker's name without it, of letters, digits, '_', "
            f"'-' and '.', such as 'tuner0'; found {name!r}"
        )
    addresses = _addresses(given[ADDRESS], port)
    if name != CHIEF:
        return Role(worker=name)
    _check_free(addresses, given[ADDRESS], port)
    return Role(is_chief=True)


def _port(text):
    if not text.isascii() or not text.isdecimal() or not 0 < int(text) <= _HIGHEST_PORT:
        raise DataError(f"{PORT}: expected a port from 1 to {_HIGHEST_PORT}; found {text!r}")
    return int(text)


def _addresses(host, port):
    try:
        return socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise DataError(
            f"{ADDRESS}: expected the address of the chief; {host!r} is none that this machine "
            f"can find ({error})"
        ) from error


def _check_free(addresses, host, port):
    """Make sure that the chief can listen there."""
    for family, kind, protocol, _, address in addresses[:1]:
        with socket.socket(family, kind, protocol) as listener:
            # A port whose last user has just ended is free.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(address)
                listener.listen()
            except PermissionError as error:
                raise DataError(
                    f"{PORT}: expected a port that this user may open; found {port}"
                ) from error
            except OSError as error:
                raise DataError(_refusal(error, host, port)) from error


def _refusal(error, host, port):
    if error.errno == errno.EADDRINUSE:
        return f"{PORT}: expected a free port; {port} is in use by another program"
    return (
        f"{ADDRESS}: expected an address of this machine, the chief's; {host!r} is none "
        f"({error.strerror})"
    )
