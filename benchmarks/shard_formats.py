"""TFRecord against ArrayRecord for the shards of a store: size, pace in order, pace shuffled.

    pip install array_record
    python benchmarks/shard_formats.py STORE

The records are those of the store. In order: `tf.data` over all shards, and ArrayRecord's own data
source in batches of 256 through `tf.data.Dataset.from_generator`. Shuffled: `tf.data` interleaves
the shards and shuffles in a buffer, as training does; ArrayRecord is read at random places. Paces
are in records a second, with and without decoding the PNG pictures, which training must do.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from rich.table import Table

from despoof_keras.evaluation.tables import show
from despoof_keras.utils.programs import start_tensorflow

BATCH = 256
BUFFER = 4096
ROUNDS = 3


def write_array_records(shards: list[Path], folder: Path) -> list[str]:
    """Write the shards' records as ArrayRecord files, as that library does by default."""
    import tensorflow as tf
    from array_record.python.array_record_module import ArrayRecordWriter

    paths = []
    for shard in shards:
        path = str(folder / shard.with_suffix(".array_record").name)
        writer = ArrayRecordWriter(path, "group_size:1")
        for record in tf.data.TFRecordDataset(str(shard)).as_numpy_iterator():
            writer.write(record)
        writer.close()
        paths.append(path)
    return paths


def tf_records(shards: list[Path], shuffled: bool):
    """The records of TFRecord files as a `tf.data.Dataset`."""
    import tensorflow as tf

    names = [str(shard) for shard in shards]
    if not shuffled:
        return tf.data.TFRecordDataset(names)
    files = tf.data.Dataset.from_tensor_slices(names).shuffle(len(names))
    return files.interleave(tf.data.TFRecordDataset, cycle_length=16).shuffle(BUFFER)


def array_records(paths: list[str], shuffled: bool):
    """The records of ArrayRecord files as a `tf.data.Dataset`."""
    import tensorflow as tf
    from array_record.python.array_record_data_source import ArrayRecordDataSource

    source = ArrayRecordDataSource(paths)

    def batches():
        order = np.random.default_rng(0).permutation(len(source)) if shuffled else None
        order = np.arange(len(source)) if order is None else order
        for start in range(0, len(order), BATCH):
            yield source.__getitems__(order[start : start + BATCH].tolist())

    signature = tf.TensorSpec((None,), tf.string)
    return tf.data.Dataset.from_generator(batches, output_signature=signature).unbatch()


def pace(dataset, decoded: bool) -> float:
    """Records a second of one pass."""
    import tensorflow as tf

    from despoof_keras.datasets.shards import parse_record

    if decoded:
        dataset = dataset.map(parse_record, num_parallel_calls=tf.data.AUTOTUNE)
    start, count = time.perf_counter(), 0
    for _ in dataset.prefetch(tf.data.AUTOTUNE):
        count += 1
    return count / (time.perf_counter() - start)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store", type=Path)
    options = parser.parse_args()
    start_tensorflow()
    shards = sorted(options.store.glob("shards/*.tfrecord"))
    with tempfile.TemporaryDirectory() as folder:
        paths = write_array_records(shards, Path(folder))
        table = Table("format", "MB", *(f"{o}, {p}" for o in ORDERS for p in PARTS))
        for name, make, files in (
            ("TFRecord", tf_records, shards),
            ("ArrayRecord", array_records, paths),
        ):
            size = sum(Path(path).stat().st_size for path in files) / 1e6
            paces = [
                np.median([pace(make(files, shuffled), decoded) for _ in range(ROUNDS)])
                for shuffled in ORDERS.values()
                for decoded in PARTS.values()
            ]
            table.add_row(name, f"{size:.1f}", *(f"{value:,.0f}" for value in paces))
    show(table)


ORDERS = {"in order": False, "shuffled": True}
PARTS = {"read": False, "decoded": True}

if __name__ == "__main__":
    main()
