"""DepthNet's training by itself and the run that it comes before, interrupted in both."""

import pytest
from fresh_python import json_from

# Training makes TensorFlow deterministic for good, so it has a process of its own.
CODE = """
import json, sys
from pathlib import Path

import numpy as np
sys.path.insert(0, sys.argv[2])
import small_networks
from despoof_keras.utils.programs import start_tensorflow
start_tensorflow()
small_networks.use_small_networks()
import keras
from recipe_runs import SMALL
from despoof_keras.datasets.crops import CropSettings
from despoof_keras.datasets.data import Data
from despoof_keras.datasets.prepare import prepare_data
from despoof_keras.training.config import TrainingConfig
from despoof_keras.training.fit import PRETRAINING, train, train_depth_net
from despoof_keras.training.presets import paper_reading

folder = Path(sys.argv[3])
config = paper_reading(TrainingConfig(**{**SMALL, "epochs": 2, "steps_per_epoch": 5}))
data = Data(sys.argv[1], folder / "cache", processes=1)
videos = data.load()
crops = [
    prepare_data(data, videos[split], CropSettings.of(config, split), split)
    for split in ("train", "dev")
]


class Interruption(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        if epoch == 1:
            raise KeyboardInterrupt


def run(name, **arguments):
    return train(config, *crops, folder / name, seed=3, verbose=0, **arguments)


def weights(model):
    return [keras.ops.convert_to_numpy(variable) for variable in model.variables]


whole = run("whole")
# What is left of a run that ends in the middle of the pretraining.
train_depth_net(config, 1, *crops, folder / "other" / PRETRAINING, seed=3, verbose=0)
try:
    run("other", resume=True, callbacks=[Interruption()])
except KeyboardInterrupt:
    pass
left = sorted(str(path.relative_to(folder / "other")) for path in folder.glob("other/**/*.keras"))
other = run("other", resume=True)
pretrained = train_depth_net(
    config, 2, *crops, folder / "other" / PRETRAINING, seed=3, resume=True, verbose=0
)
same = [bool(np.array_equal(*pair)) for pair in zip(weights(whole), weights(other))]
depth = zip(whole.depth_net.get_weights(), pretrained.network.get_weights())
print(json.dumps({
    "left": left,
    "same": all(same),
    "frozen": all(bool(np.array_equal(*pair)) for pair in depth),
    "epochs": (folder / "other" / "depth_net" / "history.csv").read_text().count("\\n") - 1,
}))
"""


@pytest.mark.slow
def test_a_run_with_pretraining_ends_with_the_same_weights_if_it_was_interrupted(
    small_set, tmp_path
):
    from recipe_runs import SMALL_NETWORKS

    result = json_from(CODE, small_set, SMALL_NETWORKS.parent, tmp_path)
    # The interruption came before the second checkpoint of the run was written.
    assert result["left"] == [
        "checkpoints/epoch-0001.keras",
        "depth_net/checkpoints/epoch-0002.keras",
    ]
    assert result["epochs"] == 2
    assert result["same"]
    # From the pretraining on, DepthNet stays as it is.
    assert result["frozen"]
