"""Initial weights other than each architecture's own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import nn

from rnnzoo.initialization.forget_bias import forget_bias
from rnnzoo.initialization.identity import identity
from rnnzoo.modules.embedding import Embedding
from rnnzoo.registry import unknown
from rnnzoo.wrappers import innermost

REMEMBERING: dict[str, Callable[[nn.Module], None]] = {
    "identity": identity,
    "forget_bias_0": partial(forget_bias, total=0.0),
    "forget_bias_1": partial(forget_bias, total=1.0),
    "forget_bias_3": partial(forget_bias, total=3.0),
}
"""Those of the recurrent layers alone."""

INITIALIZATIONS = ("default", "xavier", "keras", *REMEMBERING)

KNOWN = re.compile(r"(weight|bias)_(ih|hh)(_\d+)?")
"""Parameters of H rows a gate: weights (gates * H, I) and (gates * H, H), biases (gates * H,)."""


def initialize(model: nn.Module, head: nn.Module, name: str) -> None:
    """Give ``model`` (embedding and recurrent layers, found inside it) and its ``head`` their initial weights.

    "default" leaves every part as it was built. "xavier" is Xavier-uniform throughout, U(-a, a) with
    a = sqrt(6 / (fan_in + fan_out)), as X. Glorot and Y. Bengio, AISTATS 2010: the embedding table, every gate's
    (H, I) and (H, H) matrix on its own, every gate's bias and every per-channel weight (an LSTM's peepholes) as a
    (1, H) matrix, the head's weight; the head's bias is 0.
    Where a layer has a recurrent bias beside the input's, it starts at 0, so that their sum is distributed as one.

    "keras" is what Keras' layers start with: the embedding table U(-0.05, 0.05), input and head weights Xavier-uniform
    with all gates of a layer as one matrix, recurrent weights (all gates together) with orthonormal columns, biases 0
    but the LSTM's forget gate's, which is 1.

    "identity" (of an SRN) and "forget_bias_0", "_1" and "_3" (of LSTMs) concern the recurrent layers alone, see
    ``rnnzoo.initialization``, whose other recipes go by ``layer_options: {initialization: ...}``.

    Raises:
        UnknownName: no such initialisation.
        ValueError: a layer has weights of which it is not said what their gates are, or lacks what is to be set.
    """
    if name not in INITIALIZATIONS:
        raise unknown("initialization", name, INITIALIZATIONS)
    if name == "default":
        return
    with torch.no_grad():
        if name in REMEMBERING:
            cells = list(recurrent_cells(model))
            if not cells:
                raise ValueError(f"initialization is '{name}' and there is no recurrent layer; use 'default'.")
            for cell in cells:
                REMEMBERING[name](cell)
            return
        for module in model.modules():
            if isinstance(module, Embedding):
                _embedding(module, name)
        for cell in recurrent_cells(model):
            _check_cell(cell, name)
            _xavier_cell(cell) if name == "xavier" else _keras_cell(cell)
        for linear in head.modules():
            if isinstance(linear, nn.Linear):
                _linear(linear)


def recurrent_cells(model: nn.Module) -> Iterator[nn.Module]:
    """The cells of every recurrent stack inside ``model``, the first layer first."""
    for module in model.modules():
        cells = getattr(module, "cells", None)
        if isinstance(cells, nn.ModuleList):
            yield from map(innermost, cells)


def _embedding(embedding: Embedding, name: str) -> None:
    if isinstance(embedding.map, nn.Linear):
        _linear(embedding.map)
    elif isinstance(embedding.map, nn.Embedding):
        table = embedding.map.weight  # (V, E)
        nn.init.xavier_uniform_(table) if name == "xavier" else nn.init.uniform_(table, -0.05, 0.05)
        if embedding.padding_id is not None:
            table[embedding.padding_id].zero_()


def _linear(linear: nn.Linear) -> None:
    nn.init.xavier_uniform_(linear.weight)
    if linear.bias is not None:
        nn.init.zeros_(linear.bias)


def _check_cell(cell: nn.Module, initialization: str) -> None:
    H = int(cell.hidden_size)  # type: ignore[arg-type]
    channels = getattr(cell, "vectors", ()) if initialization == "xavier" else ()
    strange = [
        f"{name} {tuple(parameter.shape)}"
        for name, parameter in cell.named_parameters()
        if not (KNOWN.fullmatch(name) or name in channels) or parameter.shape[0] % H
    ]
    if strange:
        raise ValueError(
            f"initialization is '{initialization}' and {type(cell).__name__} has {', '.join(strange)}; it knows "
            f"weight_ih, weight_hh, bias_ih and bias_hh with hidden_size ({H}) rows a gate. Use "
            "initialization='default'."
        )


def _xavier_cell(cell: nn.Module) -> None:
    H = int(cell.hidden_size)  # type: ignore[arg-type]
    parameters = dict(cell.named_parameters())
    for name, parameter in parameters.items():
        if name.startswith("bias_hh") and "bias_ih" in parameters:
            nn.init.zeros_(parameter)
            continue
        for gate in parameter.split(H):  # (H, I) or (H,)
            nn.init.xavier_uniform_(gate if gate.ndim == 2 else gate[None])


def _keras_cell(cell: nn.Module) -> None:
    for name, parameter in cell.named_parameters():
        if name.startswith("weight_ih"):
            nn.init.xavier_uniform_(parameter)  # (gates * H, I)
        elif name.startswith("weight_hh"):
            nn.init.orthogonal_(parameter)  # (gates * H, H)
        else:
            nn.init.zeros_(parameter)
    bias = getattr(cell, "bias_ih", None)
    if bias is not None and getattr(cell, "forget_block", None) is not None:
        forget_bias(cell, total=1.0)
