"""Prepared crops to `tf.data` batches: shuffled, augmented without changing the noise."""

import collections
from collections.abc import Iterable, Sequence

import numpy as np
import tensorflow as tf

from despoof_keras.datasets.amplitudes import mix_amplitudes
from despoof_keras.datasets.balance import Balance, Group, groups_of
from despoof_keras.datasets.crops import CropSettings, PreparedCrops
from despoof_keras.datasets.fresh_crops import fresh_crop
from despoof_keras.datasets.shards import frames_in_order, parse_record, video_of
from despoof_keras.errors import DataError
from despoof_keras.faces.crop import MAP_FACTOR, PIXEL_SCALE
from despoof_keras.utils.video.frames import spread_indices

# An 8-bit pixel's highest value in the networks' input range.
HIGHEST_PIXEL = 255 / PIXEL_SCALE
# Crops in a batch that is only evaluated.
EVALUATION_BATCH = 32
# Crops that are shuffled together: at 256 pixels, about 0.15 MB each while still compressed.
SHUFFLE_WINDOW = 2048
# Shards read at the same time, so that neighbours in a batch come from different clips.
SHARDS_AT_ONCE = 8
# Distances between the seeds of independent random streams: of epochs, and of parts of the data.
_EPOCH_STREAMS = 1009
_SEEDS = 1_000_000


