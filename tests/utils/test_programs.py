"""How a program starts."""

import os

from despoof_keras.utils.programs import ENVIRONMENT, set_environment


def test_the_environment_is_set_unless_the_user_has_set_it(monkeypatch):
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    set_environment()
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "2"
    assert os.environ["TF_ENABLE_ONEDNN_OPTS"] == "0"
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS")
    set_environment()
    assert os.environ["TF_ENABLE_ONEDNN_OPTS"] == "1"
