"""Images and videos to spoof scores: reading, face finding and the model work at the same time."""

import dataclasses
import threading

import numpy as np

from despoof_keras.errors import DataError
from despoof_keras.faces.crop import crop_face
from despoof_keras.faces.finder import NO_FACE, OK, face_status
from despoof_keras.inference.inputs import video_frames_to_score
from despoof_keras.inference.records import ScoreRecord
from despoof_keras.utils.images import read_image
from despoof_keras.utils.threads import BusyTimes, InThread
from despoof_keras.utils.video import TruncatedVideoError, frame_count, read_frames

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
    """A video has been read; `status` is `OK` or says what was wrong with it."""

    path: str
    status: str


@dataclasses.dataclass(frozen=True)
class FaceCrop:
    """A face to be scored, without its frame, which may be large.

    `crop` is `(S, S, 3)` float32 RGB in [0, 255]; `index` counts the faces of a frame from 0.
    """

    path: str
    number: int
    face: object
    crop: np.ndarray
    index: int


def score_stream(model, finder, stream, *, all_faces=False, on_face=None, times=None):
    """Scores a stream of frames.

    Args:
        model: `ScoringModel`.
        finder: `FaceFinder`, used in a thread of its own.
        stream: iterable of `Frame`, `EndOfVideo` and `ScoreRecord` (of what could not be read), as
            from `read_inputs`; advanced in a thread of its own.
        all_faces: score every face, not the largest alone.
        on_face: called with `(FaceCrop, outputs, ScoreRecord)` of every scored face, `outputs` as
            from the model's `despoof` for that one face.
        times: `BusyTimes` to fill.

    Yields:
        `ScoreRecord` in the order of the stream; one with `frame=None` after each video.
    """
    times, stop = times or BusyTimes(), threading.Event()
    with InThread(times.advance(READ, stream), FRAMES_AHEAD, stop) as frames:
        found = _find(frames, finder, model.metadata, all_faces, times)
        with InThread(found, CROPS_AHEAD, stop) as entries:
            yield from _with_video_records(
                _score(entries, model, on_face, times), model.metadata.threshold
            )


def read_inputs(inputs, every=1, most=None, expect=lambda frames: None):
    """Decodes inputs one after the other.

    Args:
        inputs: iterable of `Input`.
        every: of a video, the distance between scored frames.
        most: of a video, score at most so many frames; None for all.
        expect: called with the number of frames of every input before they are read.

    Yields:
        `Frame`, `EndOfVideo` after a video's frames, or `ScoreRecord` for what cannot be read.
    """
    for one in inputs:
        if one.problem:
            yield ScoreRecord(one.path, None, one.problem)
        elif one.is_video:
            yield from _read_video(one.path, every, most, expect)
        else:
            expect(1)
            try:
                yield Frame(one.path, 0, read_image(one.path))
            except DataError as error:
                yield ScoreRecord(one.path, 0, _unreadable(one.path, error))


def _read_video(path, every, most, expect):
    try:
        count = frame_count(path)
        wanted = video_frames_to_score(count, every, most)
        expect(len(wanted))
        for number, image in read_frames(path, wanted):
            yield Frame(path, number, image)
    except TruncatedVideoError as error:
        damaged = f"damaged: the video stops after {error.decoded} of {count} frames"
        yield EndOfVideo(path, OK if error.is_sound(count) else damaged)
    except DataError as error:
        yield EndOfVideo(path, _unreadable(path, error))
    else:
        yield EndOfVideo(path, OK)


def _unreadable(path, error):
    """The reason on one line, without the path, which stands in the record anyway."""
    reason = " ".join(str(error).split())
    return f"unreadable: {reason.removeprefix(f'{path}: ')}"


def _find(stream, finder, metadata, all_faces, times):
    """Frames to `FaceCrop`, or to `ScoreRecord` where no face can be scored; the rest as it is."""
    for item in stream:
        if not isinstance(item, Frame):
            yield item
            continue
        with times.measure(FIND):
            found = _crops_of(item, finder, metadata, all_faces)
        yield from found


def _crops_of(frame, finder, metadata, all_faces):
    faces = finder(frame.image)
    if not faces:
        return [ScoreRecord(frame.path, frame.number, NO_FACE)]
    size, rule = metadata.image_size, metadata.crop_rule
    found = []
    for index, face in enumerate(faces if all_faces else faces[:1]):
        status = face_status(face, frame.image.shape, size, rule)
        if status == OK:
            crop = crop_face(frame.image, face.eyes, size, rule=rule)
            found.append(FaceCrop(frame.path, frame.number, face, crop, index))
        else:
            found.append(ScoreRecord(frame.path, frame.number, status))
    return found


def _score(entries, model, on_face, times):
    """Scores crops in batches; a batch is not waited for where nothing more is ready."""
    waiting = []
    for entry in entries:
        waiting.append(entry)
        if len(waiting) >= BATCH or not entries.is_ready():
            yield from _scored_batch(waiting, model, on_face, times)
            waiting = []
    yield from _scored_batch(waiting, model, on_face, times)


def _scored_batch(entries, model, on_face, times):
    """The entries with every `FaceCrop` replaced by its `ScoreRecord`."""
    faces = [entry for entry in entries if isinstance(entry, FaceCrop)]
    if not faces:
        return entries
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
    return [next(remaining) if isinstance(entry, FaceCrop) else entry for entry in entries]


def _record(face, score, threshold):
    if not np.isfinite(score):
        return ScoreRecord(face.path, face.number, NOT_FINITE)
    return ScoreRecord.scored(face.path, face.number, score, threshold, face.face)


def _with_video_records(entries, threshold):
    """Adds a video's own record after its frames: the mean over all its scored faces."""
    path, scores, reasons = None, [], []
    for entry in entries:
        if entry.path != path:
            path, scores, reasons = entry.path, [], []
        if isinstance(entry, EndOfVideo):
            yield _video_record(entry, scores, reasons, threshold)
            path = None
            continue
        if entry.is_ok:
            scores.append(entry.spoof_score)
        else:
            reasons.append(entry.status.split(":")[0])
        yield entry


def _video_record(end, scores, reasons, threshold):
    if end.status != OK:
        return ScoreRecord(end.path, None, end.status)
    if scores:
        return ScoreRecord.scored(end.path, None, np.mean(scores), threshold)
    if not reasons:
        return ScoreRecord(end.path, None, f"{NO_FRAME}: it has none")
    commonest = max(sorted(set(reasons)), key=reasons.count)
    times = f"{reasons.count(commonest)} of {len(reasons)}"
    return ScoreRecord(end.path, None, f"{NO_FRAME}: {commonest} ({times} frames)")
