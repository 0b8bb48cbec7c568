"""Interrupted runs on two machines, simulated by two processes, and on two devices of a machine."""

import json
import shutil
import signal
import socket
import time

import pytest
from clusters import cluster
from recipe_runs import PATIENCE, SMALL, assert_same_weights, start, wait_for

# Seconds within which a machine has to notice that another has stopped. TensorFlow sends
# heartbeats every ten seconds.
NOTICE_TIMEOUT = 60


@pytest.fixture
def machines(workplace):
    """Function that starts both machines; they are killed after the test."""
    settings = {**SMALL, "epochs": 2, "steps_per_epoch": 4, "data_parts": 2}
    (workplace / "machines.json").write_text(json.dumps(settings))
    started = []

    def start_both(output, *arguments):
        command = ("--config", "machines.json", "--data-root", "set", "--output", output)
        both = []
        for number, environment in enumerate(cluster(2)):
            # A full pipe would block a machine, and the other would wait for it; hence a file.
            log = (workplace / f"{output}-{number}{len(started)}.log").open("w+")
            machine = start(
                workplace,
                *command,
                "--strategy",
                "multi-worker",
                *arguments,
                environment={"TF_CONFIG": environment},
                stdout=log,
                stderr=log,
            )
            machine.log = log
            both.append(machine)
        started.extend(both)
        return both

    yield start_both
    for machine in started:
        machine.kill()
        machine.wait()
        machine.log.close()


def wait_for_exit(machine, patience=PATIENCE):
    """Return the exit code and the output of a machine."""
    code = machine.wait(timeout=patience)
    machine.log.seek(0)
    return code, machine.log.read()


def assert_success(both):
    for machine in both:
        code, output = wait_for_exit(machine)
        assert code == 0, output


@pytest.mark.slow
def test_after_a_machine_is_lost_both_resume_to_the_same_weights(machines, workplace):
    chief, worker = machines("halved")
    wait_for(workplace / "halved" / "checkpoints" / "epoch-0001.keras", chief, worker)
    worker.send_signal(signal.SIGKILL)
    killed = time.monotonic()
    code, output = wait_for_exit(chief, NOTICE_TIMEOUT)
    print(f"noticed after {time.monotonic() - killed:.1f} s")
    assert code == 1, output
    assert "Traceback" not in output
    assert "another of the 2 machines has stopped" in output.splitlines()[-1]
    assert "--resume" in output.splitlines()[-1]
    assert not list((workplace / "halved").rglob("*.part*"))
    assert not (workplace / "halved" / "model.keras").exists()

    both = machines("halved", "--resume")
    assert_success(both)
    assert "Epoch 1/2" not in wait_for_exit(both[0])[1]
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
    # The copy is the folder that would be left if the run were killed now.
    shutil.copytree(*folders)
    outputs = [process.communicate(timeout=PATIENCE)]
    resumed = start(workplace, *command, *devices, "--output", folders[1].name, "--resume")
    outputs.append(resumed.communicate(timeout=PATIENCE))
    assert (process.returncode, resumed.returncode) == (0, 0), outputs
    assert ["Epoch 1/2" in output for output, _ in outputs] == [True, False]
    history = [(folder / "history.csv").read_text() for folder in folders]
    assert history[0] == history[1]
    assert_same_weights(*(folder / "model.keras" for folder in folders))


@pytest.mark.slow
def test_machines_that_do_not_share_the_run_folder_do_not_resume(workplace):
    checkpoint = workplace / "own-0" / "checkpoints" / "epoch-0001.keras"
    checkpoint.parent.mkdir(parents=True)
    checkpoint.write_bytes(b"")
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
def test_machines_with_different_arguments_do_not_train(workplace):
    arguments = ("--strategy", "multi-worker", "--data-root", "set", "--output", "different")
    both = [
        start(workplace, *arguments, "--seed", str(number), environment={"TF_CONFIG": environment})
        for number, environment in enumerate(cluster(2))
    ]
    for machine in both:
        _, errors = machine.communicate(timeout=PATIENCE)
        assert machine.returncode == 1
        assert "2 machines to be started with the same arguments" in errors.splitlines()[-1]


def test_an_address_in_use_is_reported(workplace):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        address = f"127.0.0.1:{listener.getsockname()[1]}"
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
    time.sleep(1)  # until the wait has started
    process.send_signal(signal.SIGINT)
    try:
        assert process.wait(timeout=NOTICE_TIMEOUT) == -signal.SIGINT
    finally:
        process.kill()
