"""Figures that the authors of the method published, to be shown beside our own."""

from collections.abc import Mapping
from typing import NamedTuple


class Published(NamedTuple):
    """A published rate: its mean and standard deviation over folds, fractions of 1.

    `std` is None for protocols without folds.
    """

    mean: float
    std: float | None = None


# What tables say of the figures below.
PAPER_SOURCE = "the paper's own figures on OULU-NPU, as other papers cite them; not reproduced here"
# By protocol.
# Reference: A. Jourabloo, Y. Liu, X. Liu, "Face De-Spoofing: Anti-Spoofing via Noise Modeling",
# ECCV 2018; read in tables of later papers that cite it.
PAPER: Mapping[int, Mapping[str, Published]] = {
    1: {"apcer": Published(0.012), "bpcer": Published(0.017), "acer": Published(0.015)},
    2: {"apcer": Published(0.042), "bpcer": Published(0.044), "acer": Published(0.043)},
    3: {
        "apcer": Published(0.040, 0.018),
        "bpcer": Published(0.038, 0.012),
        "acer": Published(0.036, 0.016),
    },
    4: {
        "apcer": Published(0.051, 0.063),
        "bpcer": Published(0.061, 0.051),
        "acer": Published(0.056, 0.057),
    },
}
# The data set, by its name in `data_sets.DATA_SETS`, whose protocols the figures are of.
PAPER_DATA_SET = "oulu_npu"
# HTER across data sets, by the names of the one that was trained on and the one that was tested.
PAPER_CROSS: Mapping[tuple[str, str], float] = {
    ("casia_fasd", "replay_attack"): 0.285,
    ("replay_attack", "casia_fasd"): 0.411,
}
PAPER_CROSS_SOURCE = (
    "the paper's own figures on CASIA-FASD and Replay-Attack, as other papers cite them; not "
    "reproduced here"
)
