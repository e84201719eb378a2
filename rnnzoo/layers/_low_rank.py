"""The base of cells with one product of the input and one of the state, either of which may be of low rank."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torch.nn.functional import linear

from rnnzoo.layers._checks import check_sizes
from rnnzoo.layers._gated import GatedCell


class LowRankCell(GatedCell):
    """A gated cell whose W and U may each be a product of two thin matrices.

    Full: ``weight_ih`` (H, I) and ``weight_hh`` (H, H). With a rank R: W is ``weight_ih`` (H, R) times
    ``weight_ih_low`` (R, I), U is ``weight_hh`` (H, R) times ``weight_hh_low`` (R, H).

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        input_rank, recurrent_rank: R of W and of U; None: full.
        common: as the base takes.

    Raises:
        ValueError: a size or a rank below 1.
    """

    weight_ih_low: nn.Parameter
    weight_hh_low: nn.Parameter

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        input_rank: int | None = None,
        recurrent_rank: int | None = None,
        **common: Any,
    ) -> None:
        ranks = {"input_rank": input_rank, "recurrent_rank": recurrent_rank}
        check_sizes(**{name: rank for name, rank in ranks.items() if rank is not None})
        self.input_rank, self.recurrent_rank = input_rank, recurrent_rank
        super().__init__(input_size, hidden_size, **common)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every parameter: two for a matrix of low rank."""
        shapes = super().parameter_shapes()
        for name, rank in (("weight_ih", self.input_rank), ("weight_hh", self.recurrent_rank)):
            if rank is not None:
                rows, columns = shapes[name]
                shapes |= {name: (rows, rank), f"{name}_low": (rank, columns)}
        return shapes

    def project(self, x: Tensor) -> Tensor:
        """The R channels by way of which the input is multiplied, where W is of low rank."""
        return x if self.input_rank is None else linear(x, self.weight_ih_low)

    def recurrent_weights(self) -> tuple[list[Tensor | None], list[Tensor | None]]:
        """U, multiplied out once for all steps where it is of low rank, and its bias."""
        if self.recurrent_rank is None:
            return super().recurrent_weights()
        return [self.weight_hh @ self.weight_hh_low], [self.bias_hh]

    def extra_repr(self) -> str:
        """The constructor's arguments, where they differ from their defaults."""
        ranks = {"input_rank": self.input_rank, "recurrent_rank": self.recurrent_rank}
        return super().extra_repr() + "".join(f", {name}={rank}" for name, rank in ranks.items() if rank is not None)
