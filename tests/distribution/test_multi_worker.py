"""Runs that are cut off: two machines, played by two processes, and two devices of one."""

import json
import shutil
import signal
import socket
import time

import pytest
from clusters import cluster
from recipe_runs import PATIENCE, SMALL, assert_same_weights, start, wait_for

# Seconds in which a machine has to notice that another has gone. TensorFlow asks for a sign of
# life every ten.
NOTICED = 60


@pytest.fixture
def machines(workplace):
    """Function that starts both machines; they are ended with the test."""
    settings = {**SMALL, "epochs": 2, "steps_per_epoch": 4, "data_parts": 2}
    (workplace / "machines.json").write_text(json.dumps(settings))
    started = []

    def start_both(output, *arguments):
        command = ("--config", "machines.json", "--data-root", "set", "--output", output)
        both = []
        for number, environment in enumerate(cluster(2)):
            # Not to a pipe: a machine that waits to be read would keep the other waiting.
            log = (workplace / f"{output}-{number}{len(started)}.log").open("w+")
            one = start(
                workplace,
                *command,
                "--strategy",
                "multi-worker",
                *arguments,
                environment={"TF_CONFIG": environment},
                stdout=log,
                stderr=log,
            )
            one.log = log
            both.append(one)
        started.extend(both)
        return both

    yield start_both
    for one in started:
        one.kill()
        one.wait()
        one.log.close()


def end(machine, patience=PATIENCE):
    """Exit code and everything that a machine has said."""
    code = machine.wait(timeout=patience)
    machine.log.seek(0)
    return code, machine.log.read()


def assert_success(both):
    for machine in both:
        code, said = end(machine)
        assert code == 0, said


@pytest.mark.slow
def test_a_machine_goes_and_both_resume_to_the_same_weights(machines, workplace):
    chief, other = machines("halved")
    wait_for(workplace / "halved" / "checkpoints" / "epoch-0001.keras", chief, other)
    other.send_signal(signal.SIGKILL)
    gone = time.monotonic()
    code, said = end(chief, NOTICED)
    print(f"noticed after {time.monotonic() - gone:.1f} s")
    assert code == 1, said
    assert "Traceback" not in said
    assert "another of the 2 machines has stopped" in said.splitlines()[-1]
    assert "--resume" in said.splitlines()[-1]
    assert not list((workplace / "halved").rglob("*.part*"))
    assert not (workplace / "halved" / "model.keras").exists()

    both = machines("halved", "--resume")
    assert_success(both)
    assert "Epoch 1/2" not in end(both[0])[1]
    assert_success(machines("whole-machines"))
    folders = [workplace / name for name in ("halved", "whole-machines")]
    history = [(folder / "history.csv").read_text() for folder in folders]
    assert history[0] == history[1]
    assert_same_weights(*(folder / "checkpoints" / "epoch-0002.keras" for folder in folders))


@pytest.mark.slow
def test_two_devices_of_a_machine_resume_to_the_same_weights(workplace):
    (workplace / "devices.json").write_text(
        json.dumps({**SMALL, "epochs": 2, "steps_per_epoch": 4})
    )
    command = ("--config", "devices.json", "--data-root", "set")
    devices = ("--strategy", "mirrored", "--replicas", "2")
    folders = [workplace / f"devices-{name}" for name in ("whole", "halved")]
    process = start(workplace, *command, *devices, "--output", folders[0].name)
    wait_for(folders[0] / "checkpoints" / "epoch-0001.keras", process)
    # What is there if the run is killed now.
    shutil.copytree(*folders)
    outputs = [process.communicate(timeout=PATIENCE)]
    again = start(workplace, *command, *devices, "--output", folders[1].name, "--resume")
    outputs.append(again.communicate(timeout=PATIENCE))
    assert (process.returncode, again.returncode) == (0, 0), outputs
    assert ["Epoch 1/2" in said for said, _ in outputs] == [True, False]
    history = [(folder / "history.csv").read_text() for folder in folders]
    assert history[0] == history[1]
    assert_same_weights(*(folder / "model.keras" for folder in folders))


@pytest.mark.slow
def test_machines_that_do_not_share_the_run_folder_do_not_resume(workplace):
    kept = workplace / "own-0" / "checkpoints" / "epoch-0001.keras"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"")
    arguments = ("--strategy", "multi-worker", "--data-root", "set", "--resume", "--output")
    both = [
        start(workplace, *arguments, f"own-{number}", environment={"TF_CONFIG": environment})
        for number, environment in enumerate(cluster(2))
    ]
    for machine in both:
        _, errors = machine.communicate(timeout=PATIENCE)
        assert machine.returncode == 1
        assert "expected a folder that all 2 machines share" in errors.splitlines()[-1]


@pytest.mark.slow
def test_machines_that_were_started_differently_do_not_train(workplace):
    arguments = ("--strategy", "multi-worker", "--data-root", "set", "--output", "different")
    both = [
        start(workplace, *arguments, "--seed", str(number), environment={"TF_CONFIG": environment})
        for number, environment in enumerate(cluster(2))
    ]
    for machine in both:
        _, errors = machine.communicate(timeout=PATIENCE)
        assert machine.returncode == 1
        assert "2 machines to be started with the same arguments" in errors.splitlines()[-1]


def test_an_address_that_is_taken_is_told(workplace):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        task = {"type": "worker", "index": 0}
        environment = {
            "TF_CONFIG": json.dumps({"cluster": {"worker": [address, "x:1"]}, "task": task})
        }
        arguments = ("--strategy", "multi-worker", "--data-root", "set", "--output", "none")
        _, errors = start(workplace, *arguments, environment=environment).communicate(
            timeout=PATIENCE
        )
    assert f"TF_CONFIG: expected {address} to be a free port" in errors.splitlines()[-1]
    assert "waiting for x:1" in errors
    assert "Traceback" not in errors
    assert not (workplace / "none").exists()


def test_a_machine_that_waits_for_another_can_be_interrupted(workplace):
    environment = {"TF_CONFIG": cluster(2)[0]}
    arguments = ("--strategy", "multi-worker", "--data-root", "set", "--output", "none")
    process = start(workplace, *arguments, environment=environment, bufsize=1)
    while "waiting for 127.0.0.1" not in process.stderr.readline():
        assert process.poll() is None
    time.sleep(1)  # into the wait itself
    process.send_signal(signal.SIGINT)
    try:
        assert process.wait(timeout=NOTICED) == -signal.SIGINT
    finally:
        process.kill()
