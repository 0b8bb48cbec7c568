"""A TFLite model of this package, opened in whichever runtime is there, checked and guarded."""

import threading

import numpy as np

from despoof_keras.errors import DataError
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
        content: bytes of the file, checked before by their seal or by `check_structure`: a runtime
            can crash the process on a damaged file.
        source: where they come from, for messages.
        num_threads: threads that a run may use; None leaves it to the runtime.
        runtime: see `utils.litert.open_interpreter`.

    Attributes:
        image_size: side S of the crops that the graph takes, in pixels.

    Raises:
        DataError: the runtime cannot use the file, it is no model of this package, or an argument
            is wrong.
        ImportError: there is no runtime.
    """

    def __init__(self, content, source, num_threads=None, runtime="auto"):
        if num_threads is not None and (type(num_threads) is not int or num_threads < 1):
            raise DataError(f"num_threads: expected a positive number; received {num_threads!r}")
        self._source = source
        self._lock = threading.Lock()
        names = [name for name in TfliteFile(content, source).signatures if name]
        if SCORE not in names:
            raise DataError(f"{source}: {_CONTRACT}; found the signatures {names}")
        try:
            interpreter = open_interpreter(content, num_threads, runtime)
            self._runners = {
                name: interpreter.get_signature_runner(name)
                for name in (SCORE, DESPOOF)
                if name in names
            }
            sizes = {_checked_size(runner) for runner in self._runners.values()}
        except (DataError, ImportError):
            raise
        except Exception as error:  # the runtimes raise almost anything for what they cannot use
            raise DataError(
                f"{source}: expected a TFLite model; the runtime says: {_first_line(error)}"
            ) from error
        if len(sizes) != 1 or None in sizes:
            raise DataError(f"{source}: {_CONTRACT}; found other inputs or outputs")
        self.image_size = sizes.pop()

    def score(self, crop):
        """The spoof score of a crop, a float, finite or not.

        Args:
            crop: `(S, S, 3)` RGB uint8.

        Raises:
            DataError: the runtime fails.
        """
        return float(self._run(SCORE, crop)["score"].ravel()[0])

    def despoof(self, crop):
        """All that the model gives for a crop.

        Args:
            crop: `(S, S, 3)` RGB uint8.

        Returns:
            Mapping of float32 arrays with a leading axis of 1: `score`, and of `OUTPUTS` those that
            the model has.

        Raises:
            DataError: the runtime fails.
        """
        found = self._run(DESPOOF if DESPOOF in self._runners else SCORE, crop)
        found["score"] = found["score"].reshape(1)
        return {name: found[name] for name in OUTPUTS if name in found}

    def score_batch(self, crops):
        """`{"score": (n,)}` of `(n, S, S, 3)` RGB uint8 crops, see `ScoringModel`."""
        return {"score": np.array([self.score(crop) for crop in crops], np.float32)}

    def despoof_batch(self, crops):
        """As `despoof`, of `(n, S, S, 3)` RGB uint8 crops."""
        found = [self.despoof(crop) for crop in crops]
        return {name: np.concatenate([one[name] for one in found]) for name in found[0]}

    def _run(self, signature, crop):
        try:
            with self._lock:
                # The answers are copies, so that the next run does not change them.
                return self._runners[signature](**{INPUT: crop[np.newaxis]})
        except Exception as error:
            raise DataError(f"{self._source}: the runtime fails: {_first_line(error)}") from error


def _checked_size(runner):
    """Side of the crops that a signature takes, None where it is none of ours."""
    inputs, outputs = runner.get_input_details(), runner.get_output_details()
    if set(inputs) != {INPUT} or "score" not in outputs:
        return None
    shape = tuple(int(length) for length in inputs[INPUT]["shape"])
    side = shape[1] if len(shape) == 4 else 0
    if shape != (1, side, side, 3) or side < 1 or side % MAP_FACTOR:
        return None
    is_one_number = np.prod(outputs["score"]["shape"]) == 1
    types = [np.uint8, *[np.float32] * len(outputs)]
    found = [inputs[INPUT]["dtype"], *[detail["dtype"] for detail in outputs.values()]]
    return side if is_one_number and found == types else None


def _first_line(error):
    return next(iter(str(error).splitlines()), type(error).__name__)[:200]
