"""Data sets: one module each, from a folder to lists of `VideoSample`, behind one door, `load`.

Only the standard library and NumPy are needed: reading a data set's layout takes neither
TensorFlow nor OpenCV.
"""

from despoof_keras.datasets import oulu_npu
from despoof_keras.datasets.data import Data
from despoof_keras.datasets.data_sets import DATA_SETS, DataSet, load
from despoof_keras.datasets.samples import VideoSample

__all__ = ["DATA_SETS", "Data", "DataSet", "VideoSample", "load", "oulu_npu"]
