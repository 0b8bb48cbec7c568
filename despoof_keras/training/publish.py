"""A finished run on the Hugging Face Hub: the model in Keras' format, with its card as README."""

from __future__ import annotations

from pathlib import Path

import keras

from despoof_keras.errors import DataError
from despoof_keras.models.saving import load_model
from despoof_keras.training.model_card import MODEL_CARD

HUB = "hf://"
_README = "README.md"


def publish_run(folder: str | Path, repository: str) -> None:
    """Upload a run's model and its model card; `keras.saving.load_model` then takes the address.

    Keras writes a README of its own that says nothing of the model, so the card follows it. Log in
    beforehand, with `hf auth login`.

    Args:
        folder: of the run, with `model.keras` and `model_card.md`.
        repository: `"hf://<user>/<name>"`; it is made where there is none.

    Raises:
        DataError: the address is none, or the folder lacks the model or its card.
        ImportError: the package `huggingface_hub` is missing.

    Example:
        >>> publish_run("runs/p1-seed0", "hf://someone/liveness")  # doctest: +SKIP
    """
    name = repository.removeprefix(HUB)
    if not repository.startswith(HUB) or len([part for part in name.split("/") if part]) != 2:
        raise DataError(f"repository: expected {HUB}<user>/<name>; received {repository!r}")
    card = Path(folder) / MODEL_CARD
    if not card.is_file():
        raise DataError(
            f"{card}: expected the card of a finished run; the run's own command with --resume "
            "makes it"
        )
    try:
        from huggingface_hub import HfApi
    except ImportError as error:
        raise ImportError(
            "publishing needs huggingface_hub: pip install huggingface_hub"
        ) from error
    keras.saving.save_model(load_model(Path(folder) / "model.keras"), repository)
    HfApi().upload_file(path_or_fileobj=str(card), path_in_repo=_README, repo_id=name)
