"""Score files as other programs write them: what is read, with which sign, and what is refused."""

import numpy as np
import pytest

from despoof_keras.errors import DataError
from despoof_keras.evaluation.score_files import PresentationScore, read_scores, write_scores
from despoof_keras.evaluation.score_formats import read_score_table
from despoof_keras.evaluation.score_labels import species_name
from despoof_keras.evaluation.score_table import ScoreTable

NAN = float("nan")
BOB = """claimed_id,test_label,is_bonafide,attack_type,score
1,a,True,,3.0
1,b,False,print/1,1.0
02,c,True,,4.0
2,d,False,print/2,-2.5
"""


@pytest.fixture
def read(tmp_path):
    """Function from a text, or bytes, and `higher`, to the table of a file with it."""

    def read(text, higher=None):
        path = tmp_path / "scores.txt"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_score_table(path, higher)

    return read


def refused(read, text, higher=None):
    """The message, without the folder."""
    with pytest.raises(DataError) as caught:
        read(text, higher)
    message = str(caught.value)
    assert "scores.txt" in message
    assert "\n" not in message
    return message[message.index("scores.txt") :]


def contents(table):
    scores = [None if np.isnan(score) else float(score) for score in table.spoof_scores]
    return list(zip(table.keys, table.pais.tolist(), scores, strict=True))


def test_bob_csv(read):
    table = read(BOB)
    assert contents(table) == [
        ("a", "bona_fide", -3.0),
        ("b", "print_1", -1.0),
        ("c", "bona_fide", -4.0),
        ("d", "print_2", 2.5),
    ]
    # 02 and 2 are one person, as are print/1 and print/2 one instrument.
    assert table.subjects.tolist() == ["1", "1", "2", "2"]
    assert set(table.instruments) == {"bona_fide", "print"}
    assert "a score file of bob" in table.note
    assert "higher for bona fide presentations" in table.note


def test_columns_may_stand_in_any_order(read):
    rows = [line.split(",") for line in BOB.splitlines()]
    turned = "\n".join(",".join(row[::-1]) for row in rows)
    assert contents(read(turned)) == contents(read(BOB))


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\r"),
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\n\n") + "\n  \n",
        lambda text: "# made by hand\n" + text.replace("2,d", "# the last\n2,d"),
        lambda text: text.replace(",", ";"),
        lambda text: text.replace(",", "\t"),
        lambda text: text.replace(",", " , "),
        lambda text: text.replace("test_label", "Test-Label").replace("score", "SCORE"),
        lambda text: text.replace("True", "true").replace("False", "0"),
        lambda text: text.replace("a,True", '"a",True').rstrip("\n"),
        lambda text: text.replace("\n", ",\n"),
        lambda text: text.encode("utf-16"),
        lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    ],
)
def test_the_same_file_from_other_programs(read, change):
    assert contents(read(change(BOB))) == contents(read(BOB))


def test_our_own_files_read_as_before(tmp_path):
    path = tmp_path / "scores.csv"
    rows = [
        PresentationScore("v1", "bona_fide", score, 3, 1, 2, frame)
        for frame, score in enumerate((0.25, NAN, 0.75))
    ]
    rows += [PresentationScore("v2", "replay_1", 1.5, 4, 1, 3, 0)]
    rows += [PresentationScore("v3", "replay_1", NAN, 4, 2, 3, 0)]
    write_scores(path, rows)
    table, expected = read_score_table(path), ScoreTable.of(read_scores(path))
    assert contents(table) == contents(expected)
    assert table.subjects.tolist() == expected.subjects.tolist() == ["3", "4", "4"]
    assert {name: list(column) for name, column in table.groups.items()} == {
        "session": ["1", "1", "2"],
        "phone": ["2", "3", "3"],
    }
    assert "5 frames of 3 presentations were averaged." in table.note
    assert "2 of 5 frames have no score (lines 3, 6)." in table.note
    assert "1 of 3 presentations has no score, a failure to acquire." in table.note


