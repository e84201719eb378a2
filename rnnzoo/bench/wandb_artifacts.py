"""A run's data and its best model as artifacts of Weights & Biases, so that each can be followed to the other."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def log_data(session: Any, origin: Mapping[str, Any]) -> None:
    """The data as an artifact of type "dataset": what it is and its version, not its content.

    With a server it is an input of the run. Offline that cannot be said, and the run logs it as one of its own.
    """
    import wandb

    about = {key: origin[key] for key in ("data", "data_version", "data_arguments") if key in origin}
    artifact = wandb.Artifact(artifact_name(str(origin["data"])), type="dataset", metadata=about)
    # what tells two versions of an artifact apart is its files
    path = _place(session, "dataset") / "data.json"
    path.write_text(json.dumps(about, indent=1, sort_keys=True, default=str), encoding="utf-8")
    artifact.add_file(str(path), policy="immutable")
    if session.offline:
        session.log_artifact(artifact)
    else:
        session.use_artifact(artifact)


def log_model(session: Any, checkpoint: Path, metadata: Mapping[str, Any]) -> None:
    """The checkpoint as an artifact of type "model"; a copy (a link, where it can be) stays with the run's own files.

    The file that a run is to be synced with later must not go when the working folder is cleaned.
    """
    import wandb

    kept = _place(session, "model") / checkpoint.name
    kept.unlink(missing_ok=True)
    try:
        os.link(checkpoint, kept)
    except OSError:  # another disk, or one without links
        shutil.copyfile(checkpoint, kept)
    artifact = wandb.Artifact(artifact_name(f"{session.group}-{session.name}"), type="model", metadata=dict(metadata))
    artifact.add_file(str(kept), policy="immutable")
    session.log_artifact(artifact, aliases=["best"])


def artifact_name(words: str) -> str:
    """A name that Weights & Biases takes."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", words)[:120]


def _place(session: Any, kind: str) -> Path:
    folder = Path(session.dir).parent / kind
    folder.mkdir(exist_ok=True)
    return folder
