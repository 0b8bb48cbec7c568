"""From a script's options to settings: overrides of a configuration, the sizes of trials."""

import argparse
import dataclasses

import pytest

from despoof_keras.training import arguments
from despoof_keras.training.presets import EMBEDDED, RELEASED, TRIAL, trial_configuration


def options(*given):
    parser = argparse.ArgumentParser()
    arguments.add_config_argument(parser)
    arguments.add_override_arguments(parser)
    return parser.parse_args(given)


def test_a_configuration_stays_as_it_is_without_overrides():
    assert arguments.configuration(options()) == EMBEDDED
    assert arguments.configuration(options("--config", "released")) == RELEASED


def test_overrides_replace_what_they_name():
    given = ("--epochs", "7", "--batch-size", "8", "--image-size", "32")
    how = ("--mixed-precision", "bfloat16", "--jit", "--synchronized-norm")
    assert arguments.configuration(options(*given, *how)) == dataclasses.replace(
        EMBEDDED,
        epochs=7,
        batch_size=8,
        image_size=32,
        dtype_policy="mixed_bfloat16",
        jit_compile=True,
        synchronized_norm=True,
    )


@pytest.mark.parametrize(
    ("algorithm", "given", "epochs"),
    [("random", None, 2), ("hyperband", None, 3), ("hyperband", 9, 9), ("bayesian", 1, 1)],
)
def test_trials_are_small(algorithm, given, epochs):
    trial = trial_configuration(RELEASED, algorithm, epochs=given, steps_per_epoch=None)
    sizes = {**TRIAL, "epochs": epochs}
    assert trial == dataclasses.replace(RELEASED, **sizes)
    steady = dataclasses.replace(RELEASED, jitter=1)
    assert trial_configuration(steady, algorithm).jitter == 1


@pytest.mark.parametrize(("fold", "name"), [(None, "p3"), (2, "p3-fold2")])
def test_a_runs_folder_names_protocol_and_fold(fold, name):
    assert arguments.protocol_name(argparse.Namespace(protocol=3, fold=fold)) == name
