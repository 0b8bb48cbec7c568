"""Images and videos to spoof scores, with reading, face finding and scoring at the same time."""

import dataclasses
import sys
import threading
from collections.abc import Callable, Generator, Iterable, Iterator

import numpy as np

from despoof_keras.errors import DataError, reason_without
from despoof_keras.evaluation.score_files import mean_of_frames
from despoof_keras.faces.crop import crop_face
from despoof_keras.faces.finder import NO_FACE, OK, Face, FaceFinder, face_status
from despoof_keras.inference.inputs import Input, video_frames_to_score
from despoof_keras.inference.records import ScoreRecord
from despoof_keras.inference.scoring_model import ScoringModel
from despoof_keras.metadata import ModelMetadata
from despoof_keras.utils.pictures.animations import Animation
from despoof_keras.utils.pictures.images import read_image
from despoof_keras.utils.threads import BusyTimes, InThread
from despoof_keras.utils.video.decoder import Video

READ, FIND, SCORE, DRAW = "read", "find", "score", "draw"
# What waits between two stages: whole frames, of which the largest photographs take 360 MB each,
# and crops.
FRAMES_AHEAD = 1
CROPS_AHEAD = 16
# Crops scored at once.
BATCH = 8
NOT_FINITE = "the model gives no finite score"
NO_FRAME = "no frame scored"


@dataclasses.dataclass(frozen=True)
class Frame:
    """A decoded frame: `image` `(height, width, 3)` RGB uint8; `number` counts from 0."""

    path: str
    number: int
    image: np.ndarray


@dataclasses.dataclass(frozen=True)
class EndOfVideo:
    """The end of a video.

    Attributes:
        path: as the user named it.
        status: `OK`, or why none of it could be read.
        note: what is to be said beside the score: what is missing, what was done to the colours.
        is_complete: whether nothing is missing.
    """

    path: str
    status: str
    note: str | None = None
    is_complete: bool = True


@dataclasses.dataclass(frozen=True)
class FaceCrop:
    """A face to be scored, without its frame, which may be large.

    `crop` is `(S, S, 3)` float32 RGB in [0, 255]; `index` counts the faces of a frame from 0.
    """

    path: str
    number: int
    face: Face
    crop: np.ndarray
    index: int


# What the stages hand on, in the order of the inputs. A record stands for what has failed.
Read = Frame | EndOfVideo | ScoreRecord
Cropped = FaceCrop | EndOfVideo | ScoreRecord
Scored = EndOfVideo | ScoreRecord
# Called with a scored face, the model's `despoof` for it, without the batch's axis, and its record.
FaceFunction = Callable[[FaceCrop, dict[str, np.ndarray], ScoreRecord], None]


def score_stream(
    model: ScoringModel,
    finder: FaceFinder,
    stream: Iterable[Read],
    *,
    all_faces: bool = False,
    on_face: FaceFunction | None = None,
    times: BusyTimes | None = None,
) -> Generator[ScoreRecord, None, None]:
    """Score a stream of frames.

    Args:
        model: the model.
        finder: used in a thread of its own.
        stream: frames, ends of videos, and records of what could not be read, as from
            `read_inputs`; advanced in a thread of its own.
        all_faces: score every face instead of the largest alone.
        on_face: called for every scored face.
        times: filled with the time that each stage works.

    Yields:
        `ScoreRecord` in the order of the stream, and another with `frame=None` after each video.
    """
    times, stop = times or BusyTimes(), threading.Event()
    with InThread(times.advance(READ, stream), FRAMES_AHEAD, stop) as frames:
        cropped = _crop(frames, finder, model.metadata, all_faces, times)
        with InThread(cropped, CROPS_AHEAD, stop) as crops:
            yield from _with_video_records(
                _score(crops, model, on_face, times), model.metadata.threshold
            )


def read_inputs(
    inputs: Iterable[Input],
    every: int = 1,
    most: int | None = None,
    expect: Callable[[int], None] = lambda frames: None,
) -> Iterator[Read]:
    """Decode inputs one after the other.

    Args:
        inputs: images, videos, and paths that are neither.
        every: distance between the scored frames of a video.
        most: scored frames of a video at most; None for all.
        expect: called with the number of frames of every input before they are read.

    Yields:
        `Frame`, `EndOfVideo` after a video's frames, or `ScoreRecord` for what cannot be read.
    """
    for item in inputs:
        if item.problem:
            yield ScoreRecord(item.path, None, item.problem)
        elif item.is_video:
            yield from _read_video(item, every, most, expect)
        else:
            expect(1)
            try:
                yield Frame(item.path, 0, read_image(item.path))
            except DataError as error:
                yield ScoreRecord(item.path, 0, _unreadable(item.path, error))


