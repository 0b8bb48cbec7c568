"""Files with the positions of faces, as the data sets have them and as people hand them on."""

import numpy as np
import pytest

from despoof_keras.datasets.annotations import read_annotation
from despoof_keras.datasets.samples import Annotation
from despoof_keras.errors import DataError

REPLAY = "0 100 50 80 90\n1 0 0 0 0\n3 101 51 80 90\n"
SIW = "785 425 1070 710\n0 0 0 0\n\n786 426 1071 711\n"
MSU = "0,221,138,392,357,271,213,346,211\n1,222,138,393,357,0,0,0,0\n2,0,0,0,0,0,0,0,0\n"


@pytest.fixture
def read(tmp_path):
    """Function from a kind and a file's content to what is read."""

    def read(kind, content, bad=None):
        path = tmp_path / "video.face"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_annotation(Annotation(path, kind), bad)

    return read


def boxes(positions):
    return {frame: position.box for frame, position in positions.items()}


def test_replay_attack_has_frame_corner_and_size(read):
    positions = read("replay_attack", REPLAY)
    assert boxes(positions) == {0: (100, 50, 80, 90), 3: (101, 51, 80, 90)}
    assert all(position.eyes is None for position in positions.values())


def test_siw_has_two_corners_in_the_line_of_the_frame(read):
    assert boxes(read("siw", SIW)) == {0: (785, 425, 285, 285), 3: (786, 426, 285, 285)}
    assert boxes(read("siw", "[785 425 1070 710]\n")) == {0: (785, 425, 285, 285)}


def test_msu_mfsd_has_two_corners_and_the_eyes(read):
    positions = read("msu_mfsd", MSU)
    assert boxes(positions) == {0: (221, 138, 171, 219), 1: (222, 138, 171, 219)}
    np.testing.assert_array_equal(positions[0].eyes, [271, 213, 346, 211])
    assert positions[1].eyes is None


def test_the_eye_on_the_left_of_the_image_stands_first_whatever_the_order(read):
    positions = read("msu_mfsd", "0,221,138,392,357,346,211,271,213\n")
    np.testing.assert_array_equal(positions[0].eyes, [271, 213, 346, 211])


@pytest.mark.parametrize(
    ("kind", "text"), [("replay_attack", REPLAY), ("siw", SIW), ("msu_mfsd", MSU)]
)
@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace("\n", "\r\r\n").encode(),
        lambda text: text.replace("\n", "\r").encode(),
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.encode("utf-16"),
        lambda text: text.replace(" ", ", ").encode(),
        lambda text: text.replace(" ", "\t").replace(",", " , ").encode(),
        lambda text: text.rstrip().encode(),
        lambda text: (text + "\n\n").encode(),
    ],
)
def test_any_encoding_line_end_and_separator_is_read(read, kind, text, encode):
    expected, positions = read(kind, text), read(kind, encode(text))
    assert boxes(positions) == boxes(expected)
    for frame, position in expected.items():
        np.testing.assert_array_equal(position.eyes, positions[frame].eyes)


@pytest.mark.parametrize("content", ["", "\n\n", "0 0 0 0 0\n1 0 0 0 0\n", "5 10 10 -3 8\n"])
def test_a_file_may_hold_no_face(read, content):
    assert read("replay_attack", content) == {}


@pytest.mark.parametrize(
    ("kind", "line", "message"),
    [
        ("replay_attack", "4 1 2 3", r"video\.face:4: expected frame x y width height; received 4"),
        ("replay_attack", "4 1 2 3 4 5", "expected frame x y width height"),
        ("replay_attack", "four 1 2 3 4", "received four 1 2 3 4"),
        ("replay_attack", "4 1 2 nan 4", "expected frame x y width height"),
        ("replay_attack", "-4 1 2 3 4", "expected frame x y width height"),
        ("replay_attack", "4.5 1 2 3 4", "expected frame x y width height"),
        ("replay_attack", "3 1 2 3 4", r"video\.face:4: frame 3 has two lines"),
        ("siw", "1 2 3", r"video\.face:5: expected x1 y1 x2 y2; received 1 2 3"),
        ("siw", "0 1 2 3 4", "expected x1 y1 x2 y2"),
        ("msu_mfsd", "4,1,2,3,4", "expected frame x1 y1 x2 y2 x y x y"),
    ],
)
def test_a_bad_line_is_an_error_or_left_out(read, kind, line, message):
    text = {"replay_attack": REPLAY, "siw": SIW, "msu_mfsd": MSU}[kind]
    with pytest.raises(DataError, match=message):
        read(kind, text + line)
    bad = []
    positions = read(kind, text + line, bad)
    expected = boxes(read(kind, text))
    if "two lines" in message:
        del expected[3]
    assert boxes(positions) == expected
    assert len(bad) == 1


def test_a_missing_file_and_one_that_is_no_text_are_named(read, tmp_path):
    with pytest.raises(DataError, match=r"none\.face: expected a text file of face positions"):
        read_annotation(Annotation(tmp_path / "none.face", "siw"))
    with pytest.raises(DataError, match=r"video\.face: expected a text file of face positions"):
        read("siw", b"\xff\x01\xd8\x9c")
