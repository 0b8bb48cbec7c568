"""Which devices a run trains on: one, several of this machine, or several machines.

TensorFlow must not have been used before a strategy is made: on CPUs it splits the processor into
logical devices, and several machines connect to each other, both at TensorFlow's start only.
"""

import contextlib
import dataclasses
import json
import logging
import os
import signal
import threading

import tensorflow as tf

from despoof_keras.errors import DataError

logger = logging.getLogger(__name__)

STRATEGIES = ("auto", "one", "mirrored", "multi-worker")
_TF_CONFIG_EXAMPLE = (
    '{"cluster": {"worker": ["host1:2222", "host2:2222"]}, "task": {"type": "worker", "index": 0}}'
)


@dataclasses.dataclass(frozen=True)
class Distribution:
    """Where a run trains.

    Attributes:
        strategy: `tf.distribute` strategy, TensorFlow's default one for a single device.
        workers: number of machines.
        worker: number of this one, from 0; the chief is 0.
    """

    strategy: object
    workers: int = 1
    worker: int = 0

    @property
    def replicas(self):
        """Devices that train, of all machines together."""
        return self.strategy.num_replicas_in_sync

    @property
    def is_chief(self):
        """Whether this machine writes the run's files."""
        return self.worker == 0

    def check(self, config):
        """Makes sure that a run trains here as it would on one device.

        Args:
            config: `TrainingConfig`.

        Raises:
            DataError: batches cannot be shared out evenly, or several devices cannot do what is
                asked (see `Despoofer.compile`); the message names the setting.
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
                "jit_compile: expected no synchronized_norm with it on several devices, for XLA "
                "cannot compile it; received both"
            )
        if config.global_clipnorm is not None and config.dtype_policy == "mixed_float16":
            raise DataError(
                "global_clipnorm: expected no mixed_float16 with it on several devices, where it "
                "would clip scaled gradients; use mixed_bfloat16 or float32 with it"
            )

    def own_parts(self, parts):
        """The parts of the data that this machine reads, see `batches.training_batches`."""
        share = parts // self.workers
        return range(self.worker * share, (self.worker + 1) * share)


def one_device():
    """`Distribution` of a single device, TensorFlow's default."""
    return Distribution(tf.distribute.get_strategy())


def distribute(name="auto", replicas=None):
    """Makes the strategy of a name.

    Args:
        name: `"one"`: a single device. `"mirrored"`: all GPUs of this machine, or, without any,
            logical parts of the CPU. `"multi-worker"`: all machines of the environment variable
            `TF_CONFIG`, each with all its GPUs. `"auto"`: mirrored where several GPUs are seen,
            else one.
        replicas: with `"mirrored"`, the number of devices; default: all GPUs, or two parts of the
            CPU.

    Returns:
        `Distribution`.

    Raises:
        DataError: the name is unknown, there are not as many devices, `TF_CONFIG` is missing or
            malformed, or the machines do not find each other.
    """
    if name not in STRATEGIES:
        raise DataError(f"strategy: expected one of {', '.join(STRATEGIES)}; received {name!r}")
    if replicas is not None and (name != "mirrored" or replicas < 1):
        raise DataError(
            "replicas: expected a positive number, with the strategy 'mirrored'; "
            f"received {replicas} with {name!r}"
        )
    if name == "multi-worker":
        hosts, worker = _read_tf_config()
        return Distribution(_joined(hosts, worker), len(hosts), worker)
    gpus = tf.config.list_physical_devices("GPU")
    if name == "mirrored" or (name == "auto" and len(gpus) > 1):
        return Distribution(tf.distribute.MirroredStrategy(_devices(gpus, replicas)))
    return one_device()


def _joined(hosts, worker):
    """The strategy of several machines, once all have come."""
    others = [host for number, host in enumerate(hosts) if number != worker]
    logger.info("machine %d of %d: waiting for %s", worker, len(hosts), ", ".join(others))
    try:
        with _signals_kept():
            return tf.distribute.MultiWorkerMirroredStrategy()
    except tf.errors.OpError as error:
        raise DataError(
            f"TF_CONFIG: expected {hosts[worker]} to be a free port of this machine, and all other "
            f"machines to come; {error.message}"
        ) from error


@contextlib.contextmanager
def _signals_kept():
    """Lets Ctrl-C end the wait, in which Python runs no handlers, and keeps SIGTERM's.

    TensorFlow puts a handler of its own in its place, which ignores it; the wait itself can be
    ended by Ctrl-C and SIGKILL alone.
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


def _devices(gpus, replicas):
    if not gpus:
        return _logical_cpus(replicas or 2)
    if replicas is not None and replicas > len(gpus):
        raise DataError(f"replicas: expected at most {len(gpus)} GPUs; received {replicas}")
    return [f"GPU:{number}" for number in range(replicas or len(gpus))]


def _logical_cpus(count):
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
                f"used; it has been used, with {present}"
            ) from error
    return [f"CPU:{number}" for number in range(count)]


def _read_tf_config():
    """`(addresses of all, number of this one)` from the environment."""
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
