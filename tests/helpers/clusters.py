"""Clusters of processes on this machine, for tests of training on several machines."""

import json
import socket


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def cluster(count):
    """The TF_CONFIG of every machine of a cluster on this one."""
    hosts = [f"127.0.0.1:{port}" for port in free_ports(count)]
    tasks = [{"type": "worker", "index": index} for index in range(count)]
    return [json.dumps({"cluster": {"worker": hosts}, "task": task}) for task in tasks]
