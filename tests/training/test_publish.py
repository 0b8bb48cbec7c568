"""Publishing a run: what lies in the repository afterwards, with a hub that is a folder."""

import shutil
import sys
import types

import keras
import numpy as np
import pytest
from keras.src.saving import saving_lib

from despoof_keras.errors import DataError
from despoof_keras.training.publish import publish_run


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A folder in which each repository is a folder."""
    root = tmp_path / "hub"

    class HfApi:
        def __init__(self, **kwargs):
            pass

        def create_repo(self, name, exist_ok):
            (root / name).mkdir(parents=True, exist_ok=exist_ok)
            return types.SimpleNamespace(repo_id=name)

        def upload_folder(self, repo_id, folder_path, **kwargs):
            shutil.copytree(folder_path, root / repo_id, dirs_exist_ok=True)

        def upload_file(self, path_or_fileobj, path_in_repo, repo_id):
            shutil.copy(path_or_fileobj, root / repo_id / path_in_repo)

    module = types.ModuleType("huggingface_hub")
    module.HfApi = HfApi
    monkeypatch.setitem(sys.modules, "huggingface_hub", module)
    monkeypatch.setattr(saving_lib, "huggingface_hub", module)
    return root


@pytest.fixture
def run(make_despoofer, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    make_despoofer().save(folder / "model.keras")
    (folder / "model_card.md").write_text("# the card")
    return folder


def test_the_card_is_the_readme_and_the_model_loads(hub, run):
    publish_run(run, "hf://someone/liveness")
    repository = hub / "someone" / "liveness"
    assert (repository / "README.md").read_text() == "# the card"
    published, own = (keras.saving.load_model(path) for path in (repository, run / "model.keras"))
    for theirs, ours in zip(published.get_weights(), own.get_weights(), strict=True):
        np.testing.assert_array_equal(theirs, ours)


@pytest.mark.parametrize("address", ["someone/liveness", "hf://liveness", "hf://a/b/c", "hf:///"])
def test_other_addresses_are_refused(hub, run, address):
    with pytest.raises(DataError, match="expected hf://<user>/<name>"):
        publish_run(run, address)
    assert not hub.exists()


def test_without_a_card_nothing_is_published(hub, run):
    (run / "model_card.md").unlink()
    with pytest.raises(DataError, match=r"model_card\.md: expected the card of a finished run"):
        publish_run(run, "hf://someone/liveness")
    assert not hub.exists()
