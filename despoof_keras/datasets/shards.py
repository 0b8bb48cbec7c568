"""Shards of prepared crops: TFRecord files with an index beside each, written and read here alone.

TensorFlow is imported where records are written or parsed: the worker processes that cut the crops
import this module too, and do without it.
"""

import json

from despoof_keras.utils.files import atomic_path

# What the index of a shard tells of each crop; the record itself has the images and `instrument`
# as well.
_INDEXED = ("key", "frame", "label", "pai", "depth_source")


def is_complete(shard):
    """Whether a shard and its index are both there, which they are only when they are whole."""
    return shard.is_file() and _index_path(shard).is_file()


def write_shard(path, records, skipped):
    """Writes the crops of some videos, and an index of them beside it.

    Args:
        path: of the shard, a `pathlib.Path`.
        records: list of mappings as from `clip_crops.clip_records`.
        skipped: messages about videos that were left out.
    """
    import tensorflow as tf

    index = {
        "skipped": skipped,
        "frames": [{k: r[k] for k in _INDEXED} for r in records],
    }
    with atomic_path(path) as temporary, tf.io.TFRecordWriter(str(temporary)) as writer:
        for record in records:
            writer.write(_example(record).SerializeToString())
    with atomic_path(_index_path(path)) as temporary:
        temporary.write_text(json.dumps(index), encoding="utf-8")


def read_index(shard):
    """The index of a shard: `skipped`, messages, and `frames`, what each crop shows."""
    return json.loads(_index_path(shard).read_text(encoding="utf-8"))


def frames_in_order(crops):
    """What the crops show, in the order in which `batches.evaluation_batches` gives them.

    Args:
        crops: `PreparedCrops`.

    Returns:
        List of mappings with `key` (the video), `frame`, `label`, `pai` and `depth_source`.
    """
    paths = [path for label in (0, 1) for path in crops.shards[label]]
    return [frame for path in paths for frame in read_index(path)["frames"]]


def parse_record(serialized):
    """One record as tensors, inside `tf.data`.

    Args:
        serialized: scalar string tensor.

    Returns:
        Mapping: `image` `(height, width, 3)` uint8 RGB, `depth` `(height, width, 1)` uint8, `label`
        int64 and `instrument`, a string.
    """
    import tensorflow as tf

    kinds = {"image": tf.string, "depth": tf.string, "label": tf.int64, "instrument": tf.string}
    record = tf.io.parse_single_example(
        serialized, {name: tf.io.FixedLenFeature([], kind) for name, kind in kinds.items()}
    )
    for name, channels in (("image", 3), ("depth", 1)):
        pixels = tf.io.decode_png(record[name], channels=channels)
        record[name] = tf.ensure_shape(pixels, (None, None, channels))
    return record


def _index_path(shard):
    return shard.with_suffix(".json")


def _example(record):
    import tensorflow as tf

    feature = {}
    for name, value in record.items():
        if isinstance(value, int):
            feature[name] = tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))
        else:
            value = value.encode() if isinstance(value, str) else value
            feature[name] = tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
    return tf.train.Example(features=tf.train.Features(feature=feature))
