"""How the parameters of a gated cell are laid out: which rows of its weights and biases belong to which stage."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from rnnzoo.ops.gated import Stage


class Layout:
    """The rows of the input weight by stage, and of the recurrent weights by product, biases included.

    Args:
        stages: the cell's stages.
        hidden_size: H, the width of the stages that name none.
        width: gives the width of a value by its name.
    """

    def __init__(self, stages: Sequence[Stage], hidden_size: int, width: Callable[[str], int]) -> None:
        recurrent = [(stage, stage.source) for stage in stages if stage.source is not None]
        self.inputs = [stage.inputs * (stage.size or hidden_size) for stage in stages]
        self.input_biases = [rows * stage.input_bias for rows, stage in zip(self.inputs, stages, strict=True)]
        self.products = [stage.products * (stage.size or hidden_size) for stage, _ in recurrent]
        self.biases = [rows * stage.recurrent_bias for rows, (stage, _) in zip(self.products, recurrent, strict=True)]
        self.sources = [width(source) for _, source in recurrent]
        self.joint = len(set(self.sources)) == 1  # one matrix holds all products

    def recurrent_names(self, name: str) -> list[str]:
        """``name`` itself where one tensor holds all products, else one name a product."""
        return [name] if self.joint else [f"{name}_{i}" for i in range(len(self.products))]

    def shapes(self, input_size: int, *, bias: bool, recurrent_bias: bool) -> dict[str, tuple[int, ...]]:
        """The shapes of the weights and biases by name, in order."""
        rows, columns, biases = self.products, self.sources, self.biases
        if self.joint:
            rows, columns, biases = [sum(rows)], columns[:1], [sum(biases)]
        shapes: dict[str, tuple[int, ...]] = {"weight_ih": (sum(self.inputs), input_size)}
        shapes |= zip(self.recurrent_names("weight_hh"), zip(rows, columns, strict=True), strict=True)
        wanted = {"bias_ih": sum(self.input_biases) if bias else 0}
        if bias and recurrent_bias:
            wanted |= zip(self.recurrent_names("bias_hh"), biases, strict=True)
        return shapes | {name: (count,) for name, count in wanted.items() if count}

    def input_bias(self, bias: Tensor | None) -> Tensor | None:
        """The bias of the whole input product, with zeros for the stages that have none."""
        if bias is None or self.input_biases == self.inputs:
            return bias
        pieces = zip(bias.split(self.input_biases), self.inputs, strict=True)
        return torch.cat([piece if len(piece) == rows else piece.new_zeros(rows) for piece, rows in pieces])

    def joint_products(self, weight: Tensor, bias: Tensor | None) -> tuple[list[Tensor], list[Tensor | None]]:
        """The weight and the bias of each product, of those that hold all."""
        if len(self.products) == 1:
            return [weight], [bias]
        pieces = [None] * len(self.products) if bias is None else bias.split(self.biases)
        found = [piece if rows else None for piece, rows in zip(pieces, self.biases, strict=True)]
        return list(weight.split(self.products)), found
