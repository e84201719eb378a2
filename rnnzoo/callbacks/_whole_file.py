"""Checkpoint files that are whole or not there, and nothing in them that could run."""

from __future__ import annotations

import io
import os
import pickle
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO
from lightning.pytorch import Trainer


class NotWritten(OSError):
    """A checkpoint could not be written; the one before it is whole."""


class DamagedCheckpoint(ValueError):
    """A file that is no whole checkpoint, or holds more than tensors and plain values."""


class WholeFileIO(TorchCheckpointIO):
    """Writes beside the file, flushes to the disk, renames.

    Lightning's own writes to the system's folder for temporary files first, which may be small or on another disk, and
    leaves the file there when it is killed.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        """Write ``checkpoint`` to ``path``.

        Raises:
            NotWritten: the disk is full, the folder can't be written, ...
        """
        path = Path(path)
        content = io.BytesIO()  # torch's writer loses the reason when a disk is full
        torch.save(checkpoint, content)
        aside = path.with_name(path.name + ".part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(aside, "wb") as file:
                file.write(content.getbuffer())
                file.flush()
                os.fsync(file.fileno())
            os.replace(aside, path)
        except OSError as error:
            aside.unlink(missing_ok=True)
            raise NotWritten(
                error.errno,
                f"the checkpoint could not be written ({error.strerror}); an earlier one is still whole. Make room, or "
                "the folder writable, and go on from it",
                str(path),
            ) from error


def write_whole_files(trainer: Trainer) -> None:
    """Make ``trainer`` write its checkpoints so, unless it was given another way."""
    if type(trainer.strategy.checkpoint_io) is TorchCheckpointIO:
        trainer.strategy.checkpoint_io = WholeFileIO()


def check_checkpoint(path: str | Path) -> dict[str, Any]:
    """The content of the checkpoint ``path``, whose tensors are not read before they are used.

    Raises:
        DamagedCheckpoint: it is not.
        FileNotFoundError: there is none.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f"there is no checkpoint {path}; expected a file on this machine, such as RUN/last.ckpt."
        )
    try:
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except pickle.UnpicklingError as error:
        raise DamagedCheckpoint(
            f"{path} holds more than tensors and plain values, or is damaged; loading it could run any code, so it was "
            "not loaded."
        ) from error
    except (RuntimeError, ValueError, EOFError, OSError) as error:
        raise DamagedCheckpoint(
            f"{path} ({path.stat().st_size} bytes) is no whole checkpoint ({_first_line(error)}); go on from another "
            "one, such as best.ckpt, or begin anew without it."
        ) from error
    if not isinstance(content, dict) or "state_dict" not in content:
        raise DamagedCheckpoint(f"{path} is no checkpoint of a training; expected one that Lightning wrote.")
    return content


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
