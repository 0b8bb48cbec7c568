"""The crops that TFLite files are calibrated on and compared with the Keras model on."""

import dataclasses

import numpy as np

from despoof_keras.errors import DataError
from despoof_keras.evaluation.labelled_crops import LabelledCrops
from despoof_keras.export.saved_model import trial_crops

# Largest number of crops for the comparison with the Keras model. It takes about a hundred before
# rank correlations of 0.999 mean anything.
HELD_OUT_CROPS = 200
# Largest number of crops for calibration: a quarter for ranges and weights, the others to choose
# the layers that stay in float.
CALIBRATION_CROPS = 200


@dataclasses.dataclass(frozen=True)
class ExportData:
    """The data that an export is fitted to and tried on.

    Attributes:
        calibration: `(n, S, S, 3)` uint8 RGB crops, bona fide and attacks mixed, to fit variants
            to; by default, crops of `dev`.
        held_out: `(n, S, S, 3)` uint8 RGB crops to compare with the Keras model on; by default,
            crops of `test`, or else `saved_model.trial_crops`.
        dev: Crops that the threshold is chosen on.
        test: Crops that error rates are measured on, besides `dev`; they need `dev`.
        gap: Live-spoof gap that errors are shares of, in units of the score; by default, the Keras
            model's on `dev`, or else the range of its scores of `held_out`.
        source: What the videos of `dev` are, for the threshold's rule.
    """

    calibration: np.ndarray | None = None
    held_out: np.ndarray | None = None
    dev: LabelledCrops | None = None
    test: LabelledCrops | None = None
    gap: float | None = None
    source: str | None = None

    @property
    def splits(self) -> list[LabelledCrops]:
        """`dev` and `test`, as far as they are there; none without `dev`."""
        return [split for split in (self.dev, self.test) if split and self.dev]

    def held_out_crops(self, size: int) -> np.ndarray:
        """Choose the crops to compare a file with the Keras model on.

        Args:
            size: Side of the model's crops, in pixels.

        Returns:
            `(n, size, size, 3)` uint8 RGB.

        Raises:
            DataError: The crops have another type or shape.
        """
        if self.held_out is not None:
            return _checked(self.held_out, size, "held_out")
        if self.test is not None:
            return _checked(self.test.balanced(HELD_OUT_CROPS), size, "test")
        return trial_crops(size)

    def calibration_crops(self, size: int) -> np.ndarray:
        """Choose the crops to fit a variant to; arguments and result as for `held_out_crops`.

        Raises:
            DataError: There are no crops, or they have another type or shape.
        """
        if self.calibration is not None:
            return _checked(self.calibration, size, "calibration")
        if self.dev is None:
            raise DataError(
                "calibration: expected bona fide and attack crops to calibrate on; received none"
            )
        return _checked(self.dev.balanced(CALIBRATION_CROPS), size, "dev")


def _checked(crops, size, name):
    crops = np.asarray(crops)
    if crops.dtype != np.uint8 or crops.shape[1:] != (size, size, 3) or not len(crops):
        raise DataError(
            f"{name}: expected uint8 crops of shape (n, {size}, {size}, 3); received "
            f"{crops.dtype} of shape {crops.shape}"
        )
    return crops
