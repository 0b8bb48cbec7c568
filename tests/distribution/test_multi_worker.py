"""Interrupted runs on two machines, simulated by two processes, and on two devices of a machine."""

import json
import shutil
import signal
import socket
import time

import pytest
from clusters import cluster
from recipe_runs import PATIENCE, SMALL, assert_same_weights, start, wait_for

from despoof_keras.utils.programs import INTERRUPTED


@pytest.fixture
def machines(workplace):
    """Function that starts both machines; they are killed after the test."""
    settings = {**SMALL, "data_parts": 2}
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


def wait_for_exit(machine):
    """Return the exit code and the output of a machine."""
    code = machine.wait(timeout=PATIENCE)
    machine.log.seek(0)
    return code, machine.log.read()


def checkpoint(folder, epoch):
    return folder / "checkpoints" / f"epoch-{epoch:04}.keras"


def history(folder, epochs):
    return (folder / "history.csv").read_text().splitlines()[: epochs + 1]


@pytest.mark.slow
def test_a_lost_machine_ends_the_other_and_a_resumed_run_has_the_same_weights(machines, workplace):
    lost, resumed = workplace / "lost", workplace / "resumed"
    chief, worker = both = machines(lost.name)
    wait_for(checkpoint(lost, 1), *both)
    # What stopped machines have written is what they would have left if they had been killed.
    for machine in both:
        machine.send_signal(signal.SIGSTOP)
    shutil.copytree(lost, resumed)
    for machine in both:
        machine.send_signal(signal.SIGCONT)
    wait_for(checkpoint(lost, 2), *both)
    worker.send_signal(signal.SIGKILL)
    code, output = wait_for_exit(chief)
    assert code == 1, output
    assert "Traceback" not in output
    assert "another of the 2 machines has stopped" in output.splitlines()[-1]
    assert "--resume" in output.splitlines()[-1]
    assert not list(lost.rglob("*.part*"))
    assert not (lost / "model.keras").exists()

    both = machines(resumed.name, "--resume")
    wait_for(checkpoint(resumed, 2), *both)
    # The next epoch's checkpoint takes its place.
    (workplace / "second.keras").hardlink_to(checkpoint(resumed, 2))
    for machine in both:
        code, output = wait_for_exit(machine)
        assert code == 0, output
    assert "Epoch 1/3" not in wait_for_exit(both[0])[1]
    # To the bit: the same programs on the same processor, with TensorFlow's determinism.
    assert_same_weights(checkpoint(lost, 2), workplace / "second.keras")
    assert history(lost, 2) == history(resumed, 2)


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
    # To the bit: the same program on the same processor, with TensorFlow's determinism.
    assert history(folders[0], 2) == history(folders[1], 2)
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
        # The one within TensorFlow's wait, the other if Python had not come to it yet.
        assert process.wait(timeout=PATIENCE) in (-signal.SIGINT, INTERRUPTED)
    finally:
        process.kill()
