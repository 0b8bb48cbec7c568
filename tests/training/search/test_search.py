"""Searches: the space is sound, a killed search goes on, machines that go away end it."""

import csv
import dataclasses
import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras_tuner
import pytest
from clusters import free_ports
from recipe_runs import PATIENCE, SMALL_NETWORKS
from scripts import run_here

from despoof_keras import DespoofHyperModel
from despoof_keras.datasets import Data, VideoSample
from despoof_keras.datasets.crops import CropSettings, PreparedCrops
from despoof_keras.distribution.strategy import Distribution
from despoof_keras.errors import DataError
from despoof_keras.models.loss_weights import RELEASED_WEIGHTS
from despoof_keras.training.config import TrainingConfig
from despoof_keras.training.search.run import Search, hyperband_trials, run_search
from despoof_keras.training.search.space import CROP_SIDES

RECIPE = Path(__file__).parents[3] / "recipes" / "tune.py"
BASE = TrainingConfig(image_size=32, batch_size=16, steps_per_epoch=40, jitter=2)
TINY = ("--epochs", "1", "--steps", "2", "--frames", "1", "--algorithm", "random")


def test_the_defaults_of_the_space_are_the_base():
    hypermodel = DespoofHyperModel(BASE, crops=None)
    hp = keras_tuner.HyperParameters()
    config = hypermodel.configuration(hp)
    assert config.term_weights() == RELEASED_WEIGHTS
    assert config.depth_learning_rate == config.learning_rate == 2e-4
    assert (config.crop_side, config.batch_size, config.width) == (2.5, 16, 1.0)
    assert config.steps_per_epoch == BASE.steps_per_epoch
    assert len(hp.space) == 13


def test_hyperparameters_become_settings():
    hypermodel = DespoofHyperModel(BASE, crops=None)
    hp = keras_tuner.HyperParameters()
    hypermodel.configuration(hp)
    hp.values |= {
        "learning_rate": 1e-4,
        "depth_rate": 2.0,
        "repetitive_weight": 0.5,
        "batch_size": 8,
        "average_decay": 0.0,
        "score": "depth",
        "crop_side": 3.0,
    }
    config = hypermodel.configuration(hp, dataclasses.replace(BASE, image_size=64))
    assert (config.image_size, config.batch_size, config.steps_per_epoch) == (64, 8, 80)
    assert config.depth_learning_rate == pytest.approx(2e-4)
    assert config.discriminator_learning_rate == pytest.approx(1e-4)
    weights = config.term_weights()
    assert (weights.repetitive_live, weights.repetitive_spoof) == (0.5, 1.0)
    assert weights.zero_one_map == RELEASED_WEIGHTS.zero_one_map
    assert config.average_decay is None
    assert config.monitor_score == "depth"
    assert config.crop_rule.side == 3.0


@pytest.mark.parametrize("seed", range(5))
def test_every_corner_of_the_space_is_a_valid_model(seed):
    attack = VideoSample(Path("1.avi"), "1", 1, 1, "mask")
    crops = PreparedCrops({}, {}, CropSettings(), {}, (attack,))
    hypermodel = DespoofHyperModel(BASE, crops=lambda config: (crops, crops))
    hp = keras_tuner.HyperParameters()
    hypermodel.configuration(hp)
    for one in hp.space:
        hp.values[one.name] = one.random_sample(seed)
    model = hypermodel.build(hp)
    assert model.compiled
    assert model.instruments == 1
    assert model.metadata.crop["side"] == hp.values["crop_side"]
    assert model.score == hp.values["score"]


FIELDS = {
    "base": BASE,
    "trial": BASE,
    "algorithm": "random",
    "trials": 2,
    "data": Data(Path("set"), Path("cache")),
    "seed": 0,
    "output": Path("out"),
}


def test_impossible_searches_are_refused():
    with pytest.raises(DataError, match="algorithm: expected one of random"):
        Search(**{**FIELDS, "algorithm": "grid"})
    with pytest.raises(DataError, match="trials: expected a positive"):
        Search(**{**FIELDS, "trials": 0})
    with pytest.raises(DataError, match=r"epochs: expected at least 3 with hyperband.*received 2"):
        Search(**{**FIELDS, "algorithm": "hyperband", "trial": dataclasses.replace(BASE, epochs=2)})


def test_a_searchs_settings_keep_their_names():
    search = Search(**{**FIELDS, "data": dataclasses.replace(FIELDS["data"], protocol=3, fold=2)})
    settings = dataclasses.asdict(BASE)
    expected = {
        "base": settings,
        "trial": settings,
        "algorithm": "random",
        "trials": 2,
        "data": "set",
        "protocol": 3,
        "fold": 2,
        "seed": 0,
    }
    assert search.identity() == expected
    assert list(search.identity()) == list(expected)


def test_batches_that_devices_cannot_share_are_refused_before_any_work(tmp_path):
    class Three:
        num_replicas_in_sync = 3

    search = Search(**{**FIELDS, "output": tmp_path / "out"})
    with pytest.raises(DataError, match=r"batch_size: expected a multiple of 3.*received 8"):
        run_search(search, distribution=Distribution(Three()))
    assert not (tmp_path / "out").exists()


def test_what_is_not_a_trials_own_fault_ends_the_search():
    def crops(config):
        raise OSError(errno.ENOSPC, "no space left")

    hypermodel = DespoofHyperModel(BASE, crops)
    with pytest.raises(keras_tuner.errors.FatalError, match="no space left") as raised:
        hypermodel.build(keras_tuner.HyperParameters())
    assert isinstance(raised.value.__cause__, OSError)


