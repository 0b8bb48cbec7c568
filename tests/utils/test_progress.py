"""Progress: all items come through, a bar or lines show them, and a generator ends in time."""

import time

import pytest

from despoof_keras.utils.progress import StageProgress, duration, progress_line, tracked


def test_all_items_come_through(capfd):
    with tracked([3, 1, 2], "things", 3) as items:
        assert list(items) == [3, 1, 2]
    with tracked(iter("ab"), None, 2) as items:
        assert list(items) == ["a", "b"]
    # A short stage writes nothing where there is no terminal.
    assert capfd.readouterr() == ("", "")


def test_a_generator_has_ended_before_its_error_is_handled(capfd):
    def numbers():
        try:
            yield from range(9)
        finally:
            ended.append(True)

    def stop_at_two():
        with tracked(numbers(), "numbers", 9) as some:
            for number in some:
                if number == 2:
                    raise ValueError("two")

    ended = []
    with pytest.raises(ValueError, match="two") as raised:
        stop_at_two()
    capfd.readouterr()
    # The exception, and with it every frame that it went through, is still held until here.
    assert ended == [True]
    del raised
    assert capfd.readouterr().err == ""


def lines_of(capfd, progress, count):
    """The lines on stderr, once there are so many."""
    text, deadline = "", time.monotonic() + 60
    with progress:
        progress.advance(2)
        while text.count("\n") < count:
            assert time.monotonic() < deadline
            time.sleep(0.01)
            text += capfd.readouterr().err
    return text.splitlines()


def test_without_a_terminal_lines_tell_the_progress_and_the_time_left(capfd):
    first, second, *_ = lines_of(capfd, StageProgress("[b]things[/b]", 10, interval=0.01), 2)
    assert first.startswith("[b]things[/b]: 2 of 10, ")
    assert first.endswith(" left")
    assert second.startswith("[b]things[/b]: 2 of 10, ")


def test_a_long_description_stays_on_one_line(capfd):
    first, *_ = lines_of(capfd, StageProgress("thing " * 40, 10, interval=0.01), 1)
    assert first.startswith("thing " * 40 + ": 2 of 10")


def test_nothing_is_shown_without_a_description(capfd):
    with StageProgress(None, 10, interval=0.001) as progress:
        progress.advance()
        time.sleep(0.05)
    assert capfd.readouterr() == ("", "")


def test_a_terminal_gets_a_bar_that_follows_total_and_description(capfd, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    with StageProgress("one", interval=0.001) as progress:
        progress.expect(3)
        progress.expect(4)
        progress.describe("[two]")
        progress.advance(5)
    output, errors = capfd.readouterr()
    assert output == ""
    assert "[two]" in errors
    assert "5/7" in errors
    assert " of 7" not in errors


@pytest.mark.parametrize(
    ("done", "total", "seconds", "line"),
    [
        (0, 10, 30.0, "crops: 0 of 10"),
        (5, None, 30.0, "crops: 5"),
        (1, 3, 30.0, "crops: 1 of 3, 1 min left"),
        (3, 3, 30.0, "crops: 3 of 3, 0 s left"),
    ],
)
def test_lines_tell_what_is_known(done, total, seconds, line):
    assert progress_line("crops", done, total, seconds) == line


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.4, "59 s"), (90.1, "2 min"), (3599, "1 h 0 min"), (7500, "2 h 5 min")],
)
def test_durations_are_coarse(seconds, text):
    assert duration(seconds) == text
