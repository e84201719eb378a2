"""Weight drop: DropConnect on the recurrent weights, one draw for a whole forward.

U <- d(U)       each number zero with probability p, the others times 1 / (1 - p), in training, anew at every forward

Every row and every step of a batch sees the same dropped weights, so that the cell runs on its usual fast path. By
itself it drops every weight of a recurrent product (``weight_hh``, ``weight_hh_0``, ...; of an LSTM with a projection
``weight_hr`` is none of the gates' and stays); ``parameters`` names others, such as an IndRNN's ``u``.

Source: Merity, Keskar, Socher, "Regularizing and Optimizing LSTM Language Models", 2017, arXiv 1708.02182, section 2.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from rnnzoo.contracts import State
from rnnzoo.registry import unknown
from rnnzoo.wrappers._members import check_share
from rnnzoo.wrappers._wrapped import Stepper, WrappedCell, innermost, stepper


class WeightDrop(WrappedCell):
    """Weight drop around a cell. A `step` is a forward of its own and has its own draw.

    Args:
        cell: what it is around.
        p: the share of the weights that is dropped.
        parameters: their names; None: all weights of the cell's recurrent products.

    Raises:
        UnknownName: the cell has no such parameter.
        ValueError: ``p`` is no share from 0 to below 1.
        WrapperError: no recurrent product of the cell has a weight, and none was named.
    """

    name = "weight_drop"

    def __init__(self, cell: Any, p: float = 0.5, parameters: Sequence[str] | None = None) -> None:
        super().__init__(cell)
        inner = innermost(cell)
        known = [name for name, _ in inner.named_parameters(recurse=False)]
        check_share("p", p)
        for name in parameters or ():
            if name not in known:
                raise unknown(f"parameter of {type(inner).__name__}", name, known)
        found = [name for name in known if name.startswith("weight_hh")] if parameters is None else list(parameters)
        if not found:
            raise self.refuse(
                f"none of its parameters ({', '.join(known)}) is the weight of a recurrent product, weight_hh; name "
                "those that multiply a state by parameters=[...], or use 'variational_dropout' on the input."
            )
        self.p, self.dropped = float(p), found

    def forward(self, x: Tensor, state: State | None = None, lengths: Tensor | None = None) -> tuple[Tensor, State]:
        """The inner cell's, with dropped weights in training."""
        with self._drop():
            return self._inner(x, state, lengths)

    def stepper(self, x: Tensor, state: State) -> Stepper:
        """The inner cell's steps, all with the same dropped weights."""
        drawn = self._draw()
        with in_place(innermost(self.cell), drawn):
            inner = stepper(self.cell, x, state)

        def step(t: int, state: State) -> tuple[Tensor, State]:
            with in_place(innermost(self.cell), drawn):
                return inner(t, state)

        return step

    def _draw(self) -> dict[str, Tensor]:
        """The dropped weights by name; none where nothing is dropped."""
        if not self.training or not self.p:
            return {}
        cell = innermost(self.cell)
        return {name: F.dropout(getattr(cell, name), self.p) for name in self.dropped}

    def _drop(self) -> contextlib.AbstractContextManager[None]:
        return in_place(innermost(self.cell), self._draw())

    def extra_repr(self) -> str:
        """The share, and of which parameters."""
        return f"p={self.p}, parameters={self.dropped}"


@contextlib.contextmanager
def in_place(module: nn.Module, tensors: Mapping[str, Tensor]) -> Iterator[None]:
    """Let a module read these tensors where it has parameters of their names."""
    held: Any = module._parameters
    before = {name: held[name] for name in tensors}
    held.update(tensors)
    try:
        yield
    finally:
        held.update(before)
