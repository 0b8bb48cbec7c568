"""How programs start and end: the environment, what stays unsaid, and the line that says why."""

import os
import signal
import subprocess
import sys
import tempfile
from concurrent.futures.process import BrokenProcessPool

import pytest

from despoof_keras.errors import DataError
from despoof_keras.utils.programs import (
    ENVIRONMENT,
    INTERRUPTED,
    TERMINATED,
    held_back_stderr,
    run_program,
    run_script,
    set_environment,
)


def test_the_environment_is_set_unless_the_user_has_set_it(monkeypatch):
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    set_environment()
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "3"
    assert os.environ["TF_ENABLE_ONEDNN_OPTS"] == "0"
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS")
    set_environment()
    assert os.environ["TF_ENABLE_ONEDNN_OPTS"] == "1"


@pytest.mark.slow
def test_tensorflow_starts_and_works_without_a_word():
    code = (
        "from despoof_keras.utils.programs import start_tensorflow\n"
        "start_tensorflow()\n"
        "import tensorflow as tf\n"
        # Integers, for which oneDNN has kernels on some processors alone.
        "tf.linalg.matmul(tf.ones((4, 4), tf.int32), tf.ones((4, 4), tf.int32))\n"
    )
    environment = {name: value for name, value in os.environ.items() if name not in ENVIRONMENT}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("error", "is_shown"),
    [(None, False), (DataError("data"), False), (ImportError("library"), False), (KeyError, True)],
)
def test_chatter_is_shown_only_after_an_unexpected_error(error, is_shown, capfd):
    def chatter():
        with held_back_stderr():
            os.write(2, b"I0000 a processor\n")
            if error is not None:
                raise error

    try:
        chatter()
    except (DataError, ImportError, KeyError):
        assert error is not None
    os.write(2, b"after\n")
    assert capfd.readouterr().err == ("I0000 a processor\n" if is_shown else "") + "after\n"


def end_by(error):
    def work():
        raise error

    return work


def terminate_in_c_code():
    try:
        signal.raise_signal(signal.SIGTERM)
    except KeyboardInterrupt:
        # As C code does that finds an exception beside its result, and Keras with what it raises.
        raise SystemError("returned a result with an exception set") from None


@pytest.mark.parametrize(
    ("work", "code", "line"),
    [
        (lambda: None, 0, ""),
        (end_by(DataError("a: expected b")), 1, "p: a: expected b\n"),
        (
            end_by(BrokenProcessPool("a child process terminated abruptly")),
            1,
            "p: a worker process was killed, as happens where memory runs out; start again\n",
        ),
        (end_by(KeyboardInterrupt), INTERRUPTED, "\ninterrupted; start again\n"),
        (lambda: signal.raise_signal(signal.SIGTERM), TERMINATED, "\nterminated; start again\n"),
        (terminate_in_c_code, TERMINATED, "\nterminated; start again\n"),
        (
            end_by(OSError(28, "No space left on device", "f.txt")),
            1,
            "p: f.txt: expected room to write; no space left on device; once there is, "
            "start again\n",
        ),
    ],
)
def test_what_ends_a_program_is_a_line_and_an_exit_code(work, code, line, capsys):
    handler = signal.getsignal(signal.SIGTERM)
    try:
        assert run_program("p", work, "start again") == code
    finally:
        signal.signal(signal.SIGTERM, handler)
    assert capsys.readouterr().err == line


def test_an_error_of_the_program_itself_is_raised():
    handler = signal.getsignal(signal.SIGTERM)
    try:
        for error in (ZeroDivisionError, SystemError):
            with pytest.raises(error):
                run_program("p", end_by(error), "start again")
    finally:
        signal.signal(signal.SIGTERM, handler)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (IsADirectoryError(21, "Is a directory", "out"), "[Errno 21] Is a directory: 'out'"),
        (ImportError("no library"), "no library"),
        (DataError("no data"), "no data"),
    ],
)
def test_a_script_ends_with_one_line_that_its_name_begins(error, message, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["recipes/train.py", "--epochs", "3"])
    monkeypatch.setattr(signal, "signal", lambda *arguments: None)

    def run(options):
        assert options == "options"
        raise error

    assert run_script(lambda: "options", run) == 1
    assert capsys.readouterr().err == f"train.py: {message}\n"


def test_chatter_is_held_back_without_a_folder_for_temporary_files(monkeypatch, capfd):
    def none(*arguments, **named):
        raise FileNotFoundError(2, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr(tempfile, "TemporaryFile", none)
    for available in (True, False):
        if not available:
            monkeypatch.delattr(os, "memfd_create", raising=False)
        with held_back_stderr():
            os.write(2, b"chatter\n")
        assert capfd.readouterr().err == ""


def test_a_missing_folder_for_temporary_files_is_explained(monkeypatch, capsys):
    monkeypatch.setattr(signal, "signal", lambda *arguments: None)
    error = FileNotFoundError(2, "No usable temporary directory found in ['/tmp', '/var/tmp']")
    assert run_program("p", end_by(error), "start again") == 1
    assert "['/tmp', '/var/tmp']; set TMPDIR to a folder" in capsys.readouterr().err
