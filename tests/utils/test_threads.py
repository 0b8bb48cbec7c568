"""Stages in threads: order, bounded memory, errors, giving up."""

import threading
import time

import pytest

from despoof_keras.utils.threads import BusyTimes, InThread


def test_items_come_in_order_from_another_thread():
    threads = []

    def produce():
        for number in range(100):
            threads.append(threading.current_thread())
            yield number

    with InThread(produce(), 3) as items:
        assert list(items) == list(range(100))
    assert threading.current_thread() not in threads


def test_no_more_items_wait_than_allowed():
    made = []

    def produce():
        for number in range(50):
            made.append(number)
            yield number

    with InThread(produce(), 4) as items:
        iterator = iter(items)
        next(iterator)
        # One taken, four waiting, one in the producer's hand.
        deadline = time.monotonic() + 60
        while len(made) < 6:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(0.3)
        assert len(made) == 6
        assert items.is_ready()


def test_an_error_arrives_after_the_items_before_it():
    def produce():
        yield 1
        raise ValueError("broken")

    with InThread(produce(), 2) as items:
        iterator = iter(items)
        assert next(iterator) == 1
        with pytest.raises(ValueError, match="broken"):
            next(iterator)


def test_leaving_early_ends_the_thread():
    def produce():
        while True:
            yield 0

    before = threading.active_count()
    with InThread(produce(), 1) as items:
        next(iter(items))
    assert threading.active_count() == before


def test_stages_work_at_the_same_time():
    meeting = threading.Barrier(2, timeout=10)

    def produce():
        for number in range(5):
            meeting.wait()  # passes only while the consumer is waiting here as well
            yield number

    with InThread(produce(), 5) as items:
        for _ in range(5):
            meeting.wait()
        assert list(items) == list(range(5))


def test_reading_again_after_the_end_gives_nothing():
    with InThread(iter([1, 2]), 3) as items:
        assert list(items) == [1, 2]
        assert list(items) == []


def test_a_chain_is_left_at_once_though_its_first_stage_is_stuck(monkeypatch):
    monkeypatch.setattr("despoof_keras.utils.threads.GIVE_UP_AFTER", 0.1)
    release = threading.Event()

    def stuck():
        yield 1
        release.wait(30)

    stop = threading.Event()
    with InThread(stuck(), 1, stop) as first, InThread(first, 1, stop) as second:
        assert next(iter(second)) == 1
    left_while_stuck = not release.is_set()
    release.set()
    assert left_while_stuck


def test_busy_times_leave_out_the_waiting(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("despoof_keras.utils.threads.time.perf_counter", lambda: clock[0])
    times = BusyTimes()

    def slow():
        for number in range(3):
            clock[0] += 2.0
            yield number

    for _ in times.advance("read", slow()):
        clock[0] += 50.0
    with times.measure("score"):
        clock[0] += 1.0
    assert times.seconds == {"read": 6.0, "score": 1.0}
    assert times.counts["score"] == 1
