"""The embedded data sets of the default size, kept between runs."""

from pathlib import Path

from despoof_keras.synthesis.layouts.all_layouts import LAYOUTS
from despoof_keras.synthesis.writer import OULU_NPU, write_embedded_set
from despoof_keras.utils.cache import cache_folder
from despoof_keras.utils.files import one_at_a_time


def default_root(
    seed: int = 0,
    *,
    name: str = OULU_NPU,
    processes: int | None = None,
    progress: bool = True,
) -> Path:
    """Locate an embedded data set of the default size; the first call writes it.

    Args:
        seed: seed of the set.
        name, processes, progress: see `write_embedded_set`.

    Returns:
        The set's root.
    """
    root = cache_folder() / f"{name}_v{LAYOUTS[name].version}_seed{seed}"
    with one_at_a_time(root):
        return write_embedded_set(name, root, seed=seed, processes=processes, progress=progress)
