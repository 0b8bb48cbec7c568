"""Settings of Keras that the package cannot work with are named in a sentence, where they stand."""

import json

import pytest
from fresh_python import ROOT, keras_home, run_python

from despoof_keras.utils.keras_settings import check_backend, problem_with_settings, settings_path

MODEL = ROOT / "tests" / "fixtures" / "run" / "model.keras"
SCORE = (
    "import sys; from despoof_keras.cli import main\n"
    f"sys.exit(main(['score', '--model', {str(MODEL)!r}, 'photo.jpg']))"
)


@pytest.fixture
def no_keras(monkeypatch, tmp_path):
    """A process in which Keras is not imported, with an empty folder for its settings."""
    monkeypatch.setitem(__import__("sys").modules, "keras", None)
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    return tmp_path / "keras.json"


def test_the_usual_settings_are_fine(no_keras, monkeypatch):
    assert problem_with_settings() is None
    no_keras.write_text(json.dumps({"backend": "tensorflow", "floatx": "float16", "epsilon": 1e-7}))
    check_backend()
    monkeypatch.setenv("KERAS_BACKEND", "")
    check_backend()
    no_keras.write_text("not JSON")  # Keras goes on without it
    check_backend()


def test_another_backend_is_named_with_its_place(no_keras, monkeypatch):
    no_keras.write_text('{"backend": "jax"}')
    with pytest.raises(ImportError, match=r"keras.json: .*tensorflow.*'jax'.*KERAS_BACKEND="):
        check_backend()
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    with pytest.raises(
        ImportError, match=r"variable KERAS_BACKEND=torch.*set KERAS_BACKEND=tensor"
    ):
        check_backend()
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")  # comes before the file
    check_backend()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"floatx": "bfloat16"}', "floatx: expected 'float16'.*found 'bfloat16'"),
        ('{"image_data_format": "first"}', "image_data_format: expected.*found 'first'"),
        ('{"epsilon": 1}', "epsilon: expected a fraction; found 1"),
        ("[1, 2]", r"expected a JSON object; found \[1, 2\]"),
    ],
)
def test_a_file_that_keras_refuses_is_named(text, expected, no_keras):
    no_keras.write_text(text)
    with pytest.raises(ImportError, match=f"keras.json: {expected}"):
        check_backend()


def test_a_folder_in_place_of_the_file_is_named(no_keras):
    no_keras.mkdir()
    with pytest.raises(ImportError, match=r"keras.json: expected Keras' settings; is a directory"):
        check_backend()


def test_a_limit_that_is_no_number_is_named(no_keras, monkeypatch):
    monkeypatch.setenv("KERAS_MAX_EPOCHS", "few")
    with pytest.raises(ImportError, match="KERAS_MAX_EPOCHS=few: expected a whole number"):
        check_backend()


def test_the_settings_lie_where_keras_looks(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert settings_path() == tmp_path / "keras.json"
    monkeypatch.delenv("KERAS_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert settings_path() == tmp_path / ".keras" / "keras.json"


@pytest.mark.parametrize("backend", ["torch", "numpy", "nonsense"])
def test_the_program_says_which_backend_it_needs(backend):
    done = run_python(SCORE, KERAS_BACKEND=backend, expected=2)
    assert done.stderr.count("\n") == 1
    assert f"KERAS_BACKEND={backend}: expected tensorflow" in done.stderr
    assert "pip" not in done.stderr


def test_the_program_says_which_file_sets_the_backend(tmp_path):
    home = keras_home(tmp_path / "keras", backend="numpy")
    done = run_python(SCORE, KERAS_HOME=home, KERAS_BACKEND=None, expected=2)
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"despoof: {home / 'keras.json'}: expected")


@pytest.mark.parametrize("backend", ["torch", "numpy"])
def test_a_public_name_says_which_backend_it_needs(backend):
    code = (
        "import despoof_keras\n"
        "for name in ('Despoofer', 'build_ds_net', 'load_released', 'losses'):\n"
        "    try:\n"
        "        getattr(despoof_keras, name)\n"
        "    except ImportError as error:\n"
        "        print(error)\n"
        "despoof_keras.LossWeights, despoof_keras.load_tflite\n"
    )
    lines = run_python(code, KERAS_BACKEND=backend).stdout.splitlines()
    assert len(lines) == 4
    assert all(f"KERAS_BACKEND={backend}: expected tensorflow" in line for line in lines)


def test_a_script_says_which_backend_it_needs():
    path = str(ROOT / "export" / "to_saved_model.py")
    code = (
        "import runpy, sys\n"
        f"sys.argv = [{path!r}, '--model', {str(MODEL)!r}, '--output', 'out']\n"
        f"runpy.run_path({path!r}, run_name='__main__')"
    )
    done = run_python(code, KERAS_BACKEND="jax", expected=1)
    assert done.stderr.startswith("to_saved_model.py: the environment variable KERAS_BACKEND=jax")
    assert done.stderr.count("\n") == 1