def _read_video(item, every, most, expect):
    path, reader = item.path, Animation if item.is_animation else Video
    wanted = video_frames_to_score(sys.maxsize, every, most)
    try:
        with reader(path) as video:
            expect(len(video_frames_to_score(video.expected, every, most)))
            for number, image in video.frames(wanted):
                yield Frame(path, number, image)
            yield EndOfVideo(path, OK, video.note, video.damage is None)
    except DataError as error:
        yield EndOfVideo(path, _unreadable(path, error))


def _unreadable(path, error):
    return f"unreadable: {reason_without(path, error)}"


def _crop(stream, finder, metadata, all_faces, times) -> Iterator[Cropped]:
    for item in stream:
        if isinstance(item, Frame):
            with times.measure(FIND):
                outcomes = _crop_faces(item, finder, metadata, all_faces)
            yield from outcomes
        else:
            yield item


def _crop_faces(
    frame: Frame, finder: FaceFinder, metadata: ModelMetadata, all_faces: bool
) -> list[FaceCrop | ScoreRecord]:
    """Cut out the faces of a frame; a record says why a face, or the frame, cannot be scored."""
    faces = finder(frame.image)
    if not faces:
        return [ScoreRecord(frame.path, frame.number, NO_FACE)]
    size, rule = metadata.image_size, metadata.crop_rule
    outcomes: list[FaceCrop | ScoreRecord] = []
    for index, face in enumerate(faces if all_faces else faces[:1]):
        status = face_status(face, frame.image.shape, size, rule)
        if status == OK:
            crop = crop_face(frame.image, face.eyes, size, rule=rule)
            outcomes.append(FaceCrop(frame.path, frame.number, face, crop, index))
        else:
            outcomes.append(ScoreRecord(frame.path, frame.number, status))
    return outcomes


def _score(stream, model, on_face, times) -> Iterator[Scored]:
    """Score crops in batches, without waiting for a full batch when no more crops are ready."""
    batch = []
    for item in stream:
        batch.append(item)
        if len(batch) >= BATCH or not stream.is_ready():
            yield from _score_batch(batch, model, on_face, times)
            batch = []
    yield from _score_batch(batch, model, on_face, times)


def _score_batch(
    batch: list[Cropped], model: ScoringModel, on_face: FaceFunction | None, times: BusyTimes
) -> list[Scored]:
    """Replace every `FaceCrop` by its `ScoreRecord`."""
    faces = [item for item in batch if isinstance(item, FaceCrop)]
    if not faces:
        return [item for item in batch if not isinstance(item, FaceCrop)]
    crops = np.stack([face.crop for face in faces])
    with times.measure(SCORE):
        outputs = model.despoof(crops) if on_face else {"score": model.scores(crops)}
    records = []
    for number, face in enumerate(faces):
        record = _record(face, outputs["score"][number], model.metadata.threshold)
        records.append(record)
        if on_face and record.is_ok:
            with times.measure(DRAW):
                on_face(face, {name: values[number] for name, values in outputs.items()}, record)
    remaining = iter(records)
    return [next(remaining) if isinstance(item, FaceCrop) else item for item in batch]


def _record(face, score, threshold):
    if not np.isfinite(score):
        return ScoreRecord(face.path, face.number, NOT_FINITE)
    return ScoreRecord.scored(face.path, face.number, score, threshold, face.face)


def _with_video_records(stream: Iterable[Scored], threshold) -> Iterator[ScoreRecord]:
    """Replace the end of a video by its own record: the mean over all its scored faces."""
    path, scores, reasons = None, [], []
    for item in stream:
        if item.path != path:
            path, scores, reasons = item.path, [], []
        if isinstance(item, EndOfVideo):
            yield _video_record(item, scores, reasons, threshold)
            path = None
            continue
        if item.is_ok:
            scores.append(item.spoof_score)
        else:
            reasons.append(item.status.split(":")[0])
        yield item


def _video_record(end, scores, reasons, threshold):
    if end.status == OK and scores:
        record = ScoreRecord.scored(end.path, None, mean_of_frames(scores), threshold)
    else:
        status = _no_score(reasons) if end.status == OK else end.status
        record = ScoreRecord(end.path, None, status)
    return dataclasses.replace(record, note=end.note, is_complete=end.is_complete)


def _no_score(reasons):
    if not reasons:
        return f"{NO_FRAME}: it has none"
    commonest = max(sorted(set(reasons)), key=reasons.count)
    times = f"{reasons.count(commonest)} of {len(reasons)}"
    return f"{NO_FRAME}: {commonest} ({times} frames)"
