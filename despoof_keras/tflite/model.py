"""A TFLite model of this package, opened in whichever runtime is installed, checked and guarded."""

import threading
from typing import Any

import numpy as np

from despoof_keras.errors import DataError, summarize
from despoof_keras.faces.crop import MAP_FACTOR
from despoof_keras.tflite.file import TfliteFile
from despoof_keras.utils.litert import open_interpreter

SCORE, DESPOOF = "score", "despoof"
INPUT = "image"
# The outputs that are read; a signature may lack all but the first.
OUTPUTS = ("score", "noise", "live_estimate", "zero_one_map")
_CONTRACT = (
    f"expected a signature {SCORE!r} from {INPUT!r}, uint8 of shape [1, S, S, 3] with S a multiple "
    f"of {MAP_FACTOR}, to {SCORE!r}, one float32 number, as export/to_tflite.py writes it"
)


class TfliteModel:
    """A model that runs on one crop at a time; threads take turns.

    Args:
        file: The file to run. Its seal, or else `check_structure`, must have been checked before
            unless it was just made: a runtime can crash the process on a damaged file.
        num_threads: Number of threads that a run may use; None leaves it to the runtime.
        runtime: Name of the runtime, see `utils.litert.open_interpreter`.

    Attributes:
        image_size: Side S of the crops that the graph takes, in pixels.
        signatures: Names of the signatures that are used, `SCORE` and perhaps `DESPOOF`.

    Raises:
        DataError: The runtime cannot use the file, it is no model of this package, or an argument
            is wrong.
        ImportError: No runtime is installed.
    """

    def __init__(self, file: TfliteFile, num_threads: int | None = None, runtime: str = "auto"):
        if num_threads is not None and (type(num_threads) is not int or num_threads < 1):
            raise DataError(f"num_threads: expected a positive number; received {num_threads!r}")
        self._source = source = file.source
        self._lock = threading.Lock()
        names = [name for name in file.signatures if name]
        if SCORE not in names:
            raise DataError(f"{source}: {_CONTRACT}; found the signatures {names}")
        self.signatures = tuple(name for name in (SCORE, DESPOOF) if name in names)
        try:
            interpreter = open_interpreter(file.content, num_threads, runtime)
            self._runners = {
                name: interpreter.get_signature_runner(name) for name in self.signatures
            }
            sizes = {_crop_size(runner) for runner in self._runners.values()}
        except (DataError, ImportError):
            raise
        except Exception as error:  # the runtimes raise almost anything for unusable files
            raise DataError(
                f"{source}: expected a TFLite model; the runtime says: {summarize(error)}"
            ) from error
        size = sizes.pop() if len(sizes) == 1 else None
        if size is None:
            raise DataError(f"{source}: {_CONTRACT}; found other inputs or outputs")
        self.image_size = size

    def score(self, crop: np.ndarray) -> float:
        """Compute the spoof score of a crop; it may not be finite.

        Args:
            crop: `(S, S, 3)` RGB uint8.

        Raises:
            DataError: The runtime fails.
        """
        return float(self._run(SCORE, crop)["score"].ravel()[0])

    def despoof(self, crop: np.ndarray) -> dict[str, np.ndarray]:
        """Compute everything that the model gives for a crop.

        Args:
            crop: `(S, S, 3)` RGB uint8.

        Returns:
            Mapping of float32 arrays with a leading axis of 1: `score`, and those of `OUTPUTS` that
            the model has.

        Raises:
            DataError: The runtime fails.
        """
        outputs = self._run(self.signatures[-1], crop)
        outputs["score"] = outputs["score"].reshape(1)
        return {name: outputs[name] for name in OUTPUTS if name in outputs}

    def score_batch(self, crops: np.ndarray) -> dict[str, np.ndarray]:
        """Compute `{"score": (n,)}` of `(n, S, S, 3)` RGB uint8 crops, see `score`."""
        return {"score": np.array([self.score(crop) for crop in crops], np.float32)}

    def despoof_batch(self, crops: np.ndarray) -> dict[str, np.ndarray]:
        """Compute the outputs of `despoof` for `(n, S, S, 3)` RGB uint8 crops, n at least 1."""
        outputs = [self.despoof(crop) for crop in crops]
        return {name: np.concatenate([row[name] for row in outputs]) for name in outputs[0]}

    def _run(self, signature, crop):
        try:
            with self._lock:
                # The runtime returns copies, so that the next run does not change them.
                return self._runners[signature](**{INPUT: crop[np.newaxis]})
        except Exception as error:
            raise DataError(f"{self._source}: the runtime fails: {summarize(error)}") from error


def _crop_size(runner: Any) -> int | None:
    """Return the side of the crops that a signature takes, or None if it is none of ours."""
    inputs, outputs = runner.get_input_details(), runner.get_output_details()
    if set(inputs) != {INPUT} or "score" not in outputs:
        return None
    shape = tuple(int(length) for length in inputs[INPUT]["shape"])
    side = shape[1] if len(shape) == 4 else 0
    if shape != (1, side, side, 3) or side < 1 or side % MAP_FACTOR:
        return None
    is_scalar = np.prod(outputs["score"]["shape"]) == 1
    has_types = inputs[INPUT]["dtype"] == np.uint8 and all(
        detail["dtype"] == np.float32 for detail in outputs.values()
    )
    return side if is_scalar and has_types else None
