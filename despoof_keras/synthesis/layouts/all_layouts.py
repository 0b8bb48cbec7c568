"""The layouts in which an embedded set can be written: one table."""

from collections.abc import Mapping

from despoof_keras.synthesis.layouts.casia_fasd import CASIA_FASD
from despoof_keras.synthesis.layouts.layout import Layout
from despoof_keras.synthesis.layouts.oulu_npu import OULU_NPU
from despoof_keras.synthesis.layouts.replay_attack import REPLAY_ATTACK

# By the name of the data set in `data_sets.DATA_SETS`.
LAYOUTS: Mapping[str, Layout] = {
    "oulu_npu": OULU_NPU,
    "replay_attack": REPLAY_ATTACK,
    "casia_fasd": CASIA_FASD,
}
