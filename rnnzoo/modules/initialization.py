"""Initial weights other than each architecture's own."""

from __future__ import annotations

import re
from collections.abc import Iterator

import torch
from torch import nn

from rnnzoo.modules.embedding import Embedding
from rnnzoo.registry import unknown

INITIALIZATIONS = ("default", "xavier")

KNOWN = re.compile(r"(weight|bias)_(ih|hh)(_\d+)?")
"""Parameters of H rows a gate: weights (gates * H, I) and (gates * H, H), biases (gates * H,)."""


def initialize(model: nn.Module, head: nn.Module, name: str) -> None:
    """Give ``model`` (embedding and recurrent layers, found inside it) and its ``head`` their initial weights.

    "default" leaves every part as it was built. "xavier" is Xavier-uniform throughout, U(-a, a) with
    a = sqrt(6 / (fan_in + fan_out)), as X. Glorot and Y. Bengio, AISTATS 2010: the embedding table, every gate's
    (H, I) and (H, H) matrix on its own, every gate's bias as a (1, H) matrix, the head's weight; the head's bias is 0.
    Where a layer has a recurrent bias beside the input's, it starts at 0, so that their sum is distributed as one.

    Raises:
        UnknownName: no such initialisation.
        ValueError: "xavier" and a layer has weights of which it is not said what their gates are.
    """
    if name not in INITIALIZATIONS:
        raise unknown("initialization", name, INITIALIZATIONS)
    if name == "default":
        return
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, Embedding):
                _embedding(module)
        for cell in recurrent_cells(model):
            _cell(cell)
        for linear in head.modules():
            if isinstance(linear, nn.Linear):
                _linear(linear)


def recurrent_cells(model: nn.Module) -> Iterator[nn.Module]:
    """The cells of every recurrent stack inside ``model``, the first layer first."""
    for module in model.modules():
        cells = getattr(module, "cells", None)
        if isinstance(cells, nn.ModuleList):
            yield from cells


def _embedding(embedding: Embedding) -> None:
    if isinstance(embedding.map, nn.Linear):
        _linear(embedding.map)
    elif isinstance(embedding.map, nn.Embedding):
        nn.init.xavier_uniform_(embedding.map.weight)  # (V, E)
        if embedding.padding_id is not None:
            embedding.map.weight[embedding.padding_id].zero_()


def _linear(linear: nn.Linear) -> None:
    nn.init.xavier_uniform_(linear.weight)
    if linear.bias is not None:
        nn.init.zeros_(linear.bias)


def _cell(cell: nn.Module) -> None:
    H = int(cell.hidden_size)  # type: ignore[arg-type]
    parameters = dict(cell.named_parameters())
    strange = [f"{n} {tuple(p.shape)}" for n, p in parameters.items() if not KNOWN.fullmatch(n) or p.shape[0] % H]
    if strange:
        raise ValueError(
            f"initialization is 'xavier' and {type(cell).__name__} has {', '.join(strange)}; it knows weight_ih, "
            f"weight_hh, bias_ih and bias_hh with hidden_size ({H}) rows a gate. Use initialization='default'."
        )
    for name, parameter in parameters.items():
        if name.startswith("bias_hh") and "bias_ih" in parameters:
            nn.init.zeros_(parameter)
            continue
        for gate in parameter.split(H):  # (H, I) or (H,)
            nn.init.xavier_uniform_(gate if gate.ndim == 2 else gate[None])
