"""Data sets: one module each, from a folder to lists of `VideoSample`.

Standard library and NumPy only: reading a data set's layout needs neither TensorFlow nor OpenCV.
"""

from despoof_keras.datasets import oulu_npu
from despoof_keras.datasets.samples import VideoSample

__all__ = ["VideoSample", "oulu_npu"]
