"""`keras.models.load_model` knows the package's classes once the package is imported."""

import ast

import keras
import pytest
from fresh_python import ROOT, json_from

import despoof_keras
from despoof_keras.models.registration import CLASSES, PACKAGE

RUN = ROOT / "tests" / "fixtures" / "run" / "model.keras"
LOAD = """
import sys
IMPORTS
heavy = {"keras", "tensorflow"} & set(sys.modules) if FIRST else set()
import keras
model = keras.models.load_model(sys.argv[1])
import json
print(json.dumps([type(model).__name__, model.image_size, model.compiled, sorted(heavy)]))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "imports",
    [
        "import despoof_keras",
        "import keras, despoof_keras",
        "import despoof_keras.models.layers",
        "from despoof_keras import build_ds_net",
    ],
)
def test_keras_loads_a_run_whatever_is_imported_first(imports):
    first = imports == "import despoof_keras"
    code = LOAD.replace("IMPORTS", imports).replace("FIRST", str(first))
    assert json_from(code, RUN) == ["Despoofer", 16, True, []]


def test_every_registered_class_is_in_the_table():
    found = {}
    for path in (ROOT / "despoof_keras").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            decorators = getattr(node, "decorator_list", ())
            if any("register_keras_serializable" in ast.unparse(d) for d in decorators):
                module = path.relative_to(ROOT / "despoof_keras").with_suffix("")
                found[node.name] = ".".join(module.parts)
    assert found == CLASSES


def test_the_register_holds_the_classes_themselves_once_they_are_imported():
    despoofer = despoof_keras.Despoofer
    assert keras.saving.get_custom_objects()[f"{PACKAGE}>Despoofer"] is despoofer
