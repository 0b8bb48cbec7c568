"""A chief without workers ends, in a terminal and in the background."""

import signal
import time

import pytest

from despoof_keras.training.search import heartbeat


@pytest.mark.parametrize("handler", [signal.default_int_handler, signal.SIG_IGN])
def test_a_chief_ends_when_no_worker_gives_a_sign_of_life(handler, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(heartbeat, "BEAT", 0.01)
    before = signal.signal(signal.SIGINT, handler)
    try:
        with heartbeat.stop_without_workers(tmp_path, timeout=0.5):
            # In short turns, as a chief waits: what ends it does not cut a long one short.
            for _ in range(6000):
                time.sleep(0.01)
            pytest.fail("nothing ended the block")
        assert signal.getsignal(signal.SIGINT) == handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert "no worker has given a sign of life" in caplog.text


def test_an_ignored_ctrl_c_stays_ignored_while_there_are_workers(tmp_path):
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with heartbeat.stop_without_workers(tmp_path, timeout=60):
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
