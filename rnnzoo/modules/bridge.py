"""The state that a decoder starts from, whatever its cells' states are made of.

- copy: each decoder layer starts from the final state of the encoder's layer of the same place, as in I. Sutskever,
  O. Vinyals, Q. Le, 2014, arXiv:1409.3215. Both are of one architecture, with states of the same shapes.
- project: each vector of each layer's state is tanh(W c + b) with a W of its own, as in D. Bahdanau et al., 2014,
  arXiv:1409.0473; clocks start as the cell has them. For cells whose states are one or two vectors that start at zero.
- read: the decoder reads W c + b as if it were a token before the first. The cells make the state themselves, so it is
  a possible one whatever it is made of: matrices, normalisers, running maxima, windows of past steps.
- zeros: the cells' own initial states, and the context is not looked at.
- random: vectors as for "project", of normal noise: another for every row in training, always the same in evaluation.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from rnnzoo.contracts import State
from rnnzoo.modules.layer_states import initial_cells, join_cells
from rnnzoo.registry import unknown

BRIDGES = ("copy", "project", "read")
STARTS = ("context", "zeros", "random")
NOISE = 0.1
"""Standard deviation of a random start."""


class CopiedState(nn.Module):
    """The encoder's final states."""

    def forward(self, decoder: nn.Module, context: Tensor, states: list[State]) -> Any:
        """The state of the stack ``decoder``; context (B, C), states of the encoder's cells."""
        return join_cells(states)


class ProjectedState(nn.Module):
    """tanh(W c + b) for every vector of every cell's state."""

    def __init__(self, decoder: nn.Module, context_size: int) -> None:
        super().__init__()
        self.maps = nn.ModuleList(
            nn.ModuleList(nn.Linear(context_size, *shape) for shape in cell.state_shapes if shape)
            for cell in decoder.cells  # type: ignore[union-attr]
        )

    def forward(self, decoder: nn.Module, context: Tensor, states: list[State]) -> Any:
        """The state of the stack ``decoder``; context (B, C)."""
        made = []
        own: Any = self.maps
        for maps, state in zip(own, initial_cells(decoder, context), strict=True):
            vectors = iter(maps)
            made.append(tuple(torch.tanh(next(vectors)(context)).to(m.dtype) if m.ndim > 1 else m for m in state))
        return join_cells(made)


class ReadState(nn.Module):
    """The state after a step that reads W c + b."""

    def __init__(self, decoder: nn.Module, context_size: int) -> None:
        super().__init__()
        self.map = nn.Linear(context_size, int(decoder.input_size))  # type: ignore[arg-type]

    def forward(self, decoder: Any, context: Tensor, states: list[State]) -> Any:
        """The state of the stack ``decoder``; context (B, C)."""
        return decoder.step(self.map(context))[1]


class OwnState(nn.Module):
    """The cells' own initial states."""

    def forward(self, decoder: nn.Module, context: Tensor, states: list[State]) -> Any:
        """The state of the stack ``decoder``; context (B, C) tells how many rows there are."""
        return join_cells(initial_cells(decoder, context))


class RandomState(nn.Module):
    """Normal noise for every vector of every cell's state."""

    def __init__(self, decoder: nn.Module) -> None:
        super().__init__()
        widths = [shape[0] for cell in decoder.cells for shape in cell.state_shapes if shape]  # type: ignore[union-attr]
        self.register_buffer("fixed", torch.randn(sum(widths)) * NOISE)
        self.fixed: Tensor
        self.widths = widths

    def forward(self, decoder: nn.Module, context: Tensor, states: list[State]) -> Any:
        """The state of the stack ``decoder``; context (B, C) tells how many rows there are."""
        noise = self.fixed.expand(context.shape[0], -1)  # (B, widths)
        if self.training:
            noise = torch.randn_like(noise) * NOISE
        vectors = iter(noise.split(self.widths, dim=1))
        states = initial_cells(decoder, context)
        made = [tuple(next(vectors).to(m.dtype) if m.ndim > 1 else m for m in state) for state in states]
        return join_cells(made)


def create_bridge(
    decoder: nn.Module, context_size: int, *, start: str = "context", bridge: str | None = None, alike: bool = False
) -> nn.Module:
    """What makes the initial state of the stack ``decoder``.

    Args:
        context_size: C, width of the context.
        start: "context", "zeros" or "random".
        bridge: how the context is made the state: "copy", "project" or "read"; ``None``: "copy" where the encoder is
            ``alike``, else "project" where the states allow it, else "read".
        alike: whether the final states of the encoder are such states of the decoder.

    Raises:
        UnknownName: no such start or bridge.
        ValueError: the states do not go with it.
    """
    if start not in STARTS:
        raise unknown("start", start, STARTS)
    if bridge is not None and bridge not in BRIDGES:
        raise unknown("bridge", bridge, BRIDGES)
    if start == "zeros":
        return OwnState()
    if start == "random":
        if not has_vectors(decoder):
            raise ValueError(f"start is 'random' and {_described(decoder)}; use 'zeros' or 'context'.")
        return RandomState(decoder)
    if bridge == "copy" or (bridge is None and alike):
        if not alike:
            raise ValueError(
                "bridge is 'copy' and the encoder's final states are none of the decoder's: expected one architecture, "
                "as many layers and units, one direction and the context 'last'; use 'project' or 'read'."
            )
        return CopiedState()
    if bridge == "project" or (bridge is None and has_vectors(decoder)):
        if not has_vectors(decoder):
            raise ValueError(f"bridge is 'project' and {_described(decoder)}; use 'read'.")
        return ProjectedState(decoder, context_size)
    return ReadState(decoder, context_size)


def has_vectors(decoder: nn.Module) -> bool:
    """Whether each cell's state is one or two vectors that start at zero, and clocks."""
    rows = torch.empty(1, 1, device="cpu")  # named: models are built without memory, on "meta", to be checked
    return all(_is_plain(state) for state in initial_cells(decoder, rows))


def _is_plain(state: State) -> bool:
    clocks = [member for member in state if member.ndim == 1 and not member.is_floating_point()]
    vectors = [member for member in state if member.ndim == 2 and member.is_floating_point()]
    zero = all(not member.requires_grad and not bool(member.any()) for member in vectors)  # a learned start is none
    return len(clocks) + len(vectors) == len(state) and 1 <= len(vectors) <= 2 and zero


def _described(decoder: nn.Module) -> str:
    shapes = [tuple(cell.state_shapes) for cell in decoder.cells]  # type: ignore[union-attr]
    return f"the decoder's states are of shapes {shapes[0]}, not one or two vectors that start at zero"
