"""Training settings: reading and writing JSON, and errors that name each value out of range."""

import dataclasses
import json
import re

import pytest

from despoof_keras.errors import DataError
from despoof_keras.models.loss_weights import RELEASED_WEIGHTS, TERMS, LossWeights
from despoof_keras.training.config import TrainingConfig

CHANGED = {
    "image_size": 64,
    "batch_size": 8,
    "attack_share": 0.25,
    "sampling_weights": {"pai": {"print": 2.0}, "data_set": {}},
    "epochs": 3,
    "steps_per_epoch": 20,
    "frames_per_video": None,
    "validation_frames": 3,
    "jitter": 0,
    "colour_jitter": 0.1,
    "amplitude_mixing": 0.5,
    "crop_side": 3.0,
    "resize": "antialiased",
    "simulated_attacks": 4,
    "simulated_captures": 1,
    "simulated_by": "spsc",
    "simulated_fresh": True,
    "simulated_border": True,
    "data_parts": 2,
    "learning_rate": 1e-3,
    "depth_learning_rate": 2e-3,
    "discriminator_learning_rate": 3e-3,
    "global_clipnorm": 5.0,
    "layer_rates": {"depth_net": 0, "ds_net/encoder_*": 0.1},
    "patience": 3,
    "decay_rate": 0.5,
    "decay_epochs": 2,
    "loss_weights": "paper",
    "attack_depth": "face",
    "visual_quality_on": "attack",
    "depth_pretraining_epochs": 4,
    "face_depth": "generic",
    "depth_variant": "full",
    "pooling": "late",
    "decoder_stride": 2,
    "width": 0.5,
    "synchronized_norm": True,
    "average_decay": None,
    "monitor_score": "depth",
    "dtype_policy": "mixed_bfloat16",
    "jit_compile": True,
}


@pytest.mark.parametrize("values", [{}, CHANGED], ids=["defaults", "changed"])
def test_settings_survive_writing_and_reading(values, tmp_path):
    config = TrainingConfig(**values)
    config.to_file(tmp_path / "configuration.json")
    assert TrainingConfig.from_file(tmp_path / "configuration.json") == config


def test_the_file_holds_every_setting_by_name(tmp_path):
    TrainingConfig(**CHANGED).to_file(tmp_path / "configuration.json")
    assert json.loads((tmp_path / "configuration.json").read_text()) == CHANGED
    defaults = dataclasses.asdict(TrainingConfig())
    assert defaults.keys() == CHANGED.keys()
    assert all(defaults[name] != value for name, value in CHANGED.items())


def test_settings_left_out_have_their_defaults(tmp_path):
    (tmp_path / "short.json").write_text('{"epochs": 7}')
    config = TrainingConfig.from_file(tmp_path / "short.json")
    assert config == TrainingConfig(epochs=7)


def test_the_defaults_are_those_of_the_released_code():
    config = TrainingConfig()
    assert (config.image_size, config.batch_size, config.learning_rate) == (256, 6, 3e-5)
    assert (config.decay_rate, config.decay_epochs, config.average_decay) == (0.8, 15, 0.9999)


def test_weights_of_every_term_can_be_given_by_name(tmp_path):
    weights = {**RELEASED_WEIGHTS, "depth": 700.0}
    config = TrainingConfig(loss_weights=weights)
    config.to_file(tmp_path / "weights.json")
    loaded = TrainingConfig.from_file(tmp_path / "weights.json").term_weights()
    assert loaded == LossWeights(**{**RELEASED_WEIGHTS, "depth": 700.0})
    assert TrainingConfig().term_weights() is RELEASED_WEIGHTS


def test_a_term_that_is_left_out_has_no_weight():
    weights = TrainingConfig(loss_weights={"depth": 2.0}).term_weights()
    assert {name: weight for name, weight in weights.items() if weight} == {"depth": 2.0}


def test_settings_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        TrainingConfig().epochs = 3


