"""Shards of prepared crops: TFRecord files, each with an index beside it.

A record's fields are defined here alone. TensorFlow is imported only where records are written or
parsed: the worker processes that cut the crops import this module too, and do without it.
"""

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from despoof_keras.datasets.crops import PreparedCrops
from despoof_keras.utils.files import atomic_path

if TYPE_CHECKING:
    import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class CropIndex:
    """What a prepared crop shows, as the index of its shard lists it.

    Attributes:
        key: name of the video.
        frame: number of the frame within it, from 0.
        label: 0 for bona fide, 1 for an attack.
        pai: species.
        depth_source: where the depth comes from, one of those in `clip_crops`.
    """

    key: str
    frame: int
    label: int
    pai: str
    depth_source: str


@dataclasses.dataclass(frozen=True)
class CropRecord(CropIndex):
    """A prepared crop as a shard stores it.

    Attributes:
        instrument: the species' attack instrument, or `"bona_fide"`.
        image: PNG of the crop.
        depth: PNG of its depth, 255 nearest to the camera, in the size of the crop.
    """

    instrument: str
    image: bytes
    depth: bytes

    def index(self) -> CropIndex:
        """The fields that the index has too."""
        names = (field.name for field in dataclasses.fields(CropIndex))
        return CropIndex(**{name: getattr(self, name) for name in names})


def is_complete(shard: Path) -> bool:
    """Whether a shard and its index are both there; neither gets its name before it is whole."""
    return shard.is_file() and index_path(shard).is_file()


@dataclasses.dataclass(frozen=True)
class LeftOut:
    """What is missing from a shard, or was guessed. Messages name files without their folders.

    Attributes:
        videos: mapping from the key of a video that was left out to the reason.
        frames: mapping from the key of any other video to messages, one for each frame that was
            left out of it.
        eyes_by_box: mapping from the key of a video to the number of its frames in which no face
            was seen and the eyes were placed by the annotated box; only in stores.
    """

    videos: dict[str, str] = dataclasses.field(default_factory=dict)
    frames: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    eyes_by_box: dict[str, int] = dataclasses.field(default_factory=dict)


def write_shard(path: Path, records: list[CropRecord], left_out: LeftOut) -> None:
    """Write the crops of some videos, and an index of them beside the shard.

    Args:
        path: the shard to write.
        records: the crops.
        left_out: what was left out.
    """
    import tensorflow as tf

    index = {
        "left_out": dataclasses.asdict(left_out),
        "frames": [dataclasses.asdict(record.index()) for record in records],
    }
    with atomic_path(path) as temporary, tf.io.TFRecordWriter(str(temporary)) as writer:
        for record in records:
            # Otherwise the order of an example's features differs between processes.
            writer.write(_example(record).SerializeToString(deterministic=True))
    with atomic_path(index_path(path)) as temporary:
        temporary.write_text(json.dumps(index), encoding="utf-8")


def read_index(shard: Path) -> tuple[list[CropIndex], LeftOut]:
    """Read the index of a shard: its crops, and what was left out."""
    index = json.loads(index_path(shard).read_text(encoding="utf-8"))
    return [CropIndex(**fields) for fields in index["frames"]], LeftOut(**index["left_out"])


def frames_in_order(crops: PreparedCrops) -> list[CropIndex]:
    """List what the crops show, in the order in which `batches.evaluation_batches` gives them."""
    paths = [path for label in (0, 1) for path in crops.shards[label]]
    return [frame for path in paths for frame in read_index(path)[0]]


def parse_record(serialized: "tf.Tensor") -> dict[str, Any]:
    """Parse one record inside `tf.data`.

    Args:
        serialized: scalar string tensor.

    Returns:
        Mapping of tensors: `image` `(height, width, 3)` uint8 RGB, `depth` `(height, width, 1)`
        uint8, `label` int64, and the strings `instrument` and `key`.
    """
    import tensorflow as tf

    texts = ("image", "depth", "instrument", "key")
    kinds = {"label": tf.int64, **dict.fromkeys(texts, tf.string)}
    record = tf.io.parse_single_example(
        serialized, {name: tf.io.FixedLenFeature([], kind) for name, kind in kinds.items()}
    )
    for name, channels in (("image", 3), ("depth", 1)):
        pixels = tf.io.decode_png(record[name], channels=channels)
        record[name] = tf.ensure_shape(pixels, (None, None, channels))
    return record


def video_of(serialized: "tf.Tensor") -> "tf.Tensor":
    """The name of the video that a record is of, inside `tf.data`, without decoding its images."""
    import tensorflow as tf

    features = {"key": tf.io.FixedLenFeature([], tf.string)}
    return tf.io.parse_single_example(serialized, features)["key"]


def parse_example(serialized: bytes) -> CropRecord:
    """Parse one record outside `tf.data`."""
    import tensorflow as tf

    values = {}
    for name, feature in tf.train.Example.FromString(serialized).features.feature.items():
        (values[name],) = feature.int64_list.value or feature.bytes_list.value
    texts = (field.name for field in dataclasses.fields(CropRecord) if field.type is str)
    return CropRecord(**values | {name: values[name].decode() for name in texts})


def index_path(shard: Path) -> Path:
    """The path of the index beside a shard."""
    return shard.with_suffix(".json")


def _example(record):
    import tensorflow as tf

    feature = {}
    for name, value in dataclasses.asdict(record).items():
        if isinstance(value, int):
            feature[name] = tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))
        else:
            value = value.encode() if isinstance(value, str) else value
            feature[name] = tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
    return tf.train.Example(features=tf.train.Features(feature=feature))
