"""The embedded data set of the default size, kept between runs."""

from pathlib import Path

from despoof_keras.synthesis.writer import GENERATOR_VERSION, write_oulu_npu
from despoof_keras.utils.cache import cache_folder
from despoof_keras.utils.files import one_at_a_time


def default_root(seed: int = 0, *, processes: int | None = None, progress: bool = True) -> Path:
    """Locate the embedded data set of the default size; the first call writes it.

    Args:
        seed: seed of the set.
        processes, progress: see `write_oulu_npu`.

    Returns:
        The set's root.
    """
    root = cache_folder() / f"oulu_npu_v{GENERATOR_VERSION}_seed{seed}"
    with one_at_a_time(root):
        return write_oulu_npu(root, seed=seed, processes=processes, progress=progress)
