"""Python code in a fresh process, as a user's own settings meet it."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run_python(code, *arguments, expected=0, **environment):
    """Run code with the package's folder on the path.

    Args:
        code: Python source.
        arguments: of the program, after its name.
        expected: exit code.
        environment: variables to set; a variable whose value is None is removed.

    Returns:
        `subprocess.CompletedProcess`, its output as text.
    """
    merged = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={name: str(value) for name, value in merged.items() if value is not None},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="surrogateescape",
    )
    assert done.returncode == expected, (done.returncode, done.stdout, done.stderr)
    return done


def json_from(code, *arguments, **environment):
    """Run code that prints a JSON value in its last line, and return the value."""
    return json.loads(run_python(code, *arguments, **environment).stdout.splitlines()[-1])


def keras_home(folder, **settings):
    """Make a folder for the variable KERAS_HOME whose keras.json has these settings."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "keras.json").write_text(json.dumps(settings))
    return folder
