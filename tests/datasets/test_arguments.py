"""Options of the scripts that read videos."""

import importlib.util
from pathlib import Path

import pytest

from despoof_keras.datasets.arguments import data_fields
from despoof_keras.synthesis import embedded

ROOT = Path(__file__).parents[2]
SCRIPTS = {
    "recipes/train_oulu.py": [],
    "recipes/tune.py": [],
    "recipes/evaluate.py": ["model.keras"],
    "recipes/make_demonstration.py": ["--run", "run"],
    "export/to_tflite.py": ["--model", "model.keras", "--output", "out"],
}


def parse(script, *arguments):
    name = Path(script).stem
    found = importlib.util.spec_from_file_location(name, ROOT / script)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module.parse_arguments([*SCRIPTS[script], *arguments])


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_number_of_processes_is_an_option(script, capsys):
    assert parse(script).processes is None
    options = parse(script, "--processes", "3")
    assert data_fields(options)["processes"] == 3
    for wrong in ("0", "-2", "many"):
        with pytest.raises(SystemExit):
            parse(script, "--processes", wrong)
        assert "--processes" in capsys.readouterr().err.splitlines()[-1]


def test_the_embedded_set_is_made_with_as_many(monkeypatch, tmp_path):
    made = []

    def make(seed, **fields):
        made.append(fields)
        return tmp_path

    monkeypatch.setattr(embedded, "default_root", make)
    assert embedded.data_at(None, processes=3).processes == 3
    embedded.data_at(None)
    assert [fields["processes"] for fields in made] == [3, None]
