"""Scores where a prototype on a phone runs: NumPy, one TFLite runtime, this package, no more."""

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import tflite_files
import tflite_fuzz

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
FUZZ_CASES = 200
# What runs there: prints the scores, which libraries were loaded, and which can be.
SCORE = """
import json, sys, importlib.util
import numpy as np
from despoof_keras import load_tflite
detector = load_tflite(sys.argv[1])
scores = detector.score(list(np.load(sys.argv[2])), crop=False)
decision = detector.predict(np.load(sys.argv[2])[0], crop=False)
names = ("ai_edge_litert", "tflite_runtime", "tensorflow", "keras", "cv2", "PIL")
print(json.dumps({
    "scores": scores.tolist(),
    "decision": decision,
    "there": [name for name in names if importlib.util.find_spec(name)],
    "numpy": np.__version__,
    "home": __import__("despoof_keras").__file__,
}))
"""


@pytest.fixture(autouse=True)
def without_a_path(monkeypatch):
    """A path to another copy of the package would hide the installed one."""
    monkeypatch.delenv("PYTHONPATH", raising=False)


def run(*command):
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, cwd="/")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The package's wheel, built from a copy, because a build leaves files in its tree."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    shutil.copytree(
        ROOT / "despoof_keras", source / "despoof_keras", ignore=shutil.ignore_patterns("*.pyc")
    )
    for name in ("setup.py", "setup.cfg", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, source)
    (path,) = folder.glob("*.whl")
    return path


def test_the_wheel_holds_the_models_and_their_licence(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for name in (
        "faces/models/face_detection_back.tflite",
        "faces/models/face_landmark.tflite",
        "faces/models/LICENSE-APACHE-2.0.txt",
        "faces/models/NOTICE.txt",
        "tflite/demonstration.tflite",
    ):
        assert f"despoof_keras/{name}" in names


@pytest.fixture(scope="module")
def material(tflite_folder, detector, tmp_path_factory):
    """`(model file, file of crops, their scores here)`."""
    crops = np.stack(tflite_files.random_crops(4))
    crops[2:] //= 8
    larger = np.repeat(np.repeat(crops, 3, axis=1), 3, axis=2)[:, :70, :70]
    path = tmp_path_factory.mktemp("material") / "crops.npy"
    np.save(path, larger)
    return tflite_folder / "model.tflite", path, detector.score(list(larger), crop=False)


def scores_in(python, folder, requirements, material):
    """What `SCORE` prints in a fresh environment."""
    run(python, "-m", "venv", "--without-pip", folder)
    inside = folder / "bin" / "python"
    run(sys.executable, "-m", "pip", "--python", inside, "install", "-q", *requirements)
    return json.loads(run(inside, "-W", "error::UserWarning", "-c", SCORE, *material[:2]))


def check(report, material, there):
    assert report["there"] == there
    assert "site-packages" in report["home"]
    np.testing.assert_allclose(report["scores"], material[2], rtol=1e-3, atol=1e-6)
    assert np.ptp(material[2]) > 1e-3
    score, is_attack, threshold = report["decision"]
    assert (is_attack, threshold) == (score >= 0.25, 0.25)


def test_numpy_and_ai_edge_litert_are_enough(wheel, material, tmp_path):
    report = scores_in(sys.executable, tmp_path / "env", [wheel, "ai-edge-litert"], material)
    check(report, material, ["ai_edge_litert"])


def test_python_3_11_with_numpy_1_and_tflite_runtime_is_enough(wheel, material, tmp_path):
    python = shutil.which("python3.11")
    if python is None or subprocess.run([python, "-c", ""], capture_output=True).returncode:
        pytest.skip("python3.11 is not installed, the last with wheels of tflite-runtime")
    requirements = [wheel, "numpy<2", "tflite-runtime==2.14.*"]
    report = scores_in(python, tmp_path / "env", requirements, material)
    check(report, material, ["tflite_runtime"])
    assert report["numpy"].startswith("1.")
    # This runtime does not verify files itself, so what `check_structure` lets pass can crash it.
    inside = tmp_path / "env" / "bin" / "python"
    outcomes = tflite_fuzz.count_outcomes(material[0].with_name("bare.tflite"), FUZZ_CASES, inside)
    sound = outcomes[tflite_fuzz.SCORED] + outcomes[tflite_fuzz.REFUSED]
    assert sound >= 0.98 * FUZZ_CASES
    assert not [name for name in outcomes if name.startswith("leaked")]
    sealed = tflite_fuzz.count_outcomes(material[0], FUZZ_CASES, inside)
    assert sealed == {tflite_fuzz.REFUSED: FUZZ_CASES}
