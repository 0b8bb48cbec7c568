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
