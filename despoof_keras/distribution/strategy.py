"""The devices that a run trains on: one device, several of this machine, or several machines.

Create a strategy before TensorFlow is used for anything else: TensorFlow can split a processor into
logical devices, and connect to other machines, only when it starts.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import tensorflow as tf

from despoof_keras.distribution import STRATEGIES
from despoof_keras.errors import DataError

logger = logging.getLogger(__name__)

_TF_CONFIG_EXAMPLE = (
    '{"cluster": {"worker": ["host1:2222", "host2:2222"]}, "task": {"type": "worker", "index": 0}}'
)


class RunSettings(Protocol):
    """The settings of a run that its devices must fit; `TrainingConfig` has them."""

    @property
    def batch_size(self) -> int: ...
    @property
    def data_parts(self) -> int: ...
    @property
    def jit_compile(self) -> bool: ...
    @property
    def synchronized_norm(self) -> bool: ...
    @property
    def global_clipnorm(self) -> float | None: ...
    @property
    def dtype_policy(self) -> str: ...


@dataclasses.dataclass(frozen=True)
class Distribution:
    """The devices and machines that a run trains on.

    Attributes:
        strategy: TensorFlow's strategy, its default one for a single device.
        workers: number of machines.
        worker: index of this machine, from 0; machine 0 is the chief.
    """

    strategy: tf.distribute.Strategy
    workers: int = 1
    worker: int = 0

    @property
    def replicas(self) -> int:
        """Number of devices on all machines together."""
        return self.strategy.num_replicas_in_sync

    @property
    def is_chief(self) -> bool:
        """Whether this machine writes the run's files."""
        return self.worker == 0

    def check(self, config: RunSettings) -> None:
        """Check that a run trains on these devices as it would on one.

        Args:
            config: settings of the run.

        Raises:
            DataError: batches cannot be divided evenly, or a setting would silently train
                differently on several devices (see `Despoofer.compile`); the message names the
                setting.
        """
        if config.batch_size % self.replicas:
            raise DataError(
                f"batch_size: expected a multiple of {self.replicas}, the number of devices; "
                f"received {config.batch_size}"
            )
        if config.data_parts % self.workers:
            raise DataError(
                f"data_parts: expected a multiple of {self.workers}, the number of machines; "
                f"received {config.data_parts}"
            )
        if self.replicas == 1:
            return
        if config.jit_compile and config.synchronized_norm:
            raise DataError(
                "jit_compile: expected no synchronized_norm on several devices, which XLA cannot "
                "compile; received both"
            )
        if config.global_clipnorm is not None and config.dtype_policy == "mixed_float16":
            raise DataError(
                "global_clipnorm: expected no mixed_float16 on several devices, where scaled "
                "gradients would be clipped; use mixed_bfloat16 or float32 instead"
            )

    def own_parts(self, parts: int) -> range:
        """Return the parts of the data that this machine reads, see `batches.training_batches`."""
        share = parts // self.workers
        return range(self.worker * share, (self.worker + 1) * share)


def one_device() -> Distribution:
    """Return the distribution of a single device, TensorFlow's default."""
    return Distribution(tf.distribute.get_strategy())


def distribute(name: str = "auto", replicas: int | None = None) -> Distribution:
    """Create a strategy by its name.

    Args:
        name: `"one"`: a single device. `"mirrored"`: all GPUs of this machine, or logical parts of
            the CPU if it has no GPU. `"multi-worker"`: all machines listed in the environment
            variable `TF_CONFIG`, each with all its GPUs. `"auto"`: mirrored if there are several
            GPUs, otherwise one.
        replicas: number of devices with `"mirrored"`; default: all GPUs, or two parts of the CPU.

    Returns:
        Strategy, number of machines and index of this machine.

    Raises:
        DataError: the name is unknown, there are too few devices, `TF_CONFIG` is missing or
            malformed, or the machines cannot reach each other.
    """
    if name not in STRATEGIES:
        raise DataError(f"strategy: expected one of {', '.join(STRATEGIES)}; received {name!r}")
    if replicas is not None and (name != "mirrored" or replicas < 1):
        raise DataError(
            "replicas: expected a positive number and the strategy 'mirrored'; "
            f"received {replicas} with {name!r}"
        )
    if name == "multi-worker":
        hosts, worker = _read_tf_config()
        return Distribution(_join(hosts, worker), len(hosts), worker)
    gpus = tf.config.list_physical_devices("GPU")
    if name == "mirrored" or (name == "auto" and len(gpus) > 1):
        return Distribution(tf.distribute.MirroredStrategy(_devices(gpus, replicas)))
    return one_device()


def _join(hosts: Sequence[str], worker: int) -> tf.distribute.Strategy:
    """Wait for the other machines, then return the strategy."""
    others = [host for number, host in enumerate(hosts) if number != worker]
    logger.info("machine %d of %d: waiting for %s", worker, len(hosts), ", ".join(others))
    try:
        with _keep_signals():
            return tf.distribute.MultiWorkerMirroredStrategy()
    except tf.errors.OpError as error:
        raise DataError(
            f"TF_CONFIG: expected {hosts[worker]} to be a free port of this machine, and all other "
            f"machines to connect; {error.message}"
        ) from error


@contextlib.contextmanager
def _keep_signals() -> Iterator[None]:
    """Let Ctrl-C end the wait, during which Python runs no handlers, and keep SIGTERM's handler.

    TensorFlow replaces the handler of SIGTERM by its own, which ignores the signal. During the
    wait, only Ctrl-C and SIGKILL end the process.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    terminate = signal.getsignal(signal.SIGTERM)
    interrupt = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, interrupt)
        signal.signal(signal.SIGTERM, terminate)


def _devices(gpus: Sequence[Any], replicas: int | None) -> list[str]:
    if not gpus:
        return _logical_cpus(replicas or 2)
    if replicas is not None and replicas > len(gpus):
        raise DataError(f"replicas: expected at most {len(gpus)} GPUs; received {replicas}")
    return [f"GPU:{number}" for number in range(replicas or len(gpus))]


def _logical_cpus(count: int) -> list[str]:
    cpu = tf.config.list_physical_devices("CPU")[0]
    try:
        tf.config.set_logical_device_configuration(
            cpu, [tf.config.LogicalDeviceConfiguration()] * count
        )
    except RuntimeError as error:
        present = len(tf.config.list_logical_devices("CPU"))
        if present < count:
            raise DataError(
                f"replicas: expected to split the CPU into {count} devices before TensorFlow is "
                f"used; it is in use already, with {present}"
            ) from error
    return [f"CPU:{number}" for number in range(count)]


def _read_tf_config() -> tuple[list[str], int]:
    """Read the addresses of all machines and the index of this machine from the environment."""
    text = os.environ.get("TF_CONFIG", "")
    expected = f"TF_CONFIG: expected JSON such as {_TF_CONFIG_EXAMPLE}"
    try:
        values = json.loads(text)
        cluster, task = values["cluster"], values["task"]
        index, hosts = task["index"], cluster["worker"]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{expected}; received {text!r}") from error
    if task.get("type") != "worker" or set(cluster) != {"worker"}:
        raise DataError(f"{expected}, with workers alone; received {text!r}")
    if not isinstance(hosts, list) or not hosts or type(index) is not int:
        raise DataError(f"{expected}; received {text!r}")
    if not 0 <= index < len(hosts):
        raise DataError(f"TF_CONFIG: expected a task index below {len(hosts)}; received {index}")
    return hosts, index
