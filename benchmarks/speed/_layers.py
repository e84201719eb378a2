"""The layers that are measured: ours by their registered names, and those of other packages by ours."""

from __future__ import annotations

import functools
import importlib

import torch
from _rows import installed
from _shapes import Shape
from torch import nn

import rnnzoo
from rnnzoo.ops.scan import choose_scan
from rnnzoo.registry import LAYERS

OTHERWISE_CALLED = {"NBR": "nbrc", "BR": "brc", "OriginalLSTM": "lstm_1997"}
"""Layers of torchrecurrent that do not have the name of our class."""
SQUARE = ("intersection_rnn",)
"""Layers that need as many features as hidden numbers."""
COPIES = 10
"""About how many tensors of the size of what is kept a training step has."""


def ours(name: str, size: Shape, **options: object) -> nn.Module:
    """Our layer of this name, batch first."""
    return rnnzoo.create_layer(name, size.I, size.H, batch_first=True, **options)


@functools.cache
def of_torchrecurrent() -> dict[str, str]:
    """The layers that torchrecurrent has: our name to theirs; none where it is not installed."""
    if not installed("torchrecurrent"):
        return {}
    package = importlib.import_module("torchrecurrent")
    named = {entry.class_name.lower(): entry.name for entry in LAYERS.entries()}
    theirs = [name.removesuffix("Cell") for name in dir(package) if name.endswith("Cell")]
    pairs = {OTHERWISE_CALLED.get(name, named.get(name.lower(), "")): name for name in theirs if hasattr(package, name)}
    return {name: pairs[name] for name in LAYERS.names() if name in pairs}


def theirs(name: str, size: Shape) -> nn.Module:
    """The layer of torchrecurrent that is our ``name``, batch first."""
    return getattr(importlib.import_module("torchrecurrent"), of_torchrecurrent()[name])(*size[2:], batch_first=True)


def mingru_pytorch(name: str, size: Shape) -> nn.Module:
    """minGRU-pytorch's layer "minGRU" or "minLSTM", without a projection of its output."""
    layer = getattr(importlib.import_module(f"minGRU_pytorch.{name}"), name)
    return layer(size.I, expansion_factor=size.H / size.I, proj_out=False)


def torch_nn(name: str, size: Shape) -> nn.Module:
    """torch's own layer of this name, batch first."""
    return getattr(nn, name)(size.I, size.H, batch_first=True)


def fitting(name: str, size: Shape) -> Shape:
    """The size at which a layer can be built: with I = H for those that need it."""
    return size._replace(I=size.H) if name in SQUARE else size


def inputs(size: Shape) -> torch.Tensor:
    """Random input (B, T, I) that gets a gradient."""
    return torch.randn(*size[:3], requires_grad=True)


@functools.cache
def state_numbers(name: str, inputs: int, hidden: int) -> int:
    """How many numbers a layer's state has for one row."""
    size = fitting(name, Shape(1, 1, inputs, hidden))
    return sum(torch.Size(shape).numel() for shape in ours(name, size, device="meta").cells[0].state_shapes)


def is_large(name: str, size: Shape) -> bool:
    """Whether a layer keeps many numbers a hidden one, and so takes much longer than the others."""
    return state_numbers(name, size.I, size.H) > 16 * size.H


def memory_needed(name: str, size: Shape) -> float:
    """About how many bytes a training step of a layer needs: only without native code are all states kept."""
    kept = size.H if native_scans() else state_numbers(name, size.I, size.H)
    return 4.0 * COPIES * size.B * size.T * (kept + size.I)


@functools.cache
def native_scans() -> bool:
    """Whether scans run in native code here."""
    return choose_scan(None, torch.empty(1), "a scan") == "c"


def memory_there() -> float:
    """The bytes that this machine can still give; without bound where it does not tell."""
    try:
        with open("/proc/meminfo", encoding="utf-8") as told:
            found = dict(line.split(":", 1) for line in told)
    except OSError:
        return float("inf")
    return 1024.0 * int(found["MemAvailable"].split()[0])