INVALID = [
    ("image_size", 0),
    ("image_size", 60),
    ("image_size", -64),
    ("batch_size", 0),
    ("batch_size", 5),
    ("attack_share", 0.0),
    ("attack_share", 1.0),
    ("attack_share", float("nan")),
    ("batch_size", 0.3),
    ("sampling_weights", None),
    ("sampling_weights", ["pai"]),
    ("sampling_weights", {"pai": 1}),
    ("sampling_weights", {"pai": {"print": -1}}),
    ("sampling_weights", {"pai": {"print": float("inf")}}),
    ("epochs", 0),
    ("steps_per_epoch", 0),
    ("frames_per_video", -1),
    ("validation_frames", 0),
    ("jitter", -1),
    ("jitter", 64),
    ("colour_jitter", -0.1),
    ("colour_jitter", 1.0),
    ("amplitude_mixing", -0.1),
    ("amplitude_mixing", 1.1),
    ("crop_side", 0),
    ("resize", "nearest"),
    ("simulated_attacks", -1),
    ("simulated_captures", -2),
    ("simulated_by", "magic"),
    ("simulated_fresh", 1),
    ("simulated_border", "yes"),
    ("data_parts", 0),
    ("data_parts", 2),  # half of the default batch is 3
    ("depth_learning_rate", -1e-3),
    ("discriminator_learning_rate", 0.0),
    ("global_clipnorm", 0.0),
    ("patience", 0),
    ("layer_rates", []),
    ("layer_rates", {"depth_net": -0.5}),
    ("learning_rate", 0.0),
    ("learning_rate", float("nan")),
    ("decay_rate", -0.5),
    ("decay_epochs", 0),
    ("average_decay", 0.0),
    ("average_decay", 1.0),
    ("loss_weights", "other"),
    ("attack_depth", "flat"),
    ("visual_quality_on", "bona_fide"),
    ("depth_pretraining_epochs", -1),
    ("face_depth", "flat"),
    ("depth_variant", "large"),
    ("loss_weights", {}),
    ("loss_weights", {"depth": 0.0}),
    ("loss_weights", {"depth": 1.0, "death": 1.0}),
    ("loss_weights", {**dict.fromkeys(TERMS, 1.0), "depth": -1}),
    ("pooling", "middle"),
    ("decoder_stride", 3),
    ("width", 0.0),
    ("synchronized_norm", 1),
    ("jit_compile", "yes"),
    ("monitor_score", "fusion"),
    ("dtype_policy", "float16"),
]


@pytest.mark.parametrize(("name", "value"), INVALID)
def test_values_out_of_range_are_named(name, value):
    with pytest.raises(DataError, match=f"{name}: expected .*; received {re.escape(repr(value))}"):
        TrainingConfig(**{name: value})


@pytest.mark.parametrize(("name", "value"), INVALID)
def test_an_error_about_a_value_in_a_file_names_file_and_setting(name, value, tmp_path):
    (tmp_path / "bad.json").write_text(json.dumps({name: value}))
    with pytest.raises(DataError, match=f"bad.json: {name}: expected"):
        TrainingConfig.from_file(tmp_path / "bad.json")


@pytest.mark.parametrize("name", ["epochs", "learning_rate", "jitter", "average_decay"])
def test_a_value_of_the_wrong_type_is_refused(name, tmp_path):
    (tmp_path / "bad.json").write_text(json.dumps({name: "many"}))
    with pytest.raises(DataError, match=r"bad\.json"):
        TrainingConfig.from_file(tmp_path / "bad.json")


def test_every_setting_has_an_invalid_value_here():
    assert {name for name, _ in INVALID} == set(CHANGED)


def test_an_unknown_name_is_refused(tmp_path):
    (tmp_path / "bad.json").write_text('{"epoch": 3}')
    with pytest.raises(DataError, match=r"bad\.json.*'epochs'.*received \['epoch'\]"):
        TrainingConfig.from_file(tmp_path / "bad.json")
    with pytest.raises(TypeError, match="epoch"):
        TrainingConfig(epoch=3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"epochs: 3", "expected a JSON file"),
        (b"", "expected a JSON file"),
        (b"\xff\xfe\x00", "expected a JSON file"),
        (b"[1, 2]", "expected an object.*received list"),
        (b"3", "expected an object.*received int"),
    ],
)
def test_a_file_without_a_json_object_is_refused(content, message, tmp_path):
    (tmp_path / "bad.json").write_bytes(content)
    with pytest.raises(DataError, match=f"bad.json.*{message}"):
        TrainingConfig.from_file(tmp_path / "bad.json")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"none\.json.*expected a JSON file"):
        TrainingConfig.from_file(tmp_path / "none.json")
