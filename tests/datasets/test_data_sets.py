"""The door to the data sets: the table, a set that is added to it, and what `Data` says."""

import pytest

from despoof_keras import datasets
from despoof_keras.datasets import Data, DataSet, VideoSample
from despoof_keras.datasets.data import described_protocol
from despoof_keras.datasets.data_sets import DATA_SETS
from despoof_keras.datasets.samples import BONA_FIDE, SPLITS
from despoof_keras.errors import DataError

SPECIES_OF_DUMMY = (BONA_FIDE, "print_1")


def load_dummy(root, protocol, fold):
    return {
        split: [VideoSample(root / f"{pai}.avi", pai, 1, 1, pai) for pai in SPECIES_OF_DUMMY]
        for split in SPLITS
    }


@pytest.fixture
def dummy(monkeypatch):
    """A second row of the table, as one module more would bring it."""
    row = DataSet("Dummy", load_dummy, {7: (), "hand": (1, 2)})
    monkeypatch.setitem(DATA_SETS, "dummy", row)


def test_a_data_set_is_added_by_one_row(dummy, tmp_path):
    samples = datasets.load("dummy", str(tmp_path), 7)
    assert [sample.path.parent for sample in samples["dev"]] == [tmp_path] * 2
    data = Data(tmp_path, "cache", protocol=7, name="dummy")
    assert data.load() == samples
    assert Data(tmp_path, "cache", name="dummy").protocol == 7
    assert Data(tmp_path, "cache", "hand", "2", name="dummy").fold == 2
    with pytest.raises(DataError, match="protocol: Dummy has 7 and hand; received 1"):
        Data(tmp_path, "cache", protocol=1, name="dummy")
    with pytest.raises(DataError, match="fold: Dummy's protocol hand needs one of 1 and 2"):
        Data(tmp_path, "cache", protocol="hand", fold=3, name="dummy")


@pytest.mark.parametrize("name", DATA_SETS)
def test_a_row_is_consistent(name):
    row = DATA_SETS[name]
    for protocol, folds in row.protocols.items():
        for fold in folds or (None,):
            assert row.check_protocol(protocol, fold) == (protocol, fold)
        wrong = max(folds) + 1 if folds else 1
        with pytest.raises(DataError, match="fold"):
            row.check_protocol(protocol, wrong)
    with pytest.raises(DataError, match="protocol"):
        row.check_protocol("none such", None)


def test_an_unknown_data_set_is_named():
    with pytest.raises(DataError, match=r"data set: expected one of oulu_npu.*received 'oulu'"):
        datasets.load("oulu", "root", 1)
    with pytest.raises(DataError, match="received 'oulu'"):
        Data("root", "cache", name="oulu")


@pytest.mark.parametrize(
    ("protocol", "fold", "title", "expected"),
    [
        (1, None, "", "root, protocol 1"),
        (4, 6, "embedded set", "embedded set, protocol 4, fold 6"),
        (None, None, "", "root, protocol 1"),
    ],
)
def test_a_description_gives_the_protocol_again(protocol, fold, title, expected):
    description = Data("root", "cache", protocol, fold, title=title).description
    assert description == expected
    assert described_protocol(description) == (protocol or 1, fold)
    assert described_protocol("root, protocol grandtest") == ("grandtest", None)


@pytest.mark.parametrize("text", [None, "", "OULU-NPU protocol 1, by the released folder's name"])
def test_other_texts_name_no_protocol(text):
    assert described_protocol(text) is None


def test_a_wrong_protocol_or_fold_is_refused_when_it_is_named():
    with pytest.raises(DataError, match=r"protocol: OULU-NPU has 1, 2, 3 and 4; received 5"):
        Data("root", "cache", protocol=5)
    with pytest.raises(
        DataError, match="fold: OULU-NPU's protocol 3 needs one of 1, 2, 3, 4, 5 and 6"
    ):
        Data("root", "cache", protocol=3)


def test_eyes_are_found_where_a_data_set_has_no_eye_files():
    assert not Data("root", "cache").find_eyes
    assert Data("root", "cache", find_eyes=True).find_eyes
    assert Data("root", "cache", name="replay_attack").find_eyes
