"""A store's shards by Apache Beam: the same bytes, on as many machines as its runner has.

All machines must see the videos and the store under the same paths. A shard is one element of the
pipeline. Each of Beam's processes keeps one worker process, which holds its face models between
shards and takes the death of a broken video upon itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions, SetupOptions

from despoof_keras.datasets.shard_jobs import ShardJob, crop_one_by_one, crop_shard
from despoof_keras.datasets.shards import is_complete, write_shard
from despoof_keras.errors import DataError
from despoof_keras.utils.processes import WorkerPool


def run_pipeline(jobs: Sequence[ShardJob], arguments: Sequence[str]) -> None:
    """Make shards in a pipeline, and wait for its end.

    Args:
        jobs: the shards.
        arguments: Beam's own, such as `["--runner=FlinkRunner", "--flink_master=host:8081"]`.

    Raises:
        DataError: a shard could not be made. The others stay.
    """
    options = PipelineOptions(list(arguments))
    options.view_as(SetupOptions).save_main_session = False
    with beam.Pipeline(options=options) as pipeline:
        (
            pipeline
            | "shards to make" >> beam.Create(list(jobs))
            # So that the shards are spread over the machines.
            | "spread" >> beam.Reshuffle()
            | "make" >> beam.ParDo(MakeShard())
        )
    missing = [job.path for job in jobs if not is_complete(job.path)]
    if missing:
        raise DataError(
            f"{missing[0]}: the pipeline has ended without it ({len(missing)} of {len(jobs)} "
            "shards are missing); all machines must see the store under the same path"
        )


class MakeShard(beam.DoFn):
    """Makes a shard, unless it is there."""

    def setup(self):
        self._pool = WorkerPool(1)

    def process(self, job):
        # Beam may hand out an element again, and does where a machine was lost.
        if not is_complete(job.path):
            write_shard(job.path, *self._pool.call(crop_shard, job, crop_one_by_one))
        yield job.path.name

    def teardown(self):
        self._pool.close()
