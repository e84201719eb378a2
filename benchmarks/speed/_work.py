"""The work that is timed: training steps, forward passes, single steps of a stream."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

Call = Callable[[], None]
PASSES = ("training", "forward")


def output(result: Any) -> Tensor:
    """The output among what a layer gives; of packed rows, its numbers."""
    y = result[0] if isinstance(result, tuple) and not isinstance(result, PackedSequence) else result
    return y.data if isinstance(y, PackedSequence) else y


def leaf(x: Tensor | PackedSequence) -> Tensor:
    """The tensor that gets the gradient of an input."""
    return x.data if isinstance(x, PackedSequence) else x


def work(what: str, module: nn.Module, x: Tensor | PackedSequence, repeats: int = 1) -> Call:
    """A call of `training` or `forward`, as one of `PASSES` names them."""
    return {"training": training, "forward": forward}[what](module, x, repeats)


def training(module: nn.Module, x: Tensor | PackedSequence, repeats: int = 1) -> Call:
    """A call that goes forward, and back from a given gradient of the output to those of all weights and of the input.

    Args:
        repeats: how often, so that a small size lasts long enough to be timed.

    Raises:
        RuntimeError: a weight or the input gets no gradient: it would not be the work the others do.
    """
    gradient = torch.randn_like(output(module(x)))

    def call() -> None:
        for _ in range(repeats):
            module.zero_grad(set_to_none=True)
            leaf(x).grad = None
            output(module(x)).backward(gradient)

    call()
    without = [name for name, value in [("input", leaf(x)), *module.named_parameters()] if value.grad is None]
    if without:
        raise RuntimeError(f"{type(module).__name__}: no gradient for {', '.join(without)}; expected one for each.")
    return call


def forward(module: nn.Module, x: Tensor | PackedSequence, repeats: int = 1) -> Call:
    """A call without gradients."""

    def call() -> None:
        with torch.no_grad():
            for _ in range(repeats):
                module(x)

    return call


def stream(step: Callable[[Tensor, Any], Any], x: Tensor, state: Any, steps: int) -> Call:
    """A call of ``steps`` single steps without gradients, each from the state that the last one gave.

    Args:
        step: of an input (B, I) and a state to the next state.
    """

    def call() -> None:
        last = state
        with torch.no_grad():
            for _ in range(steps):
                last = step(x, last)

    return call