def steps_per_epoch(crops: PreparedCrops, batch_size: int, balance: Balance | None = None) -> int:
    """Steps that show as many crops as there are of the class that takes longer.

    Args:
        crops: the crops to train on.
        batch_size: of all parts together.
        balance: default: half of a batch is bona fide, half attacks.
    """
    rows = _rows(batch_size, balance or Balance(), 1)
    return max(1, *(crops.counts[label] // rows[label] for label in (0, 1)))


def training_batches(
    crops: PreparedCrops,
    batch_size: int,
    steps: int,
    epochs: int,
    *,
    initial_epoch: int = 0,
    seed: int = 0,
    colour_jitter: float = 0.0,
    amplitude_mixing: float = 0.0,
    parts: int = 1,
    own_parts: Iterable[int] | None = None,
    balance: Balance | None = None,
) -> tf.data.Dataset:
    """Make batches in which bona fide and attack crops alternate, shuffled and augmented.

    What epoch `e` shows depends on `seed`, `parts`, `balance` and `e` alone, so a resumed run sees
    what the uninterrupted run would have seen. Crops of the class that has fewer, as a rule bona
    fide ones, are repeated with a different augmentation.

    With `parts`, the shards are split into that many disjoint parts, and every batch has equal
    shares of all of them, one after the other. One machine of several reads only its own parts, and
    the rows of all machines together are the batch that a single machine would make of all parts.

    Args:
        crops: the crops to train on.
        batch_size: of all parts together; the crops of each class are a multiple of `parts`.
        steps: batches in an epoch.
        epochs: last epoch, as in `fit`.
        initial_epoch: first epoch, as in `fit`.
        seed: of the order and the augmentation.
        colour_jitter: standard deviation of the logarithm of a gain on all channels; each channel
            has a further gain of half that. 0 leaves the colours as they are.
        amplitude_mixing: largest share of another crop's low frequencies, see `mix_amplitudes`; the
            other one is of the same part. 0 leaves crops as they are.
        parts: number of parts.
        own_parts: the parts to read, numbers from 0; default: all.
        balance: how often crops are drawn; default: half of a batch is bona fide, half attacks, and
            crops of a class are drawn alike.

    Returns:
        `(epochs - initial_epoch) * steps` batches as `Despoofer` takes them.

    Raises:
        ValueError: the batch cannot be divided between classes and parts.
        DataError: there are fewer shards than parts, or the weights do not fit the data.
    """
    balance = balance or Balance()
    rows = _rows(batch_size, balance, parts)
    for label, name in ((0, "bona fide"), (1, "attack")):
        if len(crops.shards[label]) < parts:
            raise DataError(
                f"data_parts: expected at most {len(crops.shards[label])}, the number of files of "
                f"{name} crops; received {parts}"
            )
    own_parts = range(parts) if own_parts is None else own_parts
    groups = {
        (part, label): _groups(crops, crops.shards[label][part::parts], balance)
        for part in own_parts
        for label in (0, 1)
    }

    def epoch_batches(epoch):
        batches = []
        for part in own_parts:
            pair = []
            for label in (0, 1):
                first = ((part * _SEEDS + seed) * 2 + label) * 1_000_003 + epoch * _EPOCH_STREAMS
                records = _drawn(groups[part, label], first, steps * rows[label])
                stream = _augmented_records(records, first, crops, colour_jitter)
                pair.append(stream.batch(rows[label], drop_remainder=True))
            joined = tf.data.Dataset.zip(tuple(pair)).map(_interleaved)
            if amplitude_mixing:
                joined = _mixed(joined, first, amplitude_mixing)
            batches.append(joined)
        if len(batches) == 1:
            return batches[0].take(steps)
        return tf.data.Dataset.zip(tuple(batches)).map(_concatenated).take(steps)

    everything = tf.data.Dataset.range(initial_epoch, epochs).flat_map(epoch_batches)
    everything = everything.apply(
        tf.data.experimental.assert_cardinality((epochs - initial_epoch) * steps)
    )
    return everything.prefetch(tf.data.AUTOTUNE)


def _rows(batch_size, balance, parts):
    """Bona fide and attack crops in each part's share of a batch."""
    rows = balance.rows(batch_size)
    if rows is None or any(count % parts for count in rows):
        raise ValueError(
            "batch_size: expected whole numbers of bona fide and attack crops, with a share of "
            f"{balance.attack_share:g} attacks, for each of {parts} parts; received {batch_size}"
        )
    return tuple(count // parts for count in rows)


def _groups(crops, paths, balance):
    if not balance.weights:
        return [Group(tuple(paths), (), 1.0)]
    return groups_of(crops, paths, balance.weights)


def _drawn(groups, first, wanted):
    """Records of some groups, repeated, each pass in an order by a seed from `first` on."""
    passes = tf.data.Dataset.range(wanted)  # more than enough; unneeded passes are never made
    window = max(1, SHUFFLE_WINDOW // len(groups))
    records = [
        passes.flat_map(
            lambda number, group=group: _shuffled(group.paths, first + number, window, group.keys)
        )
        for group in groups
    ]
    if len(records) == 1:
        return records[0]
    logits = tf.math.log(tf.constant([[group.weight for group in groups]]))

    def chosen(index):
        pair = tf.stack([first, index])
        return tf.random.stateless_categorical(logits, 1, pair, tf.int64)[0, 0]

    return tf.data.Dataset.choose_from_datasets(
        records, passes.map(chosen), stop_on_empty_dataset=False
    )


def _augmented_records(records, first, crops, colour_jitter):
    return records.enumerate().map(
        lambda index, record: _augmented(record, index, first, crops, colour_jitter),
        num_parallel_calls=tf.data.AUTOTUNE,
        deterministic=True,
    )


def _interleaved(*classes):
    """The rows of bona fide and attack batches spread evenly, so that any part has some of both."""
    counts = [batch["label"].shape[0] for batch in classes]
    order = _spread(*counts)
    return {
        name: tf.gather(tf.concat([batch[name] for batch in classes], axis=0), order)
        for name in classes[0]
    }


def _spread(bona_fide, attacks):
    """Numbers of the rows of both classes, one after the other, in their order in a batch."""
    row = np.arange(bona_fide + attacks)
    before, after = (number * attacks // (bona_fide + attacks) for number in (row, row + 1))
    return np.where(after > before, bona_fide + before, row - before)


def _mixed(batches, first, amplitude_mixing):
    def mixed(index, batch):
        pair = tf.stack([first, -1 - index])  # crops have drawn by the numbers from 0 on
        images = mix_amplitudes(batch["image"], amplitude_mixing, pair, HIGHEST_PIXEL)
        return {**batch, "image": images}

    return batches.enumerate().map(mixed, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)


def _concatenated(*batches):
    return {name: tf.concat([batch[name] for batch in batches], axis=0) for name in batches[0]}


def evaluation_batches(
    crops: PreparedCrops,
    batch_size: int = EVALUATION_BATCH,
    padded: bool = False,
    frames_per_video: int | None = None,
    positions: Sequence[int] | None = None,
) -> tf.data.Dataset:
    """Make batches of crops, each once and unshifted, in the order of `frames_in_order`.

    Args:
        crops: the crops to evaluate.
        batch_size: the last batch may be smaller.
        frames_per_video: at most so many crops of each video, evenly spread; None takes all.
        positions: numbers in `frames_in_order` of the only crops to take, still in that order;
            None takes all. The others are not decoded.
        padded: fill the last batch, so that replicas can share it evenly, and give every row a
            `weight`, which is 1, or 0 for rows that only fill the batch.

    Returns:
        Batches as `Despoofer` takes them.
    """
    paths = [str(path) for label in (0, 1) for path in crops.shards[label]]

    def centre(record):
        record = parse_record(record)
        jitter = crops.settings.jitter
        offset = tf.constant([jitter, jitter])
        image = _window(record["image"], offset, crops.settings)
        return _sample(record, image, _window(record["depth"], offset, crops.settings), crops)

    records = tf.data.TFRecordDataset(paths)
    total = sum(crops.counts.values())
    chosen = np.ones(total, bool)
    if frames_per_video is not None:
        chosen &= _spread_over_videos(crops, frames_per_video)
    if positions is not None:
        chosen &= np.isin(np.arange(total), positions)
    if not chosen.all():
        total = int(chosen.sum())
        mask = tf.constant(chosen)
        records = records.enumerate().filter(lambda number, _: mask[number])
        records = records.map(lambda _, record: record)
    dataset = records.map(centre, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    batches = -(-total // batch_size)
    if padded:
        missing = batches * batch_size - total
        filling = dataset.take(1).map(lambda sample: {**sample, "weight": 0.0}).repeat(missing)
        dataset = dataset.map(lambda sample: {**sample, "weight": 1.0}).concatenate(filling)
    dataset = dataset.batch(batch_size, drop_remainder=padded)
    dataset = dataset.apply(tf.data.experimental.assert_cardinality(batches))
    return dataset.prefetch(tf.data.AUTOTUNE)


def _spread_over_videos(crops, frames_per_video):
    """Tell for each crop whether it is among the frames of its video that are taken."""
    index = frames_in_order(crops)
    positions = collections.defaultdict(list)
    for position, frame in enumerate(index):
        positions[frame.key].append(position)
    chosen = np.zeros(len(index), bool)
    for places in positions.values():
        chosen[np.array(places)[spread_indices(len(places), frames_per_video)]] = True
    return chosen


def _shuffled(paths, seed, window, keys):
    """One pass over shards in random order; records stay compressed while they wait.

    Args:
        paths: the shards.
        seed: of the order.
        window: records that are shuffled together.
        keys: the videos whose records are taken; empty: all.
    """
    names = tf.random.experimental.stateless_shuffle(
        tf.constant([str(path) for path in paths]), tf.stack([seed, tf.zeros_like(seed)])
    )
    records = tf.data.Dataset.from_tensor_slices(names).interleave(
        tf.data.TFRecordDataset, cycle_length=SHARDS_AT_ONCE
    )
    if keys:
        records = records.filter(lambda record: tf.reduce_any(video_of(record) == keys))
    # `Dataset.shuffle` also depends on the process's global seed; a window of records that is
    # shuffled as a tensor depends on `seed` alone.
    return records.batch(window).flat_map(
        lambda waiting: tf.data.Dataset.from_tensor_slices(
            tf.random.experimental.stateless_shuffle(waiting, tf.stack([seed, tf.ones_like(seed)]))
        )
    )


def _window(image, offset, settings: CropSettings):
    size = settings.image_size
    return tf.slice(image, [offset[0], offset[1], 0], [size, size, image.shape[2]])


def _augmented(record, index, seed, crops, colour_jitter):
    """Shift by whole pixels, mirror, and change exposure and white balance.

    None of these resamples the image, so the noise of a medium survives them, as it would not
    survive a blur, a rotation or a resize.
    """
    record, settings = parse_record(record), crops.settings
    pair = tf.stack([seed, index])
    if settings.simulated.is_fresh:
        record["image"] = fresh_crop(record, index, seed, crops)
    offset = tf.random.stateless_uniform([2], pair, 0, 2 * settings.jitter + 1, tf.int32)
    mirror = tf.random.stateless_uniform([], pair + 1, 0, 2, tf.int32) > 0
    image = _window(record["image"], offset, settings)
    depth = _window(record["depth"], offset, settings)
    image = tf.cond(mirror, lambda: tf.reverse(image, [1]), lambda: image)
    depth = tf.cond(mirror, lambda: tf.reverse(depth, [1]), lambda: depth)
    sample = _sample(record, image, depth, crops)
    if colour_jitter:
        common = tf.random.stateless_normal([1], pair + 2, stddev=colour_jitter)
        channels = tf.random.stateless_normal([3], pair + 3, stddev=colour_jitter / 2)
        sample["image"] = tf.minimum(sample["image"] * tf.exp(common + channels), HIGHEST_PIXEL)
    return sample


def _sample(record, image, depth, crops):
    size = image.shape[0]
    depth = tf.reshape(tf.cast(depth, tf.float32) / 255.0, (size // MAP_FACTOR, MAP_FACTOR) * 2)
    instruments = tf.constant(crops.instruments, tf.string)
    matches = tf.cast(instruments == record["instrument"], tf.int32)
    return {
        "image": tf.cast(image, tf.float32) / PIXEL_SCALE,
        "depth": tf.reduce_mean(depth, axis=(1, 3))[..., tf.newaxis],
        "label": tf.cast(record["label"], tf.float32),
        "instrument": tf.reduce_sum(matches * tf.range(1, len(crops.instruments) + 1)),
    }
