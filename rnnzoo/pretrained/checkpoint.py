"""A Lightning checkpoint, read without running any code that it might carry."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rnnzoo.pretrained._errors import PretrainedError
from rnnzoo.pretrained.config import Config, check_format


def read_checkpoint(path: Path, *, trust_pickle: bool = False) -> tuple[Config, dict[str, Tensor]]:
    """The configuration and the tensors in the ``.ckpt`` that a ``Trainer`` wrote.

    ``trust_pickle`` unpickles whatever is in the file, and that can run any code: only for files of your own.

    Raises:
        PretrainedError: damaged, not of a registered task, of a newer format, or it needs pickle and wasn't trusted.
    """
    from rnnzoo.tasks._base import FORMAT  # brings Lightning in, which listing the models can do without

    content = _content(path, trust_pickle)
    written = content.get("rnnzoo")
    lacking = [key for key in ("state_dict", "hyper_parameters", "rnnzoo", "task", "codec") if key not in content]
    if lacking or not isinstance(written, dict):
        held = ", ".join(map(str, content)) or "nothing"
        raise PretrainedError(
            f"{path} has no {' and no '.join(lacking) or 'format'} (it has {held}), so "
            "it is not of an rnnzoo task; expected one that a Lightning Trainer wrote."
        )
    check_format(written.get("format"), FORMAT, str(path))
    if content["task"] is None:
        raise PretrainedError(
            f"{path} is of a task that was not registered when it was written; register the class with "
            "`@TASKS.register(...)` and save it again, or use its own `load_from_checkpoint`."
        )
    arguments = {key: value for key, value in content["hyper_parameters"].items() if not key.startswith("_")}
    if not isinstance(arguments.get("spec"), dict):
        raise PretrainedError(f"{path} keeps no `spec` among its hyper-parameters ({', '.join(arguments) or 'none'}).")
    spec = dict(arguments.pop("spec"))
    return Config(content["task"], arguments, spec, content["codec"]), content["state_dict"]


def _content(path: Path, trust_pickle: bool) -> dict[Any, Any]:
    if not path.is_file():
        raise PretrainedError(f"there is no file {path}; expected a checkpoint (.ckpt) that a Lightning Trainer wrote.")
    try:
        content = torch.load(path, map_location="cpu", weights_only=not trust_pickle)
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        if trust_pickle or not isinstance(error, pickle.UnpicklingError):
            raise PretrainedError(f"{path} is damaged ({reason}); take another copy.") from error
        raise PretrainedError(
            f"{path} holds more than tensors and primitives, or is no checkpoint ({reason}). Unpickling it can run "
            "any code: if it is your own, pass trust_pickle=True; `rnnzoo.save_pretrained` writes one that needs none."
        ) from error
    if not isinstance(content, dict):
        raise PretrainedError(f"{path} holds a {type(content).__name__}; expected a Lightning checkpoint.")
    return content
