"""Prepared crops to `tf.data` batches: shuffled, augmented, the noise unharmed, prefetched."""

import tensorflow as tf

from despoof_keras.datasets.samples import INSTRUMENTS
from despoof_keras.preprocessing import PIXEL_SCALE

# An 8-bit pixel's highest value in the networks' input range.
HIGHEST_PIXEL = 255 / PIXEL_SCALE
# Crops in a batch where nothing is trained.
EVALUATION_BATCH = 32
# The maps of the networks are this much smaller than the image.
MAP_FACTOR = 8
# Crops shuffled together: at 256 pixels about 0.15 MB each while still compressed.
SHUFFLE_WINDOW = 2048
# Shards read at the same time, so that neighbours in a batch come from different clips.
SHARDS_AT_ONCE = 8
# Independent random streams of one seed.
_STREAMS_PER_EPOCH = 1009

_FEATURES = {
    "image": tf.io.FixedLenFeature([], tf.string),
    "depth": tf.io.FixedLenFeature([], tf.string),
    "label": tf.io.FixedLenFeature([], tf.int64),
    "instrument": tf.io.FixedLenFeature([], tf.string),
}


def steps_per_epoch(crops, batch_size):
    """Steps in which every attack crop is seen once: half of a batch is bona fide, half attack."""
    return max(1, crops.counts[1] // (batch_size // 2))


def training_batches(
    crops, batch_size, steps, epochs, *, initial_epoch=0, seed=0, colour_jitter=0.0
):
    """Batches of half bona fide, half attack crops, shuffled and augmented.

    What epoch `e` shows is a function of `seed` and `e` alone, so a resumed run sees what the
    uninterrupted one would have seen. Bona fide crops, of which there are fewer, are repeated
    with other augmentation.

    Args:
        crops: `PreparedCrops`.
        batch_size: an even number.
        steps: batches in an epoch.
        epochs: last epoch, as in `fit`.
        initial_epoch: first epoch, as in `fit`.
        seed: of the order and the augmentation.
        colour_jitter: standard deviation of the logarithm of a gain on all channels; each channel
            has a further gain of half that. 0: colours stay.

    Returns:
        `tf.data.Dataset` of `(epochs - initial_epoch) * steps` batches as `Despoofer` takes them.

    Raises:
        ValueError: the batch size is odd.
    """
    if batch_size % 2:
        raise ValueError(
            f"batch_size: expected an even number (half bona fide); received {batch_size}"
        )
    half = batch_size // 2

    def epoch_batches(epoch):
        streams = []
        for label in (0, 1):
            passes = -(-steps * half // crops.counts[label])
            stream_seed = (seed * 2 + label) * 1_000_003 + epoch * _STREAMS_PER_EPOCH
            stream = tf.data.Dataset.range(passes).flat_map(
                lambda number, first=stream_seed, label=label: _shuffled(
                    crops.shards[label], first + number
                )
            )
            augmented = stream.enumerate().map(
                lambda index, record, first=stream_seed: _augmented(
                    record, index, first, crops.settings, colour_jitter
                ),
                num_parallel_calls=tf.data.AUTOTUNE,
                deterministic=True,
            )
            streams.append(augmented.batch(half, drop_remainder=True))
        joined = tf.data.Dataset.zip(tuple(streams)).map(
            lambda one, other: {name: tf.concat([one[name], other[name]], axis=0) for name in one}
        )
        return joined.take(steps)

    everything = tf.data.Dataset.range(initial_epoch, epochs).flat_map(epoch_batches)
    everything = everything.apply(
        tf.data.experimental.assert_cardinality((epochs - initial_epoch) * steps)
    )
    return everything.prefetch(tf.data.AUTOTUNE)


def evaluation_batches(crops, batch_size=EVALUATION_BATCH):
    """All crops once, unshifted, in the order of `preparation.frames_in_order`.

    Args:
        crops: `PreparedCrops`.
        batch_size: the last batch may be smaller.

    Returns:
        `tf.data.Dataset` of batches as `Despoofer` takes them.
    """
    paths = [str(path) for label in (0, 1) for path in crops.shards[label]]

    def centre(record):
        image, depth = _decode(record)
        jitter = crops.settings.jitter
        offset = tf.constant([jitter, jitter])
        return _sample(
            record, _window(image, offset, crops.settings), _window(depth, offset, crops.settings)
        )

    dataset = tf.data.TFRecordDataset(paths).map(
        lambda record: centre(tf.io.parse_single_example(record, _FEATURES)),
        num_parallel_calls=tf.data.AUTOTUNE,
        deterministic=True,
    )
    batches = -(-sum(crops.counts.values()) // batch_size)
    dataset = dataset.batch(batch_size).apply(tf.data.experimental.assert_cardinality(batches))
    return dataset.prefetch(tf.data.AUTOTUNE)


def _shuffled(paths, seed):
    """One pass over shards in random order; records stay compressed while they wait."""
    names = tf.random.experimental.stateless_shuffle(
        tf.constant([str(path) for path in paths]), tf.stack([seed, tf.zeros_like(seed)])
    )
    records = tf.data.Dataset.from_tensor_slices(names).interleave(
        tf.data.TFRecordDataset, cycle_length=SHARDS_AT_ONCE
    )
    # Dataset.shuffle mixes the process's global seed in; a window of records shuffled as a tensor
    # depends on `seed` alone.
    return records.batch(SHUFFLE_WINDOW).flat_map(
        lambda window: tf.data.Dataset.from_tensor_slices(
            tf.random.experimental.stateless_shuffle(window, tf.stack([seed, tf.ones_like(seed)]))
        )
    )


def _decode(record):
    image = tf.ensure_shape(tf.io.decode_png(record["image"], channels=3), (None, None, 3))
    return image, tf.ensure_shape(tf.io.decode_png(record["depth"], channels=1), (None, None, 1))


def _window(image, offset, settings):
    size = settings.image_size
    return tf.slice(image, [offset[0], offset[1], 0], [size, size, image.shape[2]])


def _augmented(record, index, seed, settings, colour_jitter):
    """Shift by whole pixels, mirror, exposure and white balance: none resamples the image.

    The noise of a medium survives them, which it would not survive a blur, a rotation or a resize.
    """
    record = tf.io.parse_single_example(record, _FEATURES)
    image, depth = _decode(record)
    pair = tf.stack([seed, index])
    offset = tf.random.stateless_uniform([2], pair, 0, 2 * settings.jitter + 1, tf.int32)
    mirror = tf.random.stateless_uniform([], pair + 1, 0, 2, tf.int32) > 0
    image, depth = _window(image, offset, settings), _window(depth, offset, settings)
    image = tf.cond(mirror, lambda: tf.reverse(image, [1]), lambda: image)
    depth = tf.cond(mirror, lambda: tf.reverse(depth, [1]), lambda: depth)
    sample = _sample(record, image, depth)
    if colour_jitter:
        common = tf.random.stateless_normal([1], pair + 2, stddev=colour_jitter)
        channels = tf.random.stateless_normal([3], pair + 3, stddev=colour_jitter / 2)
        sample["image"] = tf.minimum(sample["image"] * tf.exp(common + channels), HIGHEST_PIXEL)
    return sample


def _sample(record, image, depth):
    size = image.shape[0]
    depth = tf.reshape(tf.cast(depth, tf.float32) / 255.0, (size // MAP_FACTOR, MAP_FACTOR) * 2)
    instruments = tf.constant(INSTRUMENTS)
    matches = tf.cast(instruments == record["instrument"], tf.int32)
    return {
        "image": tf.cast(image, tf.float32) / PIXEL_SCALE,
        "depth": tf.reduce_mean(depth, axis=(1, 3))[..., tf.newaxis],
        "label": tf.cast(record["label"], tf.float32),
        "instrument": tf.reduce_sum(matches * tf.range(1, len(INSTRUMENTS) + 1)),
    }
