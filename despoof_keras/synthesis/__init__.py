"""The embedded data set: synthetic faces and attacks in OULU-NPU's layout."""

from despoof_keras.synthesis.cache import default_root
from despoof_keras.synthesis.embedded import EMBEDDED_SET, data_at
from despoof_keras.synthesis.writer import GENERATOR_VERSION, write_oulu_npu
from despoof_keras.utils.cache import cache_folder

__all__ = [
    "EMBEDDED_SET",
    "GENERATOR_VERSION",
    "cache_folder",
    "data_at",
    "default_root",
    "write_oulu_npu",
]
