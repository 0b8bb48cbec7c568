"""The part of a process in a search, and every mistake in the variables that give it."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest
from clusters import free_ports

from despoof_keras.errors import DataError
from despoof_keras.training.search.roles import ADDRESS, ID, PORT, VARIABLES, Role, search_role

RECIPE = Path(__file__).parents[3] / "recipes" / "tune.py"


def environment(name="tuner0", address="127.0.0.1", port="2222"):
    return {ID: name, ADDRESS: address, PORT: port}


def test_without_variables_the_search_is_this_machines_own():
    assert search_role({"PATH": "x"}) == Role(None, False)


def test_chief_and_workers():
    (port,) = free_ports(1)
    assert search_role(environment("chief", port=str(port))) == Role(is_chief=True)
    assert search_role(environment("tuner0", port=f" {port} ")) == Role("tuner0")


@pytest.mark.parametrize("name", VARIABLES)
@pytest.mark.parametrize("value", [None, "", " "])
def test_a_variable_alone_missing_or_empty_is_named(name, value):
    wrong = environment("chief")
    del wrong[name]
    if value is not None:
        wrong[name] = value
    with pytest.raises(DataError, match=f"^{name} is not set, .*needs all three.*, unset ") as e:
        search_role(wrong)
    assert "\n" not in str(e.value)


@pytest.mark.parametrize("name", VARIABLES)
def test_a_stale_variable_is_to_be_unset(name):
    others = " and ".join(other for other in VARIABLES if other != name)
    with pytest.raises(DataError, match=f"^{others} are not set, but {name}='7':.*, unset {name}$"):
        search_role({name: "7"})


@pytest.mark.parametrize("port", ["x", "0", "65536", "-1", "22.2", "٣"])
def test_a_port_that_is_none(port):
    with pytest.raises(DataError, match=f"^{PORT}: expected a port from 1 .*found '{port}'"):
        search_role(environment(port=port))


@pytest.mark.parametrize("name", ["chief2", "mischief", "a/b", "tuner 0"])
def test_a_name_that_keras_tuner_would_misread(name):
    with pytest.raises(DataError, match=f"^{ID}: expected 'chief' or .*found '{name}'"):
        search_role(environment(name))


def test_a_taken_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(DataError, match=f"^{PORT}: expected a free port; {port} is in use"):
            search_role(environment("chief", port=str(port)))
        # The worker's chief is there already.
        assert search_role(environment("tuner1", port=str(port))).worker == "tuner1"


def test_an_address_of_another_machine():
    # Reserved for documentation (RFC 5737).
    with pytest.raises(DataError, match=f"^{ADDRESS}: expected an address of this machine"):
        search_role(environment("chief", "192.0.2.1"))


def test_an_address_that_is_none():
    with pytest.raises(DataError, match=f"^{ADDRESS}: expected the address of the chief; 'a b'"):
        search_role(environment("tuner0", "a b"))


def test_the_recipe_says_so_before_anything_is_made(tmp_path):
    done = subprocess.run(
        [sys.executable, str(RECIPE)],
        env={"DESPOOF_KERAS_CACHE": str(tmp_path), "PYTHONPATH": ":".join(sys.path), ID: "chief"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"tune.py: {ADDRESS} and {PORT} are not set, but {ID}='chief'")
    assert list(tmp_path.iterdir()) == []
