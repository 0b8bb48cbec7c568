"""Every generated picture file is read right or refused with a reason."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def test_each_of_500_picture_files_is_read_right_or_refused():
    pytest.importorskip("pillow_heif")
    done = subprocess.run(
        [sys.executable, "benchmarks/picture_files.py"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    last = done.stdout.splitlines()[-1]
    right, refused = (int(part.split()[0]) for part in last.split(", "))
    assert right + refused > 500
    assert refused > 100
