"""The processors and the memory of a process, by trees that look like `/proc` and `/sys`."""

import os
import subprocess
import sys

import pytest

from despoof_keras.utils import processes
from despoof_keras.utils.resources import available_memory, cpu_quota, usable_cpus

GIB = 2**30


@pytest.fixture(autouse=True)
def nothing_chosen(monkeypatch):
    monkeypatch.delenv("PYTHON_CPU_COUNT", raising=False)


def tree(root, files):
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


V2, V1 = "0::/docker/x\n", "4:memory:/docker/x\n3:cpu,cpuacct:/docker/x\n"


@pytest.mark.parametrize(
    ("files", "quota"),
    [
        ({}, None),
        ({"proc/self/cgroup": V2}, None),
        ({"proc/self/cgroup": V2, "sys/fs/cgroup/docker/x/cpu.max": "max 100000\n"}, None),
        ({"proc/self/cgroup": V2, "sys/fs/cgroup/docker/x/cpu.max": "150000 100000\n"}, 1.5),
        # Inside a container the group is the mount's root.
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "50000 100000\n"}, 0.5),
        ({"proc/self/cgroup": V2, "sys/fs/cgroup/cpu.max": "50000 100000\n"}, 0.5),
        # The tightest of the groups that lie in each other counts.
        (
            {
                "proc/self/cgroup": V2,
                "sys/fs/cgroup/docker/cpu.max": "200000 100000\n",
                "sys/fs/cgroup/docker/x/cpu.max": "800000 100000\n",
            },
            2.0,
        ),
        (
            {
                "proc/self/cgroup": V1,
                "sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_quota_us": "400000\n",
                "sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_period_us": "100000\n",
            },
            4.0,
        ),
        (
            {
                "proc/self/cgroup": V1,
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            None,
        ),
        ({"proc/self/cgroup": V2, "sys/fs/cgroup/cpu.max": "nonsense\n"}, None),
        ({"proc/self/cgroup": V2, "sys/fs/cgroup/cpu.max": ""}, None),
    ],
)
def test_the_quota_of_a_container(files, quota, tmp_path):
    assert cpu_quota(tree(tmp_path, files)) == quota


def test_a_part_of_a_processor_is_one(tmp_path):
    files = {"proc/self/cgroup": V2, "sys/fs/cgroup/cpu.max": "50000 100000\n"}
    assert usable_cpus(tree(tmp_path, files)) == 1


def test_the_variable_overrules(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHON_CPU_COUNT", "5")
    files = {"proc/self/cgroup": V2, "sys/fs/cgroup/cpu.max": "50000 100000\n"}
    assert usable_cpus(tree(tmp_path, files)) == 5
    monkeypatch.setenv("PYTHON_CPU_COUNT", "default")
    assert usable_cpus(tmp_path) == 1


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity on this system")
def test_affinity_counts():
    code = (
        "import os; os.sched_setaffinity(0, list(os.sched_getaffinity(0))[:1]);"
        "from despoof_keras.utils.resources import usable_cpus; print(usable_cpus())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"


@pytest.mark.parametrize(
    ("files", "memory"),
    [
        ({}, None),
        ({"proc/meminfo": "MemTotal: 9 kB\nMemAvailable:    2048 kB\n"}, 2048 * 1024),
        (
            {
                "proc/meminfo": f"MemAvailable: {8 * 2**20} kB\n",
                "proc/self/cgroup": V2,
                "sys/fs/cgroup/docker/x/memory.max": f"{2 * GIB}\n",
                "sys/fs/cgroup/docker/x/memory.current": f"{GIB}\n",
                "sys/fs/cgroup/docker/x/memory.stat": f"anon 1\ninactive_file {GIB // 2}\n",
            },
            3 * GIB // 2,
        ),
        (
            {
                "proc/meminfo": f"MemAvailable: {8 * 2**20} kB\n",
                "proc/self/cgroup": V1,
                "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{2 * GIB}\n",
                "sys/fs/cgroup/memory/memory.usage_in_bytes": f"{GIB}\n",
            },
            GIB,
        ),
        (
            {
                "proc/meminfo": "MemAvailable: 1024 kB\n",
                "proc/self/cgroup": V2,
                "sys/fs/cgroup/memory.max": "max\n",
                "sys/fs/cgroup/memory.current": "5\n",
            },
            1024 * 1024,
        ),
    ],
)
def test_the_memory_that_is_left(files, memory, tmp_path):
    assert available_memory(tree(tmp_path, files)) == memory


@pytest.mark.parametrize(("free", "count"), [(None, 16), (1, 1), (3.5, 3), (99, 16)])
def test_workers_fit_into_the_memory(free, count, monkeypatch):
    monkeypatch.setattr(processes, "usable_cpus", lambda: 16)
    bytes_free = None if free is None else int(free * processes.BYTES_PER_WORKER)
    monkeypatch.setattr(processes, "available_memory", lambda: bytes_free)
    assert processes.default_processes() == count
