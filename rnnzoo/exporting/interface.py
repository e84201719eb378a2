"""``interface.json``: all that somebody needs who has the exported file and no rnnzoo."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import rnnzoo
from rnnzoo.exporting._errors import ExportError
from rnnzoo.exporting.programs import Program, initial_states, state_ports
from rnnzoo.pretrained.tensors import sha256
from rnnzoo.recurrent import Recurrent

INTERFACE = "interface.json"
LIBRARY = "rnnzoo"
FORMAT = 1
"""The format of the description that this version writes."""


def layer_arguments(layer: Recurrent) -> dict[str, Any]:
    """What ``rnnzoo.create_layer(layer.layer, ...)`` takes to build such a layer again."""
    names = ("input_size", "hidden_size", "num_layers", "bias", "batch_first", "dropout", "bidirectional", "proj_size")
    more = {"wrappers": layer.wrappers, "hybrid": layer.hybrid}
    given = {**{name: getattr(layer, name) for name in names}, **{name: value for name, value in more.items() if value}}
    return {**given, **layer.options}


def initial(layer: Recurrent) -> dict[str, Any]:
    """The state before the first step by its port: one number where all entries are it, else the entries of a row."""
    layout, found = layer._layout, {}
    for port, member in zip(state_ports(layer, "state", ""), initial_states(layer, 1), strict=True):
        row = member.squeeze(1 if layout.uniform else 0)
        found[port.name] = row.flatten()[0].item() if bool((row == row.flatten()[0]).all()) else row.tolist()
    return found


def describe_file(program: Program, path: Path) -> dict[str, Any]:
    """A file and its ports."""
    return {
        "file": path.name,
        "bytes": path.stat().st_size,
        "sha256": sha256(path),
        "inputs": [vars(port) for port in program.inputs],
        "outputs": [vars(port) for port in program.outputs],
    }


def write_interface(path: Path, content: dict[str, Any]) -> None:
    """Write the description.

    Raises:
        ExportError: something in it is no JSON.
    """
    head = {"library": LIBRARY, "format": FORMAT, "rnnzoo_version": rnnzoo.__version__, "torch": torch.__version__}
    try:
        text = json.dumps({**head, **content}, indent=1, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise ExportError(
            f"the model cannot be described as JSON: {error}; its options must be strings, numbers, booleans, lists, "
            "dicts and None."
        ) from error
    path.write_text(text + "\n", encoding="utf-8")


def is_ours(path: Path) -> bool:
    """Whether ``path`` is a description that rnnzoo wrote."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and content.get("library") == LIBRARY


def worst(given: list[Tensor], expected: list[Tensor]) -> float:
    """How far the numbers are from those expected, relative to the largest of a tensor, or to 1 where it is larger."""
    if len(given) != len(expected) or any(a.shape != b.shape for a, b in zip(given, expected, strict=True)):
        return float("inf")
    apart = [0.0]
    for a, b in zip(given, expected, strict=True):
        if b.numel():
            found = float((a.double() - b.double()).abs().max()) / max(1.0, float(b.double().abs().max()))
            apart.append(found if found == found else float("inf"))
    return max(apart)
