"""What is printed comes out somehow, whatever the terminal, the pipe or the disk can take."""

import json
import os
import subprocess
import sys

import pytest
from fresh_python import ROOT

# A program's lines: German and Japanese text, a box, and a file name that is not valid UTF-8.
PRINT = """
import os, sys
from despoof_keras.utils.programs import run_script
def run(options):
    print("Gesicht \\u00e4 \\u9854 \\u2501", os.fsdecode(b"\\xff.jpg"))
sys.exit(run_script(lambda: None, run))
"""
TABLES = """
import json, sys
from despoof_keras.evaluation import tables
from despoof_keras.utils.programs import run_script
def run(options):
    results = json.loads(open(sys.argv[1], encoding="utf-8").read())
    results["data"] = "Gesichter \\u00e4 \\u9854"
    tables.show(tables.results_table(results), tables.times_table({"crops": 1.0}, 2.0))
sys.exit(run_script(lambda: None, run))
"""
INFO = "from despoof_keras.cli import main; import sys; sys.exit(main(sys.argv[1:]))"
DEMONSTRATION = str(ROOT / "despoof_keras" / "tflite" / "demonstration.tflite")
RESULTS = ROOT / "tests" / "fixtures" / "run" / "results.json"
ENCODINGS = ("ascii", "cp1252", "latin-1", "utf-8", "utf-16", "ascii:strict")


def start(code, *arguments, encoding=None, **pipes):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    if encoding is not None:
        environment["PYTHONIOENCODING"] = encoding
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env=environment,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **pipes},
    )


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_characters_that_a_stream_lacks_become_escapes(encoding):
    done = start(PRINT, encoding=encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode(encoding.partition(":")[0])
    expected = "Gesicht ä 顔 ━".encode(encoding.partition(":")[0], "backslashreplace")
    assert text.split()[:4] == expected.decode(encoding.partition(":")[0]).split()
    assert text.rstrip().endswith(r"\udcff.jpg")


def test_a_plain_locale_prints_escapes():
    environment = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    environment |= {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]}
    done = subprocess.run([sys.executable, "-c", PRINT], env=environment, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.isascii()


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_the_tables_of_a_run_are_drawn_with_what_there_is(encoding):
    done = start(TABLES, RESULTS, encoding=encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode(encoding)
    assert "zero one map" in text
    assert r"\u9854" in text
    assert "+--" in text  # a box of plain characters


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("code", [PRINT, TABLES, INFO], ids=["print", "tables", "info"])
def test_closed_streams_harm_nothing(code, closed):
    arguments = {INFO: ["info", DEMONSTRATION]}.get(code, [str(RESULTS)])
    command = ["sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, "-c", code, *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
@pytest.mark.parametrize("code", [PRINT, TABLES, INFO], ids=["print", "tables", "info"])
def test_a_full_disk_is_a_line_and_an_exit_code(code):
    arguments = {INFO: ["info", DEMONSTRATION]}.get(code, [RESULTS])
    with open("/dev/full", "w") as full:
        done = start(code, *arguments, stdout=full)
        assert done.returncode == 1
        assert done.stderr.count(b"\n") == 1
        assert b"no space left on device" in done.stderr.lower()
        # Standard error on the same disk: nothing can be said.
        assert start(code, *arguments, stdout=full, stderr=full).returncode == 1


@pytest.mark.parametrize("code", [PRINT, TABLES, INFO], ids=["print", "tables", "info"])
def test_a_reader_that_has_gone_is_told_nothing(code):
    arguments = {INFO: ["info", DEMONSTRATION]}.get(code, [RESULTS])
    end, output = os.pipe()
    os.close(end)
    done = start(code, *arguments, stdout=output)
    os.close(output)
    assert (done.returncode, done.stderr) == (1, b"")


def test_json_is_the_same_in_every_encoding():
    outputs = [start(INFO, "info", "--json", DEMONSTRATION, encoding=e) for e in ("ascii", "utf-8")]
    values = [json.loads(done.stdout) for done in outputs]
    assert values[0] == values[1]
    assert values[0]["kind"] == "tflite"