def test_bob_four_columns(read):
    table = read(
        "1 1 real/1.mov 0.5\n1 print a/1.mov -0.5\n2 attack/replay/2 a/2.mov -1\n"
        "2 2 real/2.mov 1.5\n2 1 a/3.mov -2\n1 spoof a/4.mov -3\n"
    )
    assert contents(table) == [
        ("real/1.mov", "bona_fide", -0.5),
        ("a/1.mov", "print", 0.5),
        ("a/2.mov", "replay_2", 1.0),
        ("real/2.mov", "bona_fide", -1.5),
        ("a/3.mov", "attack", 2.0),
        ("a/4.mov", "attack", 3.0),
    ]
    assert table.subjects.tolist() == ["1", "1", "2", "2", "2", "1"]


@pytest.mark.parametrize(
    ("text", "pais", "scores"),
    [
        ("0 0.1\n1 0.9\n", ["bona_fide", "attack"], [0.1, 0.9]),
        ("0,0.1\n1,0.9\n", ["bona_fide", "attack"], [0.1, 0.9]),
        ("0\t0.1\n1\t0.9\n", ["bona_fide", "attack"], [0.1, 0.9]),
        ("1.000e+00 9e-1\n0.000e+00 1e-1", ["attack", "bona_fide"], [0.9, 0.1]),
        ("label,score\n0,0.1\n1,0.9\n", ["bona_fide", "attack"], [0.1, 0.9]),
        ("score,label\n0.1,0\n0.9,1\n", ["bona_fide", "attack"], [0.1, 0.9]),
        ("+1 0.9\n-1 0.1\n", ["bona_fide", "attack"], [-0.9, -0.1]),
        ("1,0.9\n-1,0.1\n-2,0.2\n", ["bona_fide", "print", "replay"], [-0.9, -0.1, -0.2]),
        ("label,spoof_score\n+1,0.9\n-1,0.1\n", ["bona_fide", "attack"], [0.9, 0.1]),
        ("live 1\nspoof 2\n", ["bona_fide", "attack"], [1, 2]),
        ("bona-fide;1\nprint/3;2\n", ["bona_fide", "print_3"], [1, 2]),
        ("Bona fide,1\nSilicone Mask,2\n", ["bona_fide", "Silicone Mask"], [1, 2]),
        ("genuine 1\nattack -2\n", ["bona_fide", "attack"], [1, -2]),
        ("pai,spoof_score\nbona_fide,1\nreplay_1,2\n", ["bona_fide", "replay_1"], [1, 2]),
    ],
)
def test_two_columns(read, text, pais, scores):
    table = read(text)
    assert table.pais.tolist() == pais
    assert table.spoof_scores.tolist() == scores
    assert table.keys == ("row 1", "row 2", "row 3")[: len(pais)]
    assert table.subjects is None
    assert "No subjects are named" in table.note


def test_three_columns_and_names_of_columns(read):
    expected = [("a b.mov", "bona_fide", 0.25), ("c.mov", "attack", 0.5)]
    assert contents(read("a b.mov,0,0.25\nc.mov,1,0.5\n")) == expected
    assert contents(read("score,file,label\n0.25,a b.mov,0\n0.5,c.mov,1\n")) == expected
    table = read("subject_id,file,label,attack_type,score\n1,x,0,,0.5\n2,y,1,mask,1\n")
    assert contents(table) == [("x", "bona_fide", 0.5), ("y", "mask", 1.0)]
    assert table.subjects.tolist() == ["1", "2"]


@pytest.mark.parametrize("higher", ["attack", "bona_fide"])
def test_the_direction_that_is_stated_counts(read, higher):
    sign = 1 if higher == "attack" else -1
    for text in (BOB, "0 3\n1 1\n0 4\n1 -2.5\n", "+1 3\n-1 1\n+1 4\n-1 -2.5\n"):
        table = read(text, higher)
        assert table.spoof_scores.tolist() == [sign * score for score in (3.0, 1.0, 4.0, -2.5)]
        assert "by the option --higher" in table.note
        assert f"higher for {'attacks' if sign == 1 else 'bona fide'}" in table.note
    with pytest.raises(DataError, match="higher: expected attack or bona_fide; received live"):
        read(BOB, "live")


