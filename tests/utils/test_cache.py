"""The cache: where it lies, without a home folder too, and how to put it elsewhere."""

import os
import tempfile
from pathlib import Path

import pytest

from despoof_keras.errors import DataError
from despoof_keras.synthesis import data_at
from despoof_keras.utils.cache import CACHE_VARIABLE, cache_folder, in_cache, writable_cache
from despoof_keras.utils.programs import run_program


@pytest.fixture
def environment(monkeypatch):
    """The process's environment without what places the cache."""
    for name in (CACHE_VARIABLE, "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_the_variables_come_first(environment, tmp_path):
    environment.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "despoof_keras"
    environment.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "despoof_keras"
    environment.setenv(CACHE_VARIABLE, "~/mine")
    assert cache_folder() == tmp_path / "mine"


@pytest.mark.parametrize("home", ["missing", "~", ""])
def test_without_a_home_folder_it_lies_among_the_temporary_files(home, environment, tmp_path):
    # An empty HOME is a relative path, "~" what Python gives a user that the system does not know.
    environment.setenv("HOME", str(tmp_path / home) if home == "missing" else home)
    environment.setattr(os.path, "expanduser", lambda path: os.environ["HOME"])
    expected = Path(tempfile.gettempdir()) / f"despoof_keras-{os.getuid()}"
    assert cache_folder() == expected


def test_without_any_folder_the_variable_is_named(environment, tmp_path):
    environment.setenv("HOME", str(tmp_path / "missing"))

    def none():
        raise FileNotFoundError(2, "No usable temporary directory found")

    environment.setattr(tempfile, "gettempdir", none)
    with pytest.raises(DataError, match=f"no home folder.*set {CACHE_VARIABLE}"):
        cache_folder()


def test_a_home_folder_of_nobody_is_an_error_that_names_the_variable(environment):
    environment.setenv(CACHE_VARIABLE, "~nobody-of-this-name/cache")
    with pytest.raises(DataError, match=f"{CACHE_VARIABLE}=~nobody-of-this-name/cache: expected"):
        cache_folder()


def test_a_cache_that_cannot_be_written_to_names_the_variable(environment, tmp_path):
    (tmp_path / "file").write_text("")
    environment.setenv(CACHE_VARIABLE, str(tmp_path / "file"))
    with pytest.raises(DataError, match=f"file: expected a folder.*; set {CACHE_VARIABLE} to"):
        writable_cache()
    with pytest.raises(DataError, match=CACHE_VARIABLE):
        data_at(tmp_path)
    environment.setenv(CACHE_VARIABLE, str(tmp_path / "file" / "below"))
    with pytest.raises(DataError, match=f"below: expected a folder.*; set {CACHE_VARIABLE} to"):
        writable_cache()
    environment.setenv(CACHE_VARIABLE, str(tmp_path / "new"))
    assert writable_cache() == tmp_path / "new"


def test_a_full_disk_under_the_cache_names_the_variable(environment, tmp_path, capsys):
    environment.setenv(CACHE_VARIABLE, str(tmp_path))
    environment.setattr("signal.signal", lambda *arguments: None)

    def work(path):
        raise OSError(28, "No space left on device", str(path))

    assert run_program("p", lambda: work(tmp_path / "crops" / "a.tfrecord"), "start again") == 1
    assert f"once there is, or {CACHE_VARIABLE} names another" in capsys.readouterr().err
    assert run_program("p", lambda: work("model.keras"), "start again") == 1
    assert CACHE_VARIABLE not in capsys.readouterr().err
    assert not in_cache(None)
