"""What scoring says of a frame or of a whole video: one flat record each."""

import dataclasses

from despoof_keras.faces.finder import OK

# Pixel positions are given to a tenth: finders are no more exact.
_PIXEL_DIGITS = 1


@dataclasses.dataclass(frozen=True)
class ScoreRecord:
    """The outcome for one face of a frame, or for a video.

    Attributes:
        path: the image or video, as it was named.
        frame: number of the frame from 0; 0 for an image, None for a video as a whole.
        status: `"ok"`, or the reason why there is no score.
        spoof_score: higher means attack; for a video the mean over its scored faces. None unless
            the status is ok.
        is_attack: whether the score reaches the threshold; None without a score or a threshold.
        threshold: the model's own, or the caller's; None unless scored.
        box: face box `[x, y, width, height]` in pixels of the upright frame, or None.
        eyes: `[x_right, y_right, x_left, y_left]` in pixels, or None.
    """

    path: str
    frame: int | None
    status: str
    spoof_score: float | None = None
    is_attack: bool | None = None
    threshold: float | None = None
    box: list | None = None
    eyes: list | None = None

    @classmethod
    def scored(cls, path, frame, score, threshold, face=None):
        """The record of a face with a finite score."""
        score = float(score)
        return cls(
            path,
            frame,
            OK,
            score,
            None if threshold is None else score >= threshold,
            threshold,
            None if face is None else _rounded(face.box),
            None if face is None else _rounded(face.eyes),
        )

    @property
    def is_ok(self):
        return self.status == OK

    def to_dict(self):
        """The fields by name, as JSON values."""
        return dataclasses.asdict(self)


def _rounded(numbers):
    return [round(float(number), _PIXEL_DIGITS) for number in numbers]
