"""A gated cell whose equations have one bias, and how a cell prints the options it was made with."""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch import nn

from rnnzoo.layers._gated import GatedCell


class OneBiasCell(GatedCell):
    """A `GatedCell` without biases of its recurrent products: the one there is goes with the input's product.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, as `GatedCell` says.
        bias: whether there is the bias, ``bias_ih``.
        device, dtype: of the parameters.

    Raises:
        ValueError: a size below 1.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        bias: bool = True,
        device: Any = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias=bias, recurrent_bias=False, device=device, dtype=dtype)

    def extra_repr(self) -> str:
        """The constructor's arguments, where they differ from their defaults."""
        bias = "" if self.bias else ", bias=False"
        return f"{self.input_size}, {self.hidden_size}{bias}{changed_options(self)}"


def changed_options(cell: nn.Module) -> str:
    """``, name=value`` for each keyword of the cell's own constructor that is not at its default."""
    parameters = inspect.signature(type(cell).__init__).parameters.values()
    shared = ("bias", "recurrent_bias", "device", "dtype")
    own = [p for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY and p.name not in shared]
    pairs = [(p.name, getattr(cell, p.name)) for p in own if getattr(cell, p.name) != p.default]
    return "".join(f", {name}={value!r}" for name, value in pairs)
