"""Clusters of processes that simulate several machines."""

import contextlib
import json
import random
import socket

# Below the ports that systems give to outgoing connections (Linux: from 32768 on), so that none of
# the other tests' connections takes one before the process that it is meant for.
PORTS = range(10_000, 32_000)


def free_ports(count):
    """Ports that nobody listens on."""
    ports = []
    with contextlib.ExitStack() as held:
        while len(ports) < count:
            port = random.SystemRandom().choice(PORTS)
            listener = held.enter_context(socket.socket())
            with contextlib.suppress(OSError):
                listener.bind(("127.0.0.1", port))
                ports.append(port)
    return ports


def cluster(count):
    """Return the TF_CONFIG of every process of a cluster on this machine."""
    hosts = [f"127.0.0.1:{port}" for port in free_ports(count)]
    tasks = [{"type": "worker", "index": index} for index in range(count)]
    return [json.dumps({"cluster": {"worker": hosts}, "task": task}) for task in tasks]