def test_other_columns_are_groups(read):
    table = read(
        "test_label,skin tone,is_bonafide,take,light,score,empty\n"
        "a,I,True,1,day,3,\nb,II,False,2,,1,\nc,I,True,3,day,4,\nd,II,False,4,night,0,\n"
    )
    assert {name: list(values) for name, values in table.groups.items()} == {
        "skin_tone": ["I", "II", "I", "II"],
        "light": ["day", "", "day", "night"],
    }
    assert "The column take has 4 values and makes no groups." in table.note
    assert set(table.pais) == {"bona_fide", "attack"}


def test_frames_of_bob_share_their_video(read):
    table = read(
        "claimed_id,test_label,is_bonafide,attack_type,frame_id,video_key,blur,score\n"
        "1,v_0,True,,0,v,0.1,1\n1,v_5,True,,5,v,0.2,2\n2,w_0,False,print,0,w,0.1,nan\n"
        "2,w_5,False,print,5,w,0.5,-4\n"
    )
    assert contents(table) == [("v", "bona_fide", -1.5), ("w", "print", 4.0)]
    assert table.groups == {}
    assert "4 frames of 2 presentations were averaged." in table.note
    assert "The column blur differs within presentations" in table.note
    assert "1 of 4 frames has no score (line 4)." in table.note
    # Without numbers of frames, too.
    table = read(
        "claimed_id,test_label,is_bonafide,attack_type,score\n"
        "1,v,True,,1\n1,v,True,,2\n2,w,False,print,-4\n2,w,False,print,-4\n3,x,True,,1\n"
    )
    assert contents(table)[:2] == [("v", "bona_fide", -1.5), ("w", "print", 4.0)]


@pytest.mark.parametrize("text", ["nan", "NaN", "NA", "", "None", "null"])
def test_missing_scores_are_failures_to_acquire(read, text):
    table = read(BOB.replace("4.0", text))
    assert contents(table)[2] == ("c", "bona_fide", None)
    assert "1 of 4 presentations has no score, a failure to acquire (line 4)." in table.note


