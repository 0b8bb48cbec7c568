"""The processors and the memory that this process may use, which may be fewer than the machine's.

A container or a batch system limits a process by its affinity (the processors it may run on) and
by control groups (its share of their time, and its memory). `os.cpu_count` knows of neither.

Reference: the Linux kernel's documentation of control groups, `cgroup-v1/` and `cgroup-v2.rst`.
"""

import math
import os
from collections.abc import Iterator
from pathlib import Path

# Read by Python 3.13 and later, too.
COUNT_VARIABLE = "PYTHON_CPU_COUNT"
_ROOT = Path("/")


def usable_cpus(root: Path = _ROOT) -> int:
    """Count the processors that this process may use.

    Args:
        root: folder that holds `proc` and `sys`; another one than `/` in tests.

    Returns:
        `PYTHON_CPU_COUNT`, if that is a positive number. Otherwise the processors that the process
        may run on, and at most the number that its control groups grant it the time of, rounded
        up. At least 1.
    """
    chosen = os.environ.get(COUNT_VARIABLE, "").strip()
    if chosen.isdecimal() and int(chosen):
        return int(chosen)
    quota = cpu_quota(root)
    return max(1, min(_allowed(), math.inf if quota is None else math.ceil(quota)))


def cpu_quota(root: Path = _ROOT) -> float | None:
    """Processors that the control groups grant the time of; None where there is no limit.

    Args:
        root: as in `usable_cpus`.
    """
    shares = []
    for folder in _control_groups(root, "cpu"):
        older = [_numbers(folder / f"cpu.cfs_{name}_us") for name in ("quota", "period")]
        # "max" or -1 stand for no limit.
        for numbers in (_numbers(folder / "cpu.max"), older[0] + older[1]):
            if len(numbers) == 2 and numbers[0] and numbers[1] and numbers[0] > 0:
                shares.append(numbers[0] / numbers[1])
    return min(shares, default=None)


def available_memory(root: Path = _ROOT) -> int | None:
    """Bytes of memory that this process and its children can still get; None where unknown.

    Args:
        root: as in `usable_cpus`.
    """
    free = []
    for line in _text(root / "proc" / "meminfo").splitlines():
        if line.startswith("MemAvailable:"):
            free.append(int(line.split()[1]) * 1024)
    for folder in _control_groups(root, "memory"):
        for limit, used in (
            ("memory.max", "memory.current"),
            ("memory.limit_in_bytes", "memory.usage_in_bytes"),
        ):
            most, now = _numbers(folder / limit), _numbers(folder / used)
            if most and now and most[0] is not None and now[0] is not None:
                free.append(max(0, most[0] - now[0] + _reclaimable(folder)))
    return min(free, default=None)


def _allowed():
    if hasattr(os, "process_cpu_count"):
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _control_groups(root, controller) -> Iterator[Path]:
    """Folders of the process's groups for a controller, each with those that it lies in."""
    for line in _text(root / "proc" / "self" / "cgroup").splitlines():
        number, _, rest = line.partition(":")
        controllers, _, group = rest.partition(":")
        if number == "0" and not controllers:
            mount = root / "sys" / "fs" / "cgroup"
        elif controller in controllers.split(","):
            mount = root / "sys" / "fs" / "cgroup" / controllers
            if not mount.is_dir():
                mount = mount.with_name(controller)
        else:
            continue
        # Within a container the mount may begin at the group itself, so its path is not there.
        folder = mount / group.strip("/")
        yield from (place for place in (folder, *folder.parents) if place.is_relative_to(mount))


def _reclaimable(folder):
    """Bytes of files that the kernel keeps in memory and gives up when they are wanted."""
    for line in _text(folder / "memory.stat").splitlines():
        name, _, value = line.partition(" ")
        if name in ("inactive_file", "total_inactive_file"):
            return int(value)
    return 0


def _numbers(path) -> list[int | None]:
    """The numbers in a file, None for a word; empty without the file."""
    return [int(v) if v.lstrip("-").isdecimal() else None for v in _text(path).split()]


def _text(path):
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
