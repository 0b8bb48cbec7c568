"""The outcome of scoring a face or a whole video, as a flat record."""

import dataclasses

from despoof_keras.faces.finder import OK, Face

# Positions are rounded to a tenth of a pixel; finders are no more exact.
_PIXEL_DIGITS = 1


@dataclasses.dataclass(frozen=True)
class ScoreRecord:
    """The outcome for one face of a frame, or for a video.

    Attributes:
        path: the image or video, as the user named it.
        frame: number of the frame from 0; 0 for an image, None for a video as a whole.
        status: `"ok"`, or the reason why there is no score.
        spoof_score: higher means attack; for a video the mean over its scored faces. None unless
            the status is ok.
        is_attack: whether the score reaches the threshold; None without a score or a threshold.
        threshold: the model's own or the caller's; None without a score.
        box: face box `[x, y, width, height]` in pixels of the upright frame, or None.
        eyes: `[x_right, y_right, x_left, y_left]` in pixels, or None.
        note: a remark on a video as a whole, or None: frames that are missing, colours that were
            changed.
        is_complete: False for a video of which a part could not be read.
    """

    path: str
    frame: int | None
    status: str
    spoof_score: float | None = None
    is_attack: bool | None = None
    threshold: float | None = None
    box: list[float] | None = None
    eyes: list[float] | None = None
    note: str | None = None
    is_complete: bool = True

    @classmethod
    def scored(
        cls,
        path: str,
        frame: int | None,
        score: float,
        threshold: float | None,
        face: Face | None = None,
    ) -> "ScoreRecord":
        """Make the record of a face, or of a video, with a finite score."""
        score = float(score)
        return cls(
            path=path,
            frame=frame,
            status=OK,
            spoof_score=score,
            is_attack=None if threshold is None else score >= threshold,
            threshold=threshold,
            box=None if face is None else _rounded(face.box),
            eyes=None if face is None else _rounded(face.eyes),
        )

    @property
    def is_ok(self) -> bool:
        """Whether there is a score."""
        return self.status == OK

    def to_dict(self) -> dict:
        """Return the fields by name, as JSON values."""
        return dataclasses.asdict(self)


def _rounded(numbers):
    return [round(float(number), _PIXEL_DIGITS) for number in numbers]
