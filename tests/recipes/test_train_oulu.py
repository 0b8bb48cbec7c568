"""The recipe as a user runs it: a whole run, interruptions, and the likeliest mistakes."""

import csv
import json
import os
import resource
import shutil
import signal
import time

import keras
import numpy as np
import pytest
import yaml
from recipe_runs import PATIENCE, RECIPE, SMALL, assert_same_weights, start, wait_for
from scripts import run_here

from despoof_keras import __version__
from despoof_keras.inference.read_metadata import read_metadata
from despoof_keras.models.saving import load_model
from despoof_keras.utils.provenance import code_commit

# A checkpoint of these runs is three times as large.
ROOM = 1 << 20


def run(workplace, *arguments, **kwargs):
    process = start(workplace, *arguments, **kwargs)
    output, errors = process.communicate(timeout=PATIENCE)
    return process.returncode, output, errors


def refuse(workplace, *arguments, cache="cache"):
    """The last line of a run that ends before it trains, which needs no process of its own."""
    arguments = ("--config", "small.json", *arguments)
    cache = str(workplace / cache)
    code, _, errors = run_here(RECIPE, *arguments, folder=workplace, DESPOOF_KERAS_CACHE=cache)
    assert code == 1
    assert "Traceback" not in errors
    return errors.splitlines()[-1]


@pytest.fixture(scope="module")
def whole_run(workplace):
    """The folder and the output of an uninterrupted run; `killed` is its folder after an epoch."""
    folder = workplace / "whole"
    process = start(workplace, "--data-root", "set", "--output", folder.name, real=True)
    wait_for(folder / "checkpoints" / "epoch-0001.keras", process)
    # What a stopped process has written is what a killed one would have left.
    process.send_signal(signal.SIGSTOP)
    shutil.copytree(folder, workplace / "killed")
    process.send_signal(signal.SIGCONT)
    output, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    return folder, output


@pytest.mark.slow
def test_a_run_leaves_everything_it_promises(whole_run):
    folder, output = whole_run
    results = json.loads((folder / "results.json").read_text())
    assert (results["protocol"], results["fold"], results["data"], results["seed"]) == (
        1,
        None,
        "set",
        0,
    )
    assert set(results["scores"]) == {"noise", "zero_one_map", "depth", "fusion"}
    assert results["best_score"] in ("noise", "zero_one_map", "depth")
    for rates in results["scores"].values():
        assert set(rates["apcer"]) == {"print", "replay"}
        assert rates["acer"] == (max(rates["apcer"].values()) + rates["bpcer"]) / 2
        assert 0 <= rates["eer_dev"] <= 1
        assert 0 <= rates["auc"] <= 1
    best = results["scores"][results["best_score"]]
    assert (
        f"test ACER by the best single score ({results['best_score']}): {best['acer']:.1%}"
        in output
    )
    # What took how long is told, and kept out of the results, which do not differ between runs.
    assert all(f"│ {stage}" in output for stage in ("crops", "training", "scoring", "total"))
    assert "seconds" not in json.dumps(results)
    with (folder / "history.csv").open() as file:
        history = list(csv.DictReader(file))
    assert [row["epoch"] for row in history] == ["1", "2", "3"]
    assert {"val_acer", "val_auc", "loss", "zero_one_map", "depth_net"} <= set(history[0])
    rates = [float(row["learning_rate"]) for row in history]
    assert rates == pytest.approx([5e-4, 2.5e-4, 1.25e-4])
    for name in ("panels", "scores", "history"):
        assert (folder / "pictures" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert {path.name for path in (folder / "scores").iterdir()} == {
        f"{split}-{score}.csv" for split in ("dev", "test") for score in results["scores"]
    }
    assert list((folder / "tensorboard").rglob("events.*"))
    assert [path.name for path in (folder / "checkpoints").iterdir()] == ["epoch-0003.keras"]
    assert not list(folder.rglob("*.part*"))


@pytest.mark.slow
def test_the_model_carries_the_score_and_threshold_that_the_results_report(whole_run):
    folder, _ = whole_run
    results = json.loads((folder / "results.json").read_text())
    metadata = read_metadata(folder / "model.keras")
    assert metadata.score == results["best_score"]
    assert metadata.threshold == results["scores"][results["best_score"]]["threshold"]
    assert "equal error rate" in metadata.threshold_rule
    assert metadata.training_data == "set, protocol 1"
    assert (metadata.image_size, metadata.crop_dtype) == (SMALL["image_size"], "uint8")
    assert metadata.package_version == __version__
    # Whether the code has changed since its commit may itself have changed during the run.
    commits = [(c or "").removesuffix("-dirty") for c in (metadata.training_commit, code_commit())]
    assert commits[0] == commits[1]
    assert load_model(folder / "model.keras").metadata == metadata


@pytest.mark.slow
def test_score_files_give_the_published_rates_again(whole_run):
    from despoof_keras.datasets.samples import instrument_of
    from despoof_keras.evaluation import metrics
    from despoof_keras.evaluation.score_files import read_scores, video_scores

    folder, _ = whole_run
    results = json.loads((folder / "results.json").read_text())
    for name, published in results["scores"].items():
        videos = {
            s: video_scores(read_scores(folder / "scores" / f"{s}-{name}.csv"))
            for s in ("dev", "test")
        }
        split = {
            s: (
                [r.spoof_score for r in rows if r.pai == "bona_fide"],
                [r.spoof_score for r in rows if r.pai != "bona_fide"],
                [instrument_of(r.pai) for r in rows if r.pai != "bona_fide"],
            )
            for s, rows in videos.items()
        }
        threshold = metrics.threshold_at_eer(*split["dev"][:2])
        assert threshold == pytest.approx(published["threshold"], rel=1e-6)
        assert metrics.acer(*split["test"], published["threshold"]) == published["acer"]


def fill_disk(process):
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (ROOM, ROOM))


