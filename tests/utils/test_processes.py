"""Worker processes: order, errors, and how they end."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from despoof_keras.errors import DataError
from despoof_keras.utils.files import atomic_path
from despoof_keras.utils.processes import JOBS_AHEAD, in_processes

ROOT = Path(__file__).parents[2]


def square_and_process(number):
    return number**2, os.getpid()


def fail_at_three(number):
    if number == 3:
        raise ValueError("three")
    return number


class Slow:
    """An object that takes its time to be finalized, as a video reader does."""

    def __del__(self):
        time.sleep(0.5)


def write_for_ever(path):
    if path is None:
        return
    with atomic_path(path) as temporary:
        temporary.write_text("half")
        while True:
            Slow()


def await_files(folder, count):
    deadline = time.monotonic() + 60
    while len(list(folder.iterdir())) < count:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_results_come_in_the_order_of_the_jobs_from_other_processes():
    results = list(in_processes(square_and_process, list(range(20)), 2))
    assert [square for square, _ in results] == [number**2 for number in range(20)]
    assert os.getpid() not in {process for _, process in results}


def test_one_process_is_this_one():
    assert list(in_processes(square_and_process, [3], 8)) == [(9, os.getpid())]
    assert list(in_processes(square_and_process, [], 2)) == []


@pytest.mark.parametrize("processes", [1, 2])
def test_an_error_reaches_the_caller(processes):
    results = in_processes(fail_at_three, list(range(9)), processes)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="three"):
        next(results)


def die_at_odd(number):
    if number % 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return number, os.getpid()


def unharmed(number, call):
    with pytest.raises(BrokenProcessPool):
        call(die_at_odd, number)  # it dies again
    return call(die_at_odd, number + 1)


@pytest.mark.parametrize("processes", [1, 2])
def test_what_a_job_that_kills_its_worker_gives_may_be_decided(processes):
    results = list(in_processes(die_at_odd, list(range(6)), processes, on_death=unharmed))
    assert [number for number, _ in results] == [0, 2, 2, 4, 4, 6]
    assert os.getpid() not in {process for _, process in results}


def test_a_worker_that_is_ended_leaves_nothing_half_written_and_says_nothing(tmp_path, capfd):
    paths = [tmp_path / "one.txt", tmp_path / "two.txt"]
    results = in_processes(write_for_ever, [None, *paths, *[None] * 9], 2)
    next(results)
    await_files(tmp_path, 2)
    results.close()
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr().err == ""


def die_at_two(number):
    if number == 2:
        os.kill(os.getpid(), signal.SIGKILL)  # as the kernel does when memory runs out
    return number


def test_a_worker_that_dies_is_an_error_and_no_endless_wait():
    with pytest.raises(BrokenProcessPool):
        list(in_processes(die_at_two, list(range(50)), 2))


def note_and_return(path):
    path.touch()
    return path


def test_few_jobs_run_ahead_of_the_results_that_are_taken(tmp_path):
    paths = [tmp_path / str(number) for number in range(50)]
    results = in_processes(note_and_return, paths, 2)
    assert next(results) == paths[0]
    assert next(results) == paths[1]
    results.close()
    assert len(list(tmp_path.iterdir())) <= 2 + JOBS_AHEAD * 2 + 2


PROGRAM = """
import pathlib, sys
import test_processes
from despoof_keras.utils.processes import in_processes

if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    jobs = [None, *(folder / name for name in ("one.txt", "two.txt")), *[None] * 9]
    print(len(list(in_processes(test_processes.write_for_ever, jobs, 2))))
"""


def test_nobody_outlives_a_killed_parent(tmp_path):
    program, folder = tmp_path / "program.py", tmp_path / "files"
    program.write_text(PROGRAM)
    folder.mkdir()
    parent = subprocess.Popen(
        [sys.executable, program, folder],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])},
        stderr=subprocess.PIPE,
    )
    await_files(folder, 2)
    parent.kill()
    # The workers hold the pipe open for as long as they live. Python's own resource tracker, which
    # outlives the parent for a moment, reports what that has left.
    parent.communicate(timeout=60)
    assert list(folder.iterdir()) == []


WITHOUT_GUARD = """
import sys
from despoof_keras.synthesis import write_oulu_npu

write_oulu_npu(
    sys.argv[-1], subjects=(1, 1, 1), frames=1, size=(32, 32), processes=2, progress=False
)
print("written once")
"""


@pytest.mark.parametrize("way", ["file", "standard input", "command", "interactive", "daemon"])
def test_a_program_needs_no_main_guard(way, tmp_path):
    program, root = tmp_path / "program.py", tmp_path / "set"
    program.write_text(WITHOUT_GUARD)
    arguments = {
        "file": [str(program)],
        "standard input": ["-"],
        "command": ["-c", WITHOUT_GUARD],
        "interactive": ["-i", "-"],
        "daemon": ["-c", IN_A_DAEMON, str(program)],
    }[way]
    done = subprocess.run(
        [sys.executable, *arguments, str(root)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])},
        input=WITHOUT_GUARD if "-" in arguments else "",
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout.count("written once") == 1
    assert (root / "embedded_set.json").is_file()


# `multiprocessing` lets a daemonic process have no children.
IN_A_DAEMON = """
import multiprocessing, runpy, sys
process = multiprocessing.get_context("fork").Process(
    target=runpy.run_path, args=(sys.argv[1],), daemon=True
)
process.start()
process.join()
sys.exit(process.exitcode)
"""


def chatter(number):
    print("a library's line")
    os.write(1, b"another\n")
    return number


def test_what_libraries_print_is_no_answer():
    assert list(in_processes(chatter, list(range(6)), 2)) == list(range(6))


class Unpicklable(Exception):
    def __init__(self, one, other):
        super().__init__(one)


def fail_strangely(number):
    raise Unpicklable(number, lambda: None)


def test_an_error_that_cannot_be_sent_is_named():
    with pytest.raises(RuntimeError, match="Unpicklable") as raised:
        list(in_processes(fail_strangely, [1, 2, 3], 2))
    assert "in fail_strangely" in str(raised.value.__cause__)


def libraries(number):
    import cv2

    return cv2.getNumThreads(), sorted({"tensorflow", "keras"} & set(sys.modules))


def test_a_worker_has_one_thread_and_no_tensorflow():
    from despoof_keras.datasets import prepare  # noqa: F401

    assert list(in_processes(libraries, [1, 2], 2)) == [(1, [])] * 2


@pytest.mark.parametrize("processes", [0, -1])
def test_no_processes_at_all_are_refused(processes):
    with pytest.raises(DataError, match=f"processes: expected a positive.*received {processes}"):
        list(in_processes(square_and_process, [1, 2], processes))


def nested(number):
    return list(in_processes(square_and_process, [number, number + 1], 2))


def test_a_worker_may_have_workers():
    (first, second) = in_processes(nested, [1, 5], 2)
    assert [square for square, _ in [*first, *second]] == [1, 4, 25, 36]
