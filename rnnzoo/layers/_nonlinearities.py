"""The pointwise functions that cells let their users choose among, by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from rnnzoo.registry import unknown


def identity(x: Tensor) -> Tensor:
    """Its argument."""
    return x


NONLINEARITIES: dict[str, Callable[[Tensor], Tensor]] = {
    "identity": identity,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
}


def nonlinearity(name: str, among: Sequence[str], option: str = "nonlinearity") -> Callable[[Tensor], Tensor]:
    """The function of this name.

    Args:
        name: what the user asked for.
        among: the names that the cell takes.
        option: what the cell calls the option, for the error.

    Raises:
        UnknownName: it is none of them.
    """
    if name not in among:
        raise unknown(option, name, among)
    return NONLINEARITIES[name]
