"""A linear read-out fitted in closed form: ridge regression from sums that a stream of batches adds to.

W, b = argmin of the sum over steps of |W h + b - y|^2, plus penalty * |W|^2
    (G + penalty * D) [W b]^T = R        G: the sum of [h 1]^T [h 1],  R: of [h 1]^T y;  D: the identity, 0 at b's place

Source: Hoerl, Kennard, "Ridge Regression: Biased Estimation for Nonorthogonal Problems", Technometrics 12(1), 1970; as
the read-out of a reservoir: Lukoševičius, "A Practical Guide to Applying Echo State Networks", 2012, section 4.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from rnnzoo.ops.ragged import mask


class RidgeReadout:
    """The sums, in float64 whatever the states are, and the read-out they give; the data are seen once, in any batches.

    Args:
        input_size: N, the width of the states.
        output_size: O, the width of the targets.
        penalty: on the squares of W, 0 or more; the bias has none.
        bias: whether there is b.

    Raises:
        ValueError: a penalty below 0.
    """

    def __init__(self, input_size: int, output_size: int, *, penalty: float = 1e-6, bias: bool = True) -> None:
        if not penalty >= 0:
            raise ValueError(f"penalty is {penalty}; expected a number of 0 or more.")
        self.input_size, self.output_size, self.penalty, self.bias = input_size, output_size, penalty, bias
        rows = input_size + bias
        self.gram = torch.zeros(rows, rows, dtype=torch.float64)
        self.products = torch.zeros(rows, output_size, dtype=torch.float64)
        self.steps = 0

    @torch.no_grad()
    def add(self, states: Tensor, targets: Tensor, lengths: Tensor | None = None, *, washout: int = 0) -> None:
        """Take in a batch.

        Args:
            states: (B, T, N).
            targets: (B, T, O).
            lengths: (B,), each row's number of steps; None: all T. Beyond them anything may stand.
            washout: steps at the start of each row that do not count, where the state still shows where it began.

        Raises:
            ValueError: shapes that do not fit, or a washout below 0.
        """
        for name, given, width in (("states", states, self.input_size), ("targets", targets, self.output_size)):
            if given.dim() != 3 or given.shape[2] != width or given.shape[:2] != states.shape[:2]:
                raise ValueError(
                    f"{name} have shape {tuple(given.shape)}; expected {(*states.shape[:2], width)}: (batch, time, "
                    f"{'input_size' if name == 'states' else 'output_size'})."
                )
        if washout < 0:
            raise ValueError(f"washout is {washout}; expected 0 or more steps.")
        time = states.shape[1]
        counts = torch.ones(states.shape[:2], dtype=torch.bool, device=states.device)
        if lengths is not None:
            counts = mask(lengths.to(states.device), time)
        counts[:, :washout] = False
        h, y = states[counts].double(), targets[counts].double()  # (n, N), (n, O)
        if self.bias:
            h = torch.cat((h, h.new_ones(len(h), 1)), 1)
        self.gram, self.products = self.gram.to(h.device) + h.mT @ h, self.products.to(h.device) + h.mT @ y
        self.steps += len(h)

    def solve(self) -> tuple[Tensor, Tensor | None]:
        """W (O, N) and b (O,), float64.

        Raises:
            ValueError: nothing was added, or the states do not settle the weights and there is no penalty.
        """
        if not self.steps:
            raise ValueError("no step has been added; call `add` first (washout may have left none).")
        penalised = torch.full((len(self.gram),), float(self.penalty), dtype=torch.float64, device=self.gram.device)
        penalised[self.input_size :] = 0
        factor, failed = torch.linalg.cholesky_ex(self.gram + penalised.diag())
        if int(failed):
            raise ValueError(
                f"{self.steps} steps do not settle {len(self.gram)} weights with penalty={self.penalty}: some channels "
                "of the states are constant or depend on others; give a larger penalty."
            )
        weights = torch.cholesky_solve(self.products, factor).mT  # (O, N + 1)
        return weights[:, : self.input_size], weights[:, self.input_size] if self.bias else None

    def linear(self, *, device: Any = None, dtype: torch.dtype | None = None) -> nn.Linear:
        """The read-out as a layer, in the default dtype unless told.

        Raises:
            ValueError: see `solve`.
        """
        weight, bias = self.solve()
        made = nn.Linear(self.input_size, self.output_size, bias=self.bias, device=device, dtype=dtype)
        with torch.no_grad():
            made.weight.copy_(weight)
            if bias is not None:
                made.bias.copy_(bias)
        return made


@torch.no_grad()
def fit_readout(
    layer: nn.Module, batches: Iterable[tuple[Tensor, ...]], *, penalty: float = 1e-6, washout: int = 0,
    bias: bool = True,
) -> nn.Linear:  # fmt: skip
    """A linear read-out of a layer's outputs, fitted in closed form over a data set; the layer is not changed.

    Args:
        layer: such as ``rnnzoo.ESN(3, 200, batch_first=True)``.
        batches: (x, targets) or (x, targets, lengths), x and targets (T, B, ...) or, with ``batch_first``, (B, T, ...).
        penalty, washout, bias: as `RidgeReadout` takes them.

    Returns:
        The read-out, of the dtype and on the device of the outputs.

    Raises:
        ValueError: no batch, or see `RidgeReadout`.
    """
    found: RidgeReadout | None = None
    was_training = layer.training
    layer.eval()
    try:
        for x, targets, *rest in batches:
            y = layer(x, lengths=rest[0] if rest else None)[0]
            if not layer.batch_first:
                y, targets = y.transpose(0, 1), targets.transpose(0, 1)
            if found is None:
                found = RidgeReadout(y.shape[-1], targets.shape[-1], penalty=penalty, bias=bias)
            found.add(y, targets, *rest, washout=washout)
    finally:
        layer.train(was_training)
    if found is None:
        raise ValueError("batches are empty; expected at least one pair (x, targets).")
    return found.linear(device=y.device, dtype=y.dtype)
