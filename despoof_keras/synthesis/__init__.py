"""The embedded data set: synthetic faces and attacks in OULU-NPU's layout."""

from despoof_keras.synthesis.cache import cache_folder, default_root
from despoof_keras.synthesis.writer import GENERATOR_VERSION, write_oulu_npu

# The name under which runs, results and model files record it; the folder's name may follow.
EMBEDDED_SET = "embedded set"

__all__ = ["EMBEDDED_SET", "GENERATOR_VERSION", "cache_folder", "default_root", "write_oulu_npu"]
