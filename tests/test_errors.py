"""Messages repeat what a user gave, on a line of bounded length."""

import pickle

import numpy as np

from despoof_keras.errors import MOST_MESSAGE, MOST_SHOWN, DataError, reason_without, shown


def test_a_value_is_shown_on_one_line_and_cut_in_its_middle():
    assert shown("a b.png") == "a b.png"
    assert shown("") == "''"
    assert shown("two\nlines\udcff") == r"two\nlines\udcff"
    assert shown(b"\x89PNG") == "4 bytes"
    assert shown([1, 2]) == "[1, 2]"
    long = shown("a" * 300_000 + "z")
    assert len(long) <= MOST_SHOWN
    assert long.startswith("aaa")
    assert long.endswith("z (300001 characters)")
    assert "\n" not in shown(np.zeros((100, 100)))


def test_a_message_is_a_line_whatever_is_put_into_it():
    error = DataError(f"eyes: expected four numbers; received {np.zeros((30, 4))}\nand more")
    assert "\n" not in str(error)
    assert len(str(DataError("x" * 400_000))) <= MOST_MESSAGE
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    assert str(DataError("d\udcff: expected a video")).encode() == rb"d\udcff: expected a video"


def test_a_name_is_left_out_where_it_stands_anyway():
    for name in ("a.png", "two  spaces.png", "x" * 300, "two\nlines.png", "\udcff.png"):
        assert reason_without(name, DataError(f"{shown(name)}: it is gone")) == "it is gone"
        assert reason_without(name, DataError(f"{name}: it is gone")) == "it is gone"
