"""Worker processes: order, errors, and no more of them than jobs."""

import os
import time

import pytest

from despoof_keras.utils.files import atomic_path
from despoof_keras.utils.processes import in_processes


def square_and_process(number):
    return number**2, os.getpid()


def fail_at_three(number):
    if number == 3:
        raise ValueError("three")
    return number


class Slow:
    """What takes its time to be finalized, as a video reader does."""

    def __del__(self):
        time.sleep(0.5)


def write_for_ever(path):
    if path is None:
        return
    with atomic_path(path) as temporary:
        temporary.write_text("half")
        while True:
            Slow()


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


def test_a_worker_that_is_ended_leaves_nothing_half_written_and_says_nothing(tmp_path, capfd):
    paths = [tmp_path / "one.txt", tmp_path / "two.txt"]
    results = in_processes(write_for_ever, [None, *paths, *[None] * 9], 2)
    next(results)
    deadline = time.monotonic() + 60
    while len(list(tmp_path.iterdir())) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    results.close()
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr().err == ""
