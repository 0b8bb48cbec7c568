"""The face models in the package: whole, with their licence, and named if they are not."""

import pytest

from despoof_keras.errors import DataError
from despoof_keras.faces import networks
from despoof_keras.faces.networks import DETECTOR_FILE, FOLDER, MESH_FILE, FaceNetwork
from despoof_keras.utils import litert


@pytest.mark.parametrize("name", [DETECTOR_FILE, MESH_FILE])
def test_the_notice_says_which_files_these_are(name):
    notice = (FOLDER / "NOTICE.txt").read_text()
    assert f"{name} " in notice
    assert networks.SHA256[name] in notice
    assert "Apache License" in (FOLDER / "LICENSE-APACHE-2.0.txt").read_text()


def test_a_missing_or_damaged_model_is_named(tmp_path, monkeypatch):
    content = (FOLDER / MESH_FILE).read_bytes()
    monkeypatch.setattr(networks, "FOLDER", tmp_path)
    with pytest.raises(DataError, match=rf"{MESH_FILE}: expected a face model.*part of this"):
        FaceNetwork(MESH_FILE)
    for damaged in (b"", content[:-1], content[:5000] + b"x" + content[5001:]):
        (tmp_path / MESH_FILE).write_bytes(damaged)
        with pytest.raises(DataError, match=rf"{MESH_FILE}: expected the face model.*damaged"):
            FaceNetwork(MESH_FILE)


def test_without_a_runtime_it_is_named(monkeypatch):
    monkeypatch.setattr(litert, "RUNTIMES", {name: f"not_{name}" for name in litert.RUNTIMES})
    with pytest.raises(ImportError, match=r"ai-edge-litert.*pip install"):
        FaceNetwork(DETECTOR_FILE)
