"""Worker processes: order, errors, and no more of them than jobs."""

import os

import pytest

from despoof_keras.workers import in_processes


def square_and_process(number):
    return number**2, os.getpid()


def fail_at_three(number):
    if number == 3:
        raise ValueError("three")
    return number


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
