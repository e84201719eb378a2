"""What RWKV-5, 6 and 7 share: the token shift, the norm of each head, and beginnings that depend on the layer's place.

Every product is of a mix of the input and the input before, x_t + mu * (x_{t-1} - x_t), with a mu of its own.

Source: the authors' RWKV-LM, RWKV-v5/src/model.py and RWKV-v7/train_temp/src/model.py.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm

from rnnzoo.layers._checks import check_place
from rnnzoo.layers._matrix import MatrixCell

EPS = 64e-5


class RWKVCell(MatrixCell):
    """Time mixing over matrices; a subclass gives its mixes and what is done with them."""

    window = 2
    time_mix: nn.Parameter
    norm_weight: nn.Parameter
    norm_bias: nn.Parameter

    def __init__(
        self, input_size: int, hidden_size: int, *, layer_index: int = 0, num_layers: int = 1, **common: Any
    ) -> None:
        check_place(layer_index, num_layers)
        self.layer_index, self.num_layers = layer_index, num_layers
        super().__init__(input_size, hidden_size, **common)

    @property
    def undecayed(self) -> tuple[str, ...]:  # type: ignore[override]
        """All but the large matrices, as the authors' training has it."""
        return tuple(name for name in self.weights if name not in ("weight_ih", "out_weight"))

    @property
    def depth(self) -> float:
        """From 0 in the first layer to 1 in the last."""
        return self.layer_index / max(self.num_layers - 1, 1)

    @property
    def above(self) -> float:
        """From 1 in the first layer to almost 0 in the last."""
        return 1 - self.layer_index / self.num_layers

    def norms(self) -> dict[str, tuple[int, ...]]:
        """The norm's weight and bias, (N V,)."""
        width = (self.num_heads * self.value_size,)
        return {"norm_weight": width, "norm_bias": width}

    @torch.no_grad()
    def draw(self, scales: tuple[float, ...]) -> None:
        """Orthogonal blocks of ``weight_ih`` and ``out_weight``, the blocks by ``scales``; the norm's weight 1, bias 0.

        The authors' output weight begins at zero, which beside a residual is an identity, and here would be a layer
        that gives nothing and, stacked, never learns.
        """
        for block, scale in zip((*self.weight_ih.split(self.widths()), self.out_weight), (*scales, 1.0), strict=True):
            block.copy_(orthogonal(block.shape, scale))
        nn.init.ones_(self.norm_weight)
        nn.init.zeros_(self.norm_bias)

    def draw_mixes(self, powers: tuple[float, ...]) -> None:
        """Rows of mu, 1 - (i / I)^p over the inputs i, for each power p."""
        places = torch.arange(self.input_size, dtype=torch.float64) / self.input_size
        self.time_mix.copy_(torch.stack([1 - places**power for power in powers]))

    def shifted(self, seen: Tensor) -> tuple[Tensor, Tensor]:
        """x_t and x_{t-1} - x_t (B, T, I), of x with the step before it (B, 1 + T, I)."""
        now = seen[:, 1:]
        return now, seen[:, :-1] - now

    def normed(self, y: Tensor) -> Tensor:
        """Each head (B, T, N, V) to mean 0 and variance 1, then weight and bias, (B, T, N V)."""
        return layer_norm(y, (self.value_size,), eps=EPS).flatten(-2) * self.norm_weight + self.norm_bias

    def extra_repr(self) -> str:
        """The constructor's arguments, where they differ from their defaults."""
        place = f", layer_index={self.layer_index}, num_layers={self.num_layers}" if self.num_layers > 1 else ""
        return super().extra_repr() + place


def along(count: int) -> Tensor:
    """From 0 to 1 over so many channels, float64."""
    return torch.arange(count, dtype=torch.float64) / max(count - 1, 1)


def orthogonal(shape: torch.Size, scale: float) -> Tensor:
    """A matrix of such a shape with orthogonal rows or columns, by ``scale``, more where it widens; float32."""
    rows, columns = shape
    return nn.init.orthogonal_(torch.empty(rows, columns), gain=scale * max(1.0, (rows / columns) ** 0.5))
