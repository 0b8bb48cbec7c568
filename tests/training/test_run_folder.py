"""The folder of a run: begun once, and continued under the same settings alone."""

import dataclasses
import json

import pytest

from despoof_keras.errors import DataError
from despoof_keras.training.config import TrainingConfig
from despoof_keras.training.run_folder import checkpoint_path, checkpoints, claim_folder

IDENTITY = {"protocol": 1, "seed": 0, "config": dataclasses.asdict(TrainingConfig(epochs=3))}


@pytest.fixture
def path(tmp_path):
    """The settings of a run that was begun."""
    claim_folder(tmp_path / "run.json", IDENTITY, "run", resume=False)
    return tmp_path / "run.json"


def test_a_folder_in_use_is_only_continued(path):
    with pytest.raises(DataError, match=r"holds a run already; pass --resume"):
        claim_folder(path, IDENTITY, "run", resume=False)
    claim_folder(path, IDENTITY, "run", resume=True)
    assert json.loads(path.read_text()) == IDENTITY


@pytest.mark.parametrize(
    ("changed", "named"),
    [({"seed": 1}, "seed"), ({"config": {**IDENTITY["config"], "epochs": 4}}, "config")],
)
def test_other_settings_are_refused_by_name(path, changed, named):
    with pytest.raises(DataError, match=f"begun with; {named} differ"):
        claim_folder(path, IDENTITY | changed, "run", resume=True)


def test_a_setting_that_did_not_exist_then_had_its_default(path):
    older = json.loads(path.read_text())
    del older["config"]["validation_frames"]
    path.write_text(json.dumps(older))
    claim_folder(path, IDENTITY, "run", resume=True)
    changed = {"config": {**IDENTITY["config"], "validation_frames": 1}}
    with pytest.raises(DataError, match="config differ"):
        claim_folder(path, IDENTITY | changed, "run", resume=True)


def test_checkpoints_are_listed_oldest_first(tmp_path):
    for done in (12, 3):
        checkpoint_path(tmp_path, done).parent.mkdir(exist_ok=True)
        checkpoint_path(tmp_path, done).touch()
    (tmp_path / "checkpoints" / ".epoch-0013.1.part.keras").touch()
    assert [done for done, _ in checkpoints(tmp_path)] == [3, 12]


DATA = {"train": {"a": ["print_1", 1, 1, 1, "video", "eyes", None]}, "dev": {}}


@pytest.fixture
def with_data(tmp_path):
    """The settings of a run that was begun on `DATA`, called "set"."""
    path = tmp_path / "with_data" / "run.json"
    claim_folder(path, {**IDENTITY, "data": "set"}, "run", resume=False, data=DATA)
    return path


def test_the_same_data_under_another_name_go_on(with_data):
    claim_folder(with_data, {**IDENTITY, "data": "/else/set"}, "run", resume=True, data=DATA)
    assert json.loads(with_data.read_text())["data"] == "set"


def test_other_data_under_the_same_name_are_refused(with_data):
    changed = {**DATA, "train": {"a": ["print_1", 1, 1, 1, "other", "eyes", None]}}
    message = r"begun with; train: the video of a is another$"
    with pytest.raises(DataError, match=message) as raised:
        claim_folder(with_data, {**IDENTITY, "data": "set"}, "run", resume=True, data=changed)
    assert str(raised.value).startswith(str(with_data.parent))
    with_data.with_name("data.json").unlink()
    with pytest.raises(DataError, match=r"begun with; others were given .*data\.json no longer"):
        claim_folder(with_data, {**IDENTITY, "data": "set"}, "run", resume=True, data=changed)


def test_an_older_folder_goes_on_under_its_name_and_is_compared_from_then_on(tmp_path, caplog):
    path = tmp_path / "older" / "run.json"
    claim_folder(path, {**IDENTITY, "data": "set"}, "run", resume=False)
    with pytest.raises(DataError, match="begun with; data differ"):
        claim_folder(path, {**IDENTITY, "data": "other"}, "run", resume=True, data=DATA)
    claim_folder(path, {**IDENTITY, "data": "set"}, "run", resume=True, data=DATA)
    assert "did not record its data" in caplog.text
    with pytest.raises(DataError, match="a is no longer a video of train"):
        claim_folder(path, {**IDENTITY, "data": "set"}, "run", resume=True, data={"train": {}})


@pytest.mark.parametrize("content", ["", "[1]", "{"])
def test_settings_that_are_none_are_named(path, content):
    path.write_text(content)
    with pytest.raises(DataError, match=r"run\.json: expected the settings of a run"):
        claim_folder(path, IDENTITY, "run", resume=True)
