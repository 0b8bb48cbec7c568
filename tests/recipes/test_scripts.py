"""All scripts: short, light until they start their work, and with options that are described."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted([*(ROOT / "recipes").glob("*.py"), *(ROOT / "export").glob("*.py")])
MOST_LINES = 79
# Imports a script, as far as its options, and tells which heavy libraries that took.
PROBE = """
import json, runpy, sys
try:
    runpy.run_path(sys.argv[1])["parse_arguments"](["--help"])
except SystemExit as ended:
    assert ended.code == 0, ended.code
print(json.dumps(sorted({"tensorflow", "keras"} & set(sys.modules))))
"""


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_holds_arguments_and_calls(script):
    text = script.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MOST_LINES
    assert "sys.exit(run_script(parse_arguments, run" in text


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_help_answers_before_tensorflow_is_imported(script):
    done = subprocess.run(
        [sys.executable, "-c", PROBE, str(script)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    *text, loaded = done.stdout.strip().splitlines()
    assert text[0].startswith("usage:")
    assert json.loads(loaded) == []