@pytest.mark.slow
def test_a_run_reports_on_itself(whole_run):
    folder, _ = whole_run
    results = json.loads((folder / "results.json").read_text())
    report = json.loads((folder / "report.json").read_text())
    assert report["systems"].keys() == results["scores"].keys()
    best = results["best_score"]
    assert next(iter(report["systems"])) == best
    assert report["systems"][best]["acer"] == results["scores"][best]["acer"]
    assert report["systems"][best]["bpcer_at_apcer"] == results["summary"][best]["bpcer_at_apcer"]
    page = (folder / "report.html").read_text()
    for text in (
        "Mean noise of print 1",
        "live estimate of example 1 of replay 2",
        "model_card.md",
    ):
        assert text in page
    assert results["data_fingerprint"] in page
    card = (folder / "model_card.md").read_text()
    front, text = card.removeprefix("---\n").split("---\n", 1)
    (index,) = yaml.safe_load(front)["model-index"]
    metrics = {metric["type"]: metric["value"] for metric in index["results"][0]["metrics"]}
    assert metrics["acer"] == pytest.approx(100 * results["scores"][best]["acer"], abs=0.01)
    assert f"`{best}`" in text
    assert "| train | 60 | 1 | 12 bona fide; 48 attacks: print 1 12, print 2 12," in text


@pytest.mark.slow
def test_a_finished_run_makes_what_is_missing_and_no_more(workplace, whole_run):
    folder, again = whole_run[0], workplace / "again"
    shutil.copytree(folder, again)
    kept = (again / "model.keras").stat().st_mtime_ns
    written = json.loads((again / "results.json").read_text())
    # As a version before the reports left it.
    older = {name: value for name, value in written.items() if name != "summary"}
    (again / "results.json").write_text(json.dumps(older))
    for name in ("report.html", "report.json", "model_card.md"):
        (again / name).unlink()
    arguments = ("--data-root", "set", "--output", again.name, "--resume")
    code, output, errors = run(workplace, *arguments, real=True)
    assert code == 0, errors
    assert "Epoch" not in output
    assert (again / "model.keras").stat().st_mtime_ns == kept
    assert json.loads((again / "results.json").read_text()) == written
    for name in ("report.html", "report.json", "model_card.md"):
        assert (again / name).is_file()


