"""``config.json``: what a task is, in primitives, so that it can be built again without unpickling anything."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rnnzoo
from rnnzoo.pretrained._errors import PretrainedError
from rnnzoo.registry import TASKS

if TYPE_CHECKING:
    from lightning import LightningModule

FORMAT = 1
"""The newest format of a model directory (and of the manifest) that this version reads, and the one it writes."""

CONFIG = "config.json"
LIBRARY = "rnnzoo"


@dataclass(frozen=True)
class Config:
    """A task without its weights.

    ``task`` is a registered name, never an import path; ``arguments`` are the constructor's, without ``spec``;
    ``weights`` holds ``sha256``, ``bytes`` and ``dtype`` of the tensors' file, once that is written.
    """

    task: str
    arguments: dict[str, Any]
    spec: dict[str, Any]
    codec: dict[str, Any] | None
    weights: dict[str, Any] = field(default_factory=dict)
    rnnzoo_version: str = ""


def registered_name(task: LightningModule) -> str:
    """The name under which the class of ``task`` is registered.

    Raises:
        PretrainedError: it is not registered, so nothing could build it again.
    """
    for entry in TASKS.entries():
        if entry.target is type(task):
            return entry.name
    raise PretrainedError(
        f"{type(task).__module__}.{type(task).__qualname__} is not a registered task (registered: "
        f"{', '.join(TASKS.names())}); register the class with `@TASKS.register(...)` to save it by name."
    )


def describe(task: LightningModule) -> Config:
    """The configuration of ``task``: its name, arguments, spec and codec.

    Raises:
        PretrainedError: its class is not registered, or it was built without ``save_hyperparameters``.
    """
    arguments = dict(task.hparams)
    if "spec" not in arguments:
        raise PretrainedError(
            f"{type(task).__qualname__} keeps no `spec` among its hyper-parameters ({', '.join(arguments) or 'none'}); "
            "call `self.save_hyperparameters()` in its __init__."
        )
    spec = dict(arguments.pop("spec"))
    return Config(registered_name(task), arguments, spec, getattr(task, "codec", None), {}, rnnzoo.__version__)


def encode(config: Config) -> str:
    """``config`` as the text of a ``config.json``.

    Raises:
        PretrainedError: an argument is not made of strings, finite numbers, booleans, lists, dicts and None.
    """
    content = {
        "library": LIBRARY,
        "format": FORMAT,
        "rnnzoo_version": config.rnnzoo_version or rnnzoo.__version__,
        "task": config.task,
        "arguments": config.arguments,
        "spec": config.spec,
        "codec": config.codec,
        "weights": config.weights,
    }
    try:
        return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    except (TypeError, ValueError) as error:
        raise PretrainedError(
            f"task '{config.task}' cannot be written as JSON: {error}; its arguments, spec and codec must be "
            "strings, finite numbers, booleans, lists, dicts and None."
        ) from error


def check_format(written: Any, reads: int, where: str) -> None:
    """Refuse what a newer rnnzoo wrote.

    Raises:
        PretrainedError: ``written`` is no positive whole number, or above ``reads``.
    """
    if not isinstance(written, int) or isinstance(written, bool) or written < 1:
        raise PretrainedError(f"{where} gives its format as {written!r}; expected a whole number from 1 to {reads}.")
    if written > reads:
        raise PretrainedError(
            f"{where} was written by rnnzoo format {written}, this reads up to {reads}: upgrade rnnzoo "
            "(pip install --upgrade rnnzoo)."
        )


def decode(text: str, where: str) -> Config:
    """The configuration in the text of a ``config.json``; ``where`` names it in errors.

    Raises:
        PretrainedError: damaged, of another library, of a newer format, or incomplete.
    """
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise PretrainedError(f"{where} is damaged ({error}); fetch it again or take another copy.") from error
    if not isinstance(content, dict) or content.get("library") != LIBRARY:
        raise PretrainedError(
            f'{where} does not describe an rnnzoo model (no "library": "{LIBRARY}"); expected a directory that '
            "`rnnzoo.save_pretrained` or `rnnzoo fit` wrote."
        )
    check_format(content.get("format"), FORMAT, where)
    expected: dict[str, tuple[type, ...]] = {
        "task": (str,),
        "arguments": (dict,),
        "spec": (dict,),
        "codec": (dict, type(None)),
        "weights": (dict,),
    }
    for key, types in expected.items():
        if key not in content or not isinstance(content[key], types):
            given = type(content[key]).__name__ if key in content else "nothing"
            wanted = " or ".join("null" if kind is type(None) else kind.__name__ for kind in types)
            raise PretrainedError(f'{where} has {given} under "{key}"; expected {wanted}. Take another copy.')
    task, arguments, spec, codec, weights = (content[key] for key in expected)
    return Config(task, arguments, spec, codec, weights, str(content.get("rnnzoo_version", "")))


def read_config(directory: Path) -> Config:
    """The configuration of a model directory.

    Raises:
        PretrainedError: no ``config.json`` there, or one that ``decode`` refuses.
    """
    path = directory / CONFIG
    if not path.is_file():
        below = directory / "model"
        hint = f"; there is a model in {below}: load that" if (below / CONFIG).is_file() else ""
        raise PretrainedError(
            f"no {CONFIG} in {directory}{hint}; expected a directory that `rnnzoo.save_pretrained` or `rnnzoo fit` "
            "wrote."
        )
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise PretrainedError(f"{path} is damaged ({error}); take another copy.") from error
    return decode(text, str(path))
