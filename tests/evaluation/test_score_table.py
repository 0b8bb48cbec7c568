"""Scores as columns: frames averaged, groups, what is unknown."""

import math

import numpy as np

from despoof_keras.datasets.samples import instrument_of
from despoof_keras.evaluation.score_files import PresentationScore, read_scores, write_scores
from despoof_keras.evaluation.score_table import ScoreTable


def test_frames_become_videos_with_their_groups():
    rows = [
        PresentationScore("a", "bona_fide", 0.1, 7, 1, 2, frame=0, groups={"sex": "f"}),
        PresentationScore("a", "bona_fide", 0.3, 7, 1, 2, frame=1, groups={"sex": "f"}),
        PresentationScore("b", "print_2", math.nan, 8, 1, 2, frame=0),
    ]
    table = ScoreTable.of(rows, "file.csv")
    assert table.keys == ("a", "b")
    np.testing.assert_allclose(table.spoof_scores, [0.2, math.nan])
    assert table.acquired.tolist() == [True, False]
    assert table.is_bona_fide.tolist() == [True, False]
    assert table.subjects.tolist() == ["7", "8"]
    assert {name: column.tolist() for name, column in table.groups.items()} == {
        "session": ["1", "1"],
        "phone": ["2", "2"],
        "sex": ["f", ""],
    }
    assert table.instruments.tolist() == ["bona_fide", "print"]
    assert table.select(table.acquired).keys == ("a",)


def test_without_subjects_of_all_there_are_none():
    rows = [PresentationScore("a", "bona_fide", 0.1, 7), PresentationScore("b", "mask", 0.2)]
    assert ScoreTable.of(rows).subjects is None
    assert not ScoreTable.of(rows).groups


def test_further_columns_are_read_as_groups(tmp_path):
    path = tmp_path / "scores.csv"
    write_scores(path, [PresentationScore("a", "print_1", 0.5, 1, 2, 3)])
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text(f"{lines[0]},skin_tone\n{lines[1]},IV\n", encoding="utf-8")
    (row,) = read_scores(path)
    assert row.groups == {"skin_tone": "IV"}
    assert ScoreTable.of([row]).groups["skin_tone"].tolist() == ["IV"]


def test_only_a_number_at_the_end_distinguishes_makes():
    names = ("bona_fide", "print_1", "replay_12", "replay_mobile", "mask")
    instruments = ["bona_fide", "print", "replay", "replay_mobile", "mask"]
    assert [instrument_of(name) for name in names] == instruments
