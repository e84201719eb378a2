"""The Hugging Face Hub: models come from it and go to it, as the files of a model directory and nothing else."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnzoo.pretrained._errors import PretrainedError
from rnnzoo.pretrained.config import CONFIG
from rnnzoo.pretrained.saving import FILES, save_pretrained
from rnnzoo.pretrained.tensors import WEIGHTS

if TYPE_CHECKING:
    from lightning import LightningModule


def endpoint() -> str | None:
    """``HF_ENDPOINT`` as it stands now (huggingface_hub reads it once, at its import); None for the default."""
    return os.environ.get("HF_ENDPOINT") or None


def download(repo_id: str, *, revision: str | None = None) -> Path:
    """The directory with ``config.json`` and ``model.safetensors`` of a model on the Hub; nothing else is fetched.

    What was fetched once is found again without a network.

    Raises:
        PretrainedError: no such model, no access, or no network.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError, RepositoryNotFoundError

    where = endpoint() or "the Hugging Face Hub"
    try:
        found = snapshot_download(repo_id, revision=revision, allow_patterns=[CONFIG, WEIGHTS], endpoint=endpoint())
    except RepositoryNotFoundError as error:
        raise PretrainedError(
            f"'{repo_id}' is neither a directory here nor a model on {where} (if it is private: `hf auth login`, or "
            "set HF_TOKEN). `rnnzoo list pretrained` lists the models that need no download."
        ) from error
    except HFValidationError as error:
        raise PretrainedError(f"'{repo_id}' is neither a directory here nor a Hugging Face id: {error}") from error
    except LocalEntryNotFoundError as error:
        raise PretrainedError(
            f"'{repo_id}' is no directory here, and {where} cannot be reached: {_first_line(error)}. Connect, set "
            "HF_ENDPOINT to a mirror, or copy the model's directory and load that."
        ) from error
    except _network_errors() as error:
        raise PretrainedError(f"'{repo_id}' could not be fetched from {where}: {_first_line(error)}.") from error
    return Path(found)


def push_to_hub(
    task: LightningModule,
    repo_id: str,
    *,
    private: bool = False,
    half: bool = False,
    notes: Mapping[str, Any] | None = None,
    token: str | None = None,
    message: str = "Upload an rnnzoo model",
) -> str:
    """Save ``task`` and upload its files as one commit; the repository is made where there is none.

    Args:
        task: as for ``rnnzoo.save_pretrained``, with ``half`` and ``notes``.
        repo_id: "organisation/name".
        private: of a repository that is made by this call.
        token: write access; by default the one of ``hf auth login`` or ``HF_TOKEN``.
        message: of the commit.

    Returns:
        The address of the commit.

    Raises:
        PretrainedError: the task cannot be saved, there is no access, or no network.
    """
    with tempfile.TemporaryDirectory() as folder:
        directory = save_pretrained(task, Path(folder) / repo_id.rpartition("/")[2], half=half, notes=notes)
        return push_directory(directory, repo_id, private=private, token=token, message=message)


def push_directory(
    directory: Path,
    repo_id: str,
    *,
    private: bool = False,
    token: str | None = None,
    message: str = "Upload an rnnzoo model",
) -> str:
    """Upload the files of a model directory as one commit; see ``push_to_hub``."""
    from huggingface_hub import CommitOperationAdd, HfApi
    from huggingface_hub.errors import HFValidationError

    api = HfApi(endpoint=endpoint(), token=token)
    operations = [CommitOperationAdd(path_in_repo=name, path_or_fileobj=directory / name) for name in FILES]
    try:
        api.create_repo(repo_id, private=private, exist_ok=True)
        commit = api.create_commit(repo_id, operations, commit_message=message)
    except HFValidationError as error:
        raise PretrainedError(f"'{repo_id}' is no Hugging Face id: {error}") from error
    except _network_errors() as error:
        raise PretrainedError(
            f"'{repo_id}' could not be uploaded to {api.endpoint}: {_first_line(error)}. Check the name, the "
            "network and that the token (`hf auth login` or HF_TOKEN) may write there."
        ) from error
    return str(commit.commit_url)


def _network_errors() -> tuple[type[BaseException], ...]:
    """What a failed request raises; huggingface_hub has changed its HTTP library, so its own error's bases tell."""
    from huggingface_hub.errors import HfHubHTTPError

    return (*HfHubHTTPError.__bases__, OSError)


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
