"""The embedded set as data: made only when it is needed, under its own name."""

import pytest

from despoof_keras.datasets import DataSet
from despoof_keras.datasets.data_sets import DATA_SETS
from despoof_keras.errors import DataError
from despoof_keras.synthesis import data_at, embedded


@pytest.fixture
def made(monkeypatch, tmp_path):
    """The seeds that sets have been made with; the cache is a folder of the test's own."""
    seeds = []

    def make(seed, *, name, processes):
        seeds.append(seed)
        return tmp_path / (f"set_{seed}" if name == "oulu_npu" else name)

    monkeypatch.setattr(embedded, "default_root", make)
    monkeypatch.setenv("DESPOOF_KERAS_CACHE", str(tmp_path))
    return seeds


def test_without_a_folder_it_is_the_embedded_set(made, tmp_path):
    data = data_at(None, seed=3, protocol=4, fold=1, skip_bad=True)
    assert made == [3]
    assert (data.root, data.cache) == (tmp_path / "set_3", tmp_path / "crops")
    assert data.description == "embedded set set_3, protocol 4, fold 1"
    assert data.skip_bad
    assert data_at(None, title="another").title == "another"
    other = data_at(None, name="casia_fasd", protocol="high")
    assert other.description == "embedded set casia_fasd, protocol high"


def test_with_a_folder_nothing_is_made(made):
    data = data_at("folder", seed=3, protocol=2)
    assert data.description == "folder, protocol 2"
    assert made == []


def test_a_mistake_is_reported_before_anything_is_made(made, monkeypatch):
    with pytest.raises(DataError, match="protocol"):
        data_at(None, protocol=5)
    row = DataSet("Dummy", None, {1: ()})
    monkeypatch.setitem(DATA_SETS, "dummy", row)
    with pytest.raises(DataError, match="--data-root: expected the folder of dummy"):
        data_at(None, name="dummy")
    assert made == []