def test_hyperband_runs_at_least_the_trials_asked_for():
    # 3 trials of 1 epoch, 1 of 3, 2 of 3.
    assert hyperband_trials(3) == 3 + 1 + 2
    # 9 of 1 epoch, 3 of 3, 1 of 9; 5 of 3, 2 of 9; 3 of 9.
    assert hyperband_trials(9) == (9 + 3 + 1) + (5 + 2) + 3


@pytest.fixture(scope="module")
def workplace(small_set, tmp_path_factory):
    folder = tmp_path_factory.mktemp("search")
    (folder / "set").symlink_to(small_set)
    yield folder
    for process in started:
        process.kill()  # does nothing to what has ended


started = []


def given(arguments):
    """The arguments of a search, with those that all searches here have."""
    return ("--data-root", "set", *TINY, *arguments)


def start(workplace, *arguments, real=False, **environment):
    programs = [RECIPE] if real else [SMALL_NETWORKS, RECIPE]
    process = subprocess.Popen(
        [sys.executable, *map(str, programs), *given(arguments)],
        env={**os.environ, "DESPOOF_KERAS_CACHE": str(workplace / "cache"), **environment},
        cwd=workplace,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    started.append(process)
    return process


def chief_address():
    (port,) = free_ports(1)
    return {"KERASTUNER_ORACLE_IP": "127.0.0.1", "KERASTUNER_ORACLE_PORT": str(port)}


def wait_for(path, *processes):
    deadline = time.monotonic() + PATIENCE
    while not path.exists():
        for process in processes:
            assert process.poll() is None, process.stdout.read()
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.1)


def trials(folder):
    with (folder / "trials.csv").open() as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_a_killed_search_goes_on_with_its_trials(workplace):
    folder = workplace / "killed"
    arguments = ("--trials", "2", "--output", "killed")
    process = start(workplace, *arguments, real=True)
    # The second trial has begun, so the first is done.
    wait_for(folder / "tuner" / "trial_1" / "trial.json", process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    first = json.loads((folder / "tuner" / "trial_0" / "trial.json").read_text())
    assert not (folder / "best.json").exists()

    code, _, errors = run_here(RECIPE, *given(arguments), folder=workplace)
    assert code == 1
    assert re.search("killed: holds a search already; pass --resume", errors)

    process = start(workplace, *arguments, "--resume", real=True)
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, output
    rows = trials(folder)
    assert {row["trial"] for row in rows} == {"0", "1"}
    acers = [float(row["val_acer"]) for row in rows]
    assert acers == sorted(acers)
    kept = next(row for row in rows if row["trial"] == "0")
    assert float(kept["val_acer"]) == first["score"]
    best = TrainingConfig.from_file(folder / "best.json")
    assert best.learning_rate == pytest.approx(float(rows[0]["learning_rate"]))
    assert best.crop_side in CROP_SIDES
    assert best.image_size == 64  # the base's: the trials' 32 pixels are the search's own
    assert (folder / "search.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_a_search_goes_on_through_trials_that_diverge(workplace):
    # A loss beyond float32 in the first step.
    weights = dict.fromkeys(RELEASED_WEIGHTS, 1e38)
    settings = {**dataclasses.asdict(BASE), "loss_weights": weights}
    (workplace / "lost.json").write_text(json.dumps(settings))
    arguments = ("--config", "lost.json", "--trials", "4")
    process = start(workplace, *arguments, "--output", "diverged")
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "no trial has ended with a val_acer" in output.splitlines()[-1]
    assert len(list((workplace / "diverged" / "tuner").glob("trial_*/trial.json"))) == 4


@pytest.mark.slow
def test_a_chief_ends_with_what_is_done_when_its_worker_is_gone(workplace):
    address = chief_address()
    folder = workplace / "many"
    arguments = ("--trials", "3", "--output", "many")
    patience = ("--worker-timeout", "20")
    chief = start(workplace, *arguments, *patience, KERASTUNER_TUNER_ID="chief", **address)
    worker = start(workplace, *arguments, KERASTUNER_TUNER_ID="tuner0", **address)
    wait_for(folder / "tuner" / "trial_1" / "trial.json", chief, worker)
    worker.send_signal(signal.SIGKILL)
    worker.communicate()
    output, _ = chief.communicate(timeout=PATIENCE)
    assert chief.returncode == 0, output
    assert "no worker has given a sign of life for 20 seconds" in output
    assert [row["trial"] for row in trials(folder)] == ["0"]
    TrainingConfig.from_file(folder / "best.json")


@pytest.mark.slow
def test_a_chief_and_two_workers_share_a_hyperband_search_to_its_end(workplace):
    address = chief_address()
    folder = workplace / "shared"
    arguments = ("--algorithm", "hyperband", "--epochs", "3", "--trials", "6")
    arguments = (*arguments, "--output", "shared")
    chief, *workers = (
        start(workplace, *arguments, KERASTUNER_TUNER_ID=name, **address)
        for name in ("chief", "tuner0", "tuner1")
    )
    for worker in workers:
        output, _ = worker.communicate(timeout=PATIENCE)
        assert worker.returncode == 0, output
        assert "no trials are left for this worker" in output.splitlines()[-1]
    output, _ = chief.communicate(timeout=PATIENCE)
    assert chief.returncode == 0, output
    kept = [json.loads(path.read_text()) for path in folder.glob("tuner/trial_*/trial.json")]
    assert [trial["status"] for trial in kept] == ["COMPLETED"] * hyperband_trials(3)
    assert {row["trial"] for row in trials(folder)} == {trial["trial_id"] for trial in kept}
    # Those that went on to the second round started from what the first had left.
    assert any("tuner/trial_id" in trial["hyperparameters"]["values"] for trial in kept)
    assert TrainingConfig.from_file(folder / "best.json").crop_side in CROP_SIDES
