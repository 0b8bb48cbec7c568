"""Progress bars: all items come through, and a generator ends with the block."""

import pytest

from despoof_keras.utils.progress import tracked


def test_all_items_come_through(capfd):
    with tracked([3, 1, 2], "things", 3) as items:
        assert list(items) == [3, 1, 2]
    with tracked(iter("ab"), None, 2) as items:
        assert list(items) == ["a", "b"]
    assert capfd.readouterr().out == ""


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
