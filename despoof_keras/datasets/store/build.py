"""A store is made on this machine; the same shards as by `beam`, and from then on finished."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from despoof_keras.datasets.shard_jobs import EYES, ShardJob, run_jobs
from despoof_keras.datasets.shards import is_complete
from despoof_keras.datasets.store.contents import SHARDS, StoreContents, claim_store
from despoof_keras.datasets.store.manifest import is_finished, write_manifest
from despoof_keras.utils.files import check_writable, one_at_a_time

# Makes shards, such as `run_jobs` with the number of processes.
Runner = Callable[[Sequence[ShardJob]], None]


def prepare_store(
    contents: StoreContents,
    store: str | Path,
    *,
    processes: int | None = None,
    runner: Runner | None = None,
) -> bool:
    """Make a store, or go on where it stands.

    A shard gets its name when it is whole, and the manifest is written when all are there.

    Args:
        contents: what it is to hold.
        store: its folder.
        processes: worker processes of this machine; default: see `processes.default_processes`.
        runner: makes the shards in another way.

    Returns:
        Whether anything was left to do.

    Raises:
        DataError: the folder holds another store or something else, or a video cannot be used. The
            shards that are finished stay.
    """
    store = Path(store).absolute()
    check_writable(store)
    with one_at_a_time(store):
        claim_store(store, contents)
        if is_finished(store):
            return False
        jobs = contents.jobs(store)
        missing = [job for job in jobs if not is_complete(job.path)]
        if missing and runner is not None:
            runner(missing)
        elif missing:
            run_jobs(missing, processes, "shards")
        _remove_half_written(store)
        write_manifest(store, jobs)
        return True


def _remove_half_written(store):
    """Remove what processes that were killed had begun: nobody else works on the store now."""
    for folder in (store, store / SHARDS, store / EYES):
        for path in folder.glob(".*.part*"):
            path.unlink(missing_ok=True)