@pytest.mark.slow
def test_tensorboard_shows_panels_curves_and_histograms_of_each_epoch(whole_run):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder, _ = whole_run
    events = EventAccumulator(str(folder / "tensorboard" / "dev"), {"tensors": 0}).Reload()
    tags = set(events.Tags()["tensors"])
    assert {"panels", "scores", "roc"} <= tags
    assert {"score/bona_fide", "score/print", "score/replay"} <= tags
    assert {"noise/bona_fide", "noise/attack"} <= tags
    for tag in tags:
        assert [event.step for event in events.Tensors(tag)] == [0, 1, 2]
    for tag in ("panels", "scores", "roc"):
        width, height, content = events.Tensors(tag)[-1].tensor_proto.string_val
        assert content.startswith(b"\x89PNG")
        assert int(width) > 200
        assert int(height) > 100
    with (folder / "history.csv").open() as file:
        rates = [float(row["learning_rate"]) for row in csv.DictReader(file)]
    shown = [
        float(np.frombuffer(event.tensor_proto.tensor_content, np.float32)[0])
        for event in events.Tensors("learning_rate/ds_net")
    ]
    assert shown == pytest.approx(rates)


@pytest.mark.slow
def test_an_interrupted_run_resumes_to_the_same_weights(workplace, whole_run):
    folder = workplace / "killed"
    arguments = ("--data-root", "set", "--output", folder.name, "--resume")
    first, second = (folder / "checkpoints" / f"epoch-000{number}.keras" for number in (1, 2))
    for kept, code, message in (
        (first, 1, "epoch-0002.keras: expected room to write; file too large"),
        (second, 143, "terminated; the same command with --resume goes on"),
    ):
        process = start(workplace, *arguments, real=True)
        if kept == first:
            fill_disk(process)
        else:
            wait_for(kept, process)
            process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=PATIENCE)
        assert process.returncode == code, errors
        assert message in errors.splitlines()[-1]
        assert "Traceback" not in errors
        assert list(kept.parent.iterdir()) == [kept]
        assert not list(folder.rglob("*.part*"))
        assert not (folder / "model.keras").exists()
    code, output, errors = run(workplace, *arguments, real=True)
    assert code == 0, errors
    assert "Epoch 2/3" not in output
    assert "Epoch 3/3" in output
    # To the bit: the same program on the same processor, with TensorFlow's determinism.
    assert_same_weights(folder / "model.keras", whole_run[0] / "model.keras")
    metadata = [read_metadata(f / "model.keras") for f in (folder, whole_run[0])]
    assert metadata[0].threshold == metadata[1].threshold
    history = [(f / "history.csv").read_text() for f in (folder, whole_run[0])]
    assert history[0] == history[1]


