"""The base of matrix cells: the state of each head is a matrix, which stores values under keys and is read by keys.

    S_t = S_{t-1} (diag(w_t) + a_t b_t^T) + v_t k_t^T          S (V, K), N heads side by side
    y_t = S_t q_t                                              (V,), or with a bonus as in ``ops/matrix.py``

To add a cell, write a file beside this one. It says how wide the products of the input are, what of them is stored,
forgotten, edited and read, and what comes of what was read, each for all steps at once. GLA without norm and gate:

    @LAYERS.register("gla", class_name="GLA", kind="matrix", paper=Paper(...), ...)
    class GLA(MatrixCell):
        gate_names = ("decay",)

        def widths(self):                                   # rows of ``weight_ih``, block by block
            N, K, V = self.num_heads, self.key_size, self.value_size
            return N * K, N * K, N * V, N * K

        def gates(self, x):                                 # the gates first, each (B, T, ...)
            q, k, v, f = self.project(x)
            return torch.sigmoid(f), q, k, v

        def memory(self, f, q, k, v):                       # arguments of `matrix_scan`
            return {"q": self.heads(q), "k": self.heads(k), "v": self.heads(v), "log_decay": self.heads(f.log())}

        def readout(self, y, f, q, k, v):                   # what was read (B, T, N, V), then what `gates` gave
            return self.project_out(y.flatten(-2))

`gates`, a window over earlier inputs with `hoist`, further weights and their shapes are those of `ScanCell`
(``_scan.py``); the weights' names and shapes come from `further`. A cell whose state holds more than S declares
``states``, gives their shapes with `carried`, and overrides `recall`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from rnnzoo.contracts import GateValues, State
from rnnzoo.layers._checks import check_call, check_sizes
from rnnzoo.layers._gates import gate_report
from rnnzoo.layers._products import product
from rnnzoo.layers._scan import ScanCell
from rnnzoo.ops.matrix import CHUNK, check_chunk, choose_matrix, matrix_backends, matrix_scan
from rnnzoo.ops.ragged import zero_padding


class MatrixCell(ScanCell):
    """One layer whose heads each have a matrix for a state, over all steps at once; a subclass declares its parts.

    Parameters: ``weight_ih`` (sum of `widths`, I), what `further` names, and ``out_weight`` (H, N V).

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the output.
        num_heads: N, the matrices side by side.
        key_size: K, the width of a head's keys; ``None`` is the cell's usual one, of H / N.
        value_size: V, the width of a head's values; ``None`` likewise.
        chunk_size: the steps that are taken at once, a power of two from 8; it changes the time taken alone.
        bias: whether there are biases where the cell's equations have some; without effect on those that have none.
        device, dtype: of the parameters.

    Raises:
        ValueError: a size below 1, H not divisible by N where a size follows from H / N, or an impossible chunk size.
    """

    states: tuple[str, ...] = ("S",)
    reads_out = True
    """Whether there is an ``out_weight``; else the heads' values are the output."""
    num_heads: int
    key_size: int
    value_size: int
    out_weight: nn.Parameter

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        num_heads: int = 1,
        key_size: int | None = None,
        value_size: int | None = None,
        chunk_size: int = CHUNK,
        bias: bool = True,
        device: Any = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        check_sizes(input_size=input_size, hidden_size=hidden_size, num_heads=num_heads)
        check_chunk(chunk_size)
        self.num_heads, self.chunk_size, self.bias = num_heads, chunk_size, bias
        self.input_size, self.hidden_size = input_size, hidden_size
        self.key_size = self.usual_key_size() if key_size is None else key_size
        self.value_size = self.usual_value_size() if value_size is None else value_size
        check_sizes(key_size=self.key_size, value_size=self.value_size)
        shapes = {"S": (num_heads, self.value_size, self.key_size), "weight_ih": (sum(self.widths()), input_size)}
        further = dict(self.further())
        if self.reads_out:
            further["out_weight"] = (hidden_size, num_heads * self.value_size)
        self.shapes = {**shapes, **further, **self.carried()}
        self.weights = ("weight_ih", *further)
        super().__init__(input_size, hidden_size, bias=bias, device=device, dtype=dtype)

    def usual_key_size(self) -> int:
        """K where the caller names none."""
        return self.per_head()

    def usual_value_size(self) -> int:
        """V where the caller names none."""
        return self.per_head()

    def per_head(self, width: int | None = None) -> int:
        """The width of a head of a layer so wide, H unless told otherwise.

        Raises:
            ValueError: it is not divisible by the number of heads.
        """
        width = self.hidden_size if width is None else width
        if width % self.num_heads:
            raise ValueError(
                f"hidden_size is {self.hidden_size} and num_heads {self.num_heads}; expected heads that share a width "
                f"of {width} equally: take a number of heads that divides it, or give key_size and value_size."
            )
        return width // self.num_heads

    def widths(self) -> tuple[int, ...]:
        """The rows of ``weight_ih``, block by block, in the order in which `project` gives their products."""
        raise NotImplementedError

    def further(self) -> Mapping[str, tuple[int, ...]]:
        """The shapes of further weights by name, in order."""
        return {}

    def carried(self) -> Mapping[str, tuple[int, ...]]:
        """The shapes of what a state holds besides S, by name; of "tail", where a window slides over no input."""
        return {}

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Matrices uniform from +-1/sqrt(columns), as torch's linear layers; norms' weights one; other vectors zero."""
        for name, parameter in self.named_parameters():
            if name.endswith("norm_weight"):
                nn.init.ones_(parameter)
            elif parameter.dim() == 1:
                nn.init.zeros_(parameter)
            else:
                nn.init.uniform_(parameter, -(parameter.shape[-1] ** -0.5), parameter.shape[-1] ** -0.5)

    def split(self, products: Tensor) -> tuple[Tensor, ...]:
        """Blocks (..., width) of products (..., sum of `widths`), in the dtype of the weights."""
        return products.to(self.weight_ih.dtype).split(self.widths(), -1)

    def input_bias(self) -> Tensor | None:
        """None; a cell whose products have a bias overrides it."""
        return None

    def heads(self, x: Tensor) -> Tensor:
        """(B, T, N, width) of (B, T, N width)."""
        return x.unflatten(-1, (self.num_heads, -1))

    def memory(self, *values: Any, **_: Any) -> dict[str, Tensor]:
        """The arguments of `matrix_scan` but S0, of what `gates` gave."""
        raise NotImplementedError

    def recall(
        self, values: tuple[Tensor, ...], state: State, lengths: Tensor | None, backend: str | None
    ) -> tuple[Tensor, State]:
        """Run the heads over all steps.

        Args:
            values: what `gates` gave.
            state: each member before the first step (B, *state shape), without the tail.
            lengths, backend: as `matrix_scan` takes them.

        Returns:
            What every step reads (B, T, N, V), and the state at each row's own length.
        """
        given = self.memory(*values)
        y, S = matrix_scan(**given, S0=state[0], lengths=lengths, chunk_size=self.chunk_size, backend=backend)
        return y, (S.to(state[0].dtype),)

    def outputs(
        self, hoisted: tuple[Tensor, ...], state: State, lengths: Tensor | None, backend: str | None
    ) -> tuple[Tensor, State]:
        """y (B, T, O) and each state at each row's own length, of what `gates` gets; the rest as `recall`."""
        values = self.gates(*hoisted)
        y, final = self.recall(values, state, lengths, backend)
        y = self.readout(y.to(self.weight_ih.dtype), *values)
        return (y if lengths is None else zero_padding(y, lengths)), final

    def project_out(self, y: Tensor) -> Tensor:
        """``out_weight`` times y (B, T, N V)."""
        return product(y, self.out_weight)

    def choose_backend(self) -> str:
        """The backend that runs: the one asked for, else the quickest there is here."""
        return choose_matrix(self.backend, self._weight(), type(self).__name__)

    @property
    def backends(self) -> tuple[str, ...]:
        """Those that can run this cell where it lies, "c" where there is a compiler."""
        return matrix_backends(self._weight().device.type)

    def heard(self, first: Tensor | None) -> tuple[Tensor, ...]:
        """What `gates` gets besides: ``first``, where the stack's first layer handed something to those above."""
        return () if first is None else (first,)

    def gate_values(
        self, x: Tensor, state: State | None = None, lengths: Tensor | None = None, first: Tensor | None = None
    ) -> GateValues:
        """As `ScanCell.gate_values`; a state's values are (B, T, *state shape)."""
        state = check_call(self, x, state, lengths, self._weight())
        hoisted, own, _ = self._hoisted(x, state, lengths)
        values = self.gates(*hoisted, *self.heard(first))
        found = []
        for t in range(x.shape[1]):
            _, own = self.recall(tuple(value[:, t : t + 1] for value in values), own, None, "reference")
            found.append(own)
        shown = [*values[: len(self.gate_names)], *(torch.stack(member, 1) for member in zip(*found, strict=True))]
        if lengths is not None:
            shown = [zero_padding(value, lengths) for value in shown]
        count = len(self.gate_names)
        gates = dict(zip(self.gate_names, shown[:count], strict=True))
        return gate_report(self, gates, dict(zip(self.states, shown[count:], strict=True)))

    def extra_repr(self) -> str:
        """The constructor's arguments, where they differ from their defaults."""
        sizes = f", num_heads={self.num_heads}, key_size={self.key_size}, value_size={self.value_size}"
        return super().extra_repr() + sizes
