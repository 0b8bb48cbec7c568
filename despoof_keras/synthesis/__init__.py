"""The embedded data sets: synthetic faces and attacks in the layouts of real sets."""

from despoof_keras.synthesis.cache import default_root
from despoof_keras.synthesis.embedded import EMBEDDED_SET, data_at
from despoof_keras.synthesis.writer import write_embedded_set, write_oulu_npu
from despoof_keras.utils.cache import cache_folder

__all__ = [
    "EMBEDDED_SET",
    "cache_folder",
    "data_at",
    "default_root",
    "write_embedded_set",
    "write_oulu_npu",
]