@pytest.mark.slow
@pytest.mark.parametrize(("how", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_run_that_ends_while_crops_are_made_leaves_none_half_made(how, code, workplace):
    cache = workplace / f"cache-{how.name}"
    arguments = ("--data-root", "set", "--output", f"unprepared-{how.name}")
    process = start(workplace, *arguments, cache=cache, start_new_session=True)
    deadline = time.monotonic() + PATIENCE
    while not list(cache.rglob("*.tfrecord")):
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.02)
    # As terminals and batch systems do, to the workers as well.
    os.killpg(process.pid, how)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == code
    assert "--resume" in errors.splitlines()[-1], errors
    assert "Traceback" not in errors
    assert not list(cache.rglob("*.part*"))


@pytest.mark.slow
def test_a_run_compiled_and_in_half_precision_learns_the_same(workplace, whole_run):
    output, how = "other", ("--jit", "--mixed-precision", "bfloat16")
    arguments = ("--data-root", "set", "--epochs", "1", "--output", output, *how)
    code, _, errors = run(workplace, *arguments, real=True)
    assert code == 0, errors
    assert (workplace / output / "results.json").is_file()
    ours, theirs = (
        next(csv.DictReader((workplace / name / "history.csv").open()))
        for name in (output, "whole")
    )
    for name in ("loss", "depth_net", "discriminator", "zero_one_map"):
        assert float(ours[name]) == pytest.approx(float(theirs[name]), rel=0.05), name


@pytest.mark.slow
def test_a_run_that_diverges_ends_with_the_last_good_checkpoint(workplace):
    # A rate that grows from epoch to epoch instead of falling.
    (workplace / "growing.json").write_text(json.dumps({**SMALL, "decay_rate": 1e12}))
    arguments = ("--data-root", "set", "--config", "growing.json", "--output", "diverged")
    code, _, errors = run(workplace, *arguments)
    assert code == 1
    assert "Traceback" not in errors
    last = errors.splitlines()[-1]
    assert "training stopped in epoch 2, step " in last
    assert "diverged/checkpoints/epoch-0001.keras is kept" in last
    assert "learning_rate" in last
    kept = list((workplace / "diverged" / "checkpoints").iterdir())
    assert [path.name for path in kept] == ["epoch-0001.keras"]
    weights = load_model(kept[0]).variables
    assert all(np.isfinite(keras.ops.convert_to_numpy(one)).all() for one in weights)


@pytest.mark.slow
def test_protocol_4_runs_without_lists_and_eyes_and_with_a_broken_video(workplace):
    shutil.copytree(workplace / "set", workplace / "bare")
    shutil.rmtree(workplace / "bare" / "Protocols")
    shutil.rmtree(workplace / "bare" / "Depth_maps")
    broken = next((workplace / "bare" / "Train_files").glob("2_1_*_1.avi"))
    broken.write_bytes(broken.read_bytes()[:2000])
    arguments = ("--data-root", "bare", "--protocol", "4", "--fold", "1", "--epochs", "1")
    line = refuse(workplace, *arguments, "--output", "stopped")
    assert str(broken.relative_to(workplace)) in line
    # A video without an eye file is no bad one where the eyes may be looked for.
    without_eyes = next((workplace / "bare" / "Train_files").glob("3_1_*_1.txt"))
    without_eyes.unlink()
    arguments = (*arguments, "--skip-bad", "--find-eyes")
    code, _, errors = run(workplace, *arguments, "--output", "skipped")
    assert code == 0, errors
    assert "1 of 30 videos left out" in errors
    assert not without_eyes.exists()
    results = json.loads((workplace / "skipped" / "results.json").read_text())
    assert (results["protocol"], results["fold"]) == (4, 1)
    assert results["videos_left_out"] == {"train": 1, "dev": 0, "test": 0}
    metadata = read_metadata(workplace / "skipped" / "model.keras")
    assert metadata.training_data == "bare, protocol 4, fold 1"


def test_a_finished_run_is_not_overwritten(workplace, tmp_path):
    (tmp_path / "run.json").write_text("{}")
    arguments = ("--data-root", "set", "--output", str(tmp_path))
    assert "--resume" in refuse(workplace, *arguments)
    line = refuse(workplace, *arguments, "--resume")
    assert "the settings that the run was begun with" in line
    assert (tmp_path / "run.json").read_text() == "{}"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--data-root", "missing"), "Train_files"),
        (("--data-root", "."), "Train_files"),
        (("--data-root", "set", "--protocol", "3"), "fold"),
        (("--data-root", "set", "--protocol", "5"), "protocol"),
        (("--data-root", "set", "--config", "nonsense"), "nonsense"),
        (("--data-root", "set", "--image-size", "50"), "image_size"),
        (("--data-root", "set", "--batch-size", "5"), "batch_size"),
    ],
)
def test_a_mistake_is_one_line_that_names_it_and_leaves_nothing(arguments, expected, workplace):
    assert expected in refuse(workplace, *arguments, "--output", "nothing")
    assert not (workplace / "nothing").exists()


@pytest.mark.parametrize(
    ("output", "cache"), [("small.json", "cache"), ("small.json/run", "cache"), ("run", "/proc/x")]
)
def test_folders_that_cannot_be_written_to_are_told_before_any_work(output, cache, workplace):
    line = refuse(workplace, "--output", output, cache=cache)
    unusable = cache if cache.startswith("/proc") else output
    assert f"{unusable}: expected a folder that can be written to" in line
    assert not (workplace / "run").exists()


def test_a_mistake_ends_a_process_too(workplace):
    code, _, errors = run(workplace, "--data-root", "missing", "--output", "nothing", real=True)
    assert code == 1
    assert "Traceback" not in errors
    assert "Train_files" in errors.splitlines()[-1]