HEADER = "claimed_id,test_label,is_bonafide,attack_type,frame,spoof_score,score\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected scores; received a file without any"),
        ("\n# nothing\n", "expected scores; received a file without any"),
        (HEADER, "expected rows below the header"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "1: expected a score file, text in UTF-8 or UTF-16"),
        (b"0 1\n1 2\n\xff 3\n", "3: expected a score file, text in UTF-8"),
        (b"PK\x03\x04\x00\x00 1", "received a binary file"),
        ("once upon a time\n", "1: expected a header"),
        ("0.7 1\n0.2 0\n", "1: expected 0 (bona fide) or 1 (attack), or a word as label"),
        ("video,prob\na,0.1\n", "1: expected a column of labels"),
        ("label,prob\n0,0.1\n", "1: expected a column of scores"),
        ("claimed_id,test_label,score\n1,a,2\n", "1: expected a column of labels"),
        ("real_id,score\n1,2\n", "1: expected a column of labels"),
        ("label,score,score\n1,2,3\n", "1: expected columns of different names; received score"),
        ("0 0.1\n1 x\n", "2: expected a number, or nan, as score; received x"),
        ("0;0,1\n1;0,5\n", "1: expected a number with a decimal point"),
        ("label;score\n0;0,1\n1;0,5\n", "2: expected a number with a decimal point"),
        ("0 1\n1 1_000\n", "2: expected a number"),
        ("0 1\n1 inf\n", "2: expected a finite score, or nan; received inf"),
        ("0 1\n1 1e999\n", "2: expected a finite score"),
        ("0 1\n\n1 1 1\n", "3: expected 2 cells as in the first row; received 3: 1 1 1"),
        ("0,1\n1\n", "2: expected 2 cells as in the first row; received 1"),
        ("0 1\nspoof 2\n", "2: expected a number as label, as in line 1; received spoof"),
        ("live 1\n1 2\n", "2: expected a word as label, as in line 1; received 1"),
        ("0 1\n1 2\n-1 3\n", "1: expected +1 (bona fide) or -1 (attack)"),
        ("0 1\n1 2\n2 3\n", "3: expected 0 (bona fide) or 1 (attack), or a word as label"),
        ("live 1\ntrue 2\n", "2: expected bona_fide, attack or a species as label; received true"),
        ("label,score\n,1\nlive,2\n", "2: expected bona_fide, attack or a species"),
        (BOB.replace("True", "yes"), "2: expected True or False as is_bonafide; received yes"),
        (BOB.replace("True,,4", "True,mask,4"), "4: expected no species as attack_type"),
        (BOB.replace("print/2", "bona fide"), "5: expected the species of an attack"),
        (BOB.replace(",b,", ",,"), "3: expected a name as test_label; the cell is empty"),
        (BOB.replace(",c,", ",a,"), "4: expected each presentation, or each frame of it, once; a "),
        (BOB.replace(",d,", ",c,"), "5: expected each presentation, or each frame of it, once; c "),
        (HEADER + "1,a,True,,,1,-1\n1,b,False,x,,2,2\n", "3: expected score to be minus"),
        (HEADER + "1,a,True,,1,1,-1\n1,a,True,,1,2,-2\n", "3: expected each presentation, or each"),
        (HEADER + "1,a,True,,1,1,-1\n1,a,True,,,2,-2\n", "3: expected the number of a frame"),
        (
            HEADER + "1,a,True,,1,1,-1\n1,a,False,x,2,2,-2\n",
            "3: a: expected the species bona_fide as in line 2; received x",
        ),
        (
            HEADER + "1,a,True,,1,1,-1\n2,a,True,,2,2,-2\n",
            "3: a: expected the subject 1 as in line 2; received 2",
        ),
        ("0 1\n0 2\n", "no row is of an attack"),
        ("1 1\n1 2\n", "no row is of a bona fide one"),
        ("0 nan\n1 2\n", "expected scores of bona fide presentations; none of the 1 has one"),
        ("0 1\n1 nan\n1 \n".replace("1 \n", "1 NA\n"), "none of the 2 has one"),
        ("live 1\nprint_1 nan\nmask 3\n", "no presentation of print has one"),
        ("0 1\n1 1\n1 nan\n", "expected scores that differ; all 2 are the same"),
        (BOB.replace("02,", "1,").replace("\n2,", "\n1,"), "at least two subjects; all are of 1"),
        ("0 1\n" + "1" * 200_000 + " 2\n", "2: expected 0 (bona fide) or 1 (attack)"),
        ("0,1\n" + "x" * 200_000 + ",2\n", "2: expected a row of a table: field larger"),
        (BOB.replace("1,b", "x" * 100_000 + ",b").replace("1.0", "?"), "3: expected a number"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(read, text, message):
    received = refused(read, text)
    assert message in received
    assert len(received) < 1000


def test_what_is_no_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"nowhere.csv: expected a score file: No such file"):
        read_score_table(tmp_path / "nowhere.csv")
    with pytest.raises(DataError, match="expected a score file: Is a directory"):
        read_score_table(tmp_path)


def test_subjects_that_are_known_in_part_are_not_drawn(read):
    table = read(BOB.replace("02,c", ",c"))
    assert table.subjects is None
    assert "1 of 4 presentations has no name of a subject" in table.note


def test_comments_are_counted(read):
    assert "Lines that begin with # were passed over: 2." in read("# a\n0 1\n#1 3\n1 2\n").note


def test_names_of_species():
    assert [
        species_name(text) for text in ("attack/", "replay-2", "x/y", "2", "replay_mobile")
    ] == [
        "attack/",
        "replay_2",
        "x/y",
        "2",
        "replay_mobile",
    ]
