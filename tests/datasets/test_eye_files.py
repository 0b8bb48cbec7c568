"""Eye files."""

import numpy as np
import pytest

from despoof_keras.datasets.eye_files import fill_gaps, read_eyes, write_eyes
from despoof_keras.errors import DataError


def test_reads_oulu_lines_and_leaves_out_frames_without_a_face(tmp_path):
    path = tmp_path / "1_1_01_1.txt"
    # Frame 1 has no face, frame 2 no line, in frame 4 one eye was not found.
    path.write_bytes(
        b"0,455,779,638,756\r\n1,0,0,0,0\r\n3,-2.5, 7,60.25,0\r\n4,455,779,0,0\r\n\r\n"
    )
    eyes = read_eyes(path)
    assert sorted(eyes) == [0, 3]
    assert eyes[0].dtype == np.float64
    np.testing.assert_array_equal(eyes[0], [455, 779, 638, 756])
    np.testing.assert_array_equal(eyes[3], [-2.5, 7, 60.25, 0])


def test_a_file_without_any_face_is_empty(tmp_path):
    path = tmp_path / "none.txt"
    path.write_text("0,0,0,0,0\n")
    assert read_eyes(path) == {}


@pytest.mark.parametrize(
    "line", ["1,2,3,4", "1,2,3,4,5,6", "x,1,2,3,4", "1.5,1,2,3,4", "-1,1,2,3,4", "1,1,2,nan,4",
             "1,1,2,inf,4", "1,1,2,,4", "1 1 2 3 4"]
)  # fmt: skip
def test_malformed_lines_name_file_and_line(tmp_path, line):
    path = tmp_path / "bad.txt"
    path.write_text(f"0,455,779,638,756\n{line}\n")
    with pytest.raises(DataError, match=r"bad.txt:2: expected frame,x_right,y_right,x_left,y_left"):
        read_eyes(path)


def test_the_wrong_eye_first_names_the_convention(tmp_path):
    path = tmp_path / "swapped.txt"
    path.write_text("0,638,756,455,779\n")
    with pytest.raises(DataError, match=r"swapped.txt:1: .*image's left, first .*x_right 638"):
        read_eyes(path)


def test_a_frame_named_twice(tmp_path):
    path = tmp_path / "twice.txt"
    path.write_text("0,0,0,0,0\n0,455,779,638,756\n")
    with pytest.raises(DataError, match=r"twice.txt:2: frame 0 has two lines"):
        read_eyes(path)


def test_missing_and_binary_files(tmp_path):
    with pytest.raises(DataError, match=r"nowhere.txt: expected a text file"):
        read_eyes(tmp_path / "nowhere.txt")
    (tmp_path / "binary.txt").write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(DataError, match=r"binary.txt: expected a text file"):
        read_eyes(tmp_path / "binary.txt")


def test_what_is_written_is_oulu_and_reads_back(tmp_path):
    path = tmp_path / "new" / "1_1_01_1.txt"
    eyes = {7: np.array([10.125, 20.0, 30.0004, -1.5]), 0: (455, 779, 638, 756)}
    write_eyes(path, eyes)
    assert path.read_text() == "0,455,779,638,756\n7,10.125,20,30,-1.5\n"
    read = read_eyes(path)
    assert sorted(read) == [0, 7]
    for frame, positions in eyes.items():
        np.testing.assert_allclose(read[frame], positions, atol=0.0005)


@pytest.mark.parametrize("eyes", [(2, 0, 1, 0), (1, 0, 1, 0), (1, 2, np.nan, 3), (1, 2, 3)])
def test_nothing_is_written_that_would_not_read_back(tmp_path, eyes):
    with pytest.raises(DataError, match=r"eyes.txt: frame 3: expected"):
        write_eyes(tmp_path / "eyes.txt", {3: eyes})
    assert list(tmp_path.iterdir()) == []


def test_short_gaps_are_filled_along_a_line_and_long_ones_stay_open():
    eyes = {2: (10, 20, 30, 20), 5: (16, 26, 36, 29), 20: (16, 26, 36, 29), 30: (0, 1, 2, 3)}
    filled = fill_gaps(eyes, longest=9)
    assert list(filled) == [2, 3, 4, 5, *range(20, 31)]
    np.testing.assert_allclose(filled[3], (12, 22, 32, 23))
    np.testing.assert_allclose(filled[4], (14, 24, 34, 26))
    for frame, positions in eyes.items():
        np.testing.assert_array_equal(filled[frame], positions)


def test_a_gap_of_just_the_longest_length_is_filled_and_no_longer_one():
    eyes = {0: (0, 0, 8, 0), 9: (9, 0, 17, 0)}
    assert list(fill_gaps(eyes, longest=8)) == list(range(10))
    assert list(fill_gaps(eyes, longest=7)) == [0, 9]
    assert fill_gaps({}) == {}


@pytest.mark.parametrize(
    ("line", "frame"),
    [
        ("1,638,756,455,779", 1),  # swapped
        ("1,455,779,638,nan", 1),
        ("1,455,779,638", 1),
        ("1,455,779,638,756,9", 1),
        ("1,x,779,638,756", 1),
        ("one,455,779,638,756", None),
        ("-1,455,779,638,756", None),
        ("0,455,779,638,756", 0),  # listed before
    ],
)
def test_a_bad_line_loses_its_frame_alone(tmp_path, line, frame):
    path = tmp_path / "eyes.txt"
    path.write_text(f"0,455,779,638,756\n{line}\n2,455,779,638,756\n")
    bad = []
    eyes = read_eyes(path, bad)
    assert sorted(eyes) == [known for known in (0, 2) if known != frame]
    assert [own.frame for own in bad] == [frame]
    assert bad[0].message.startswith(f"{path}:2: ")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_eye_files_of_other_encodings_are_read(tmp_path, encoding):
    path = tmp_path / "eyes.txt"
    path.write_bytes("0,455,779,638,756\r\n2,455,779,638,756\r\n".encode(encoding))
    assert sorted(read_eyes(path)) == [0, 2]
