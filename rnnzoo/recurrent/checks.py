"""What a stack accepts, checked before anything is computed; every message names the argument."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor


class InputError(ValueError, RuntimeError):
    """An argument a stack can't work with. ``torch.nn`` raises ``ValueError`` or ``RuntimeError``; this is both."""


def check_arguments(
    *,
    input_size: Any,
    hidden_size: Any,
    num_layers: Any,
    bias: Any,
    batch_first: Any,
    dropout: Any,
    bidirectional: Any,
    proj_size: Any,
    dtype: Any,
) -> None:
    """Check the constructor's arguments as ``torch.nn.RNNBase`` does.

    Raises:
        TypeError: one is of the wrong type.
        ValueError: one is out of its range.
    """
    for name, value in {"input_size": input_size, "hidden_size": hidden_size, "num_layers": num_layers}.items():
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"{name} should be of type int, got: {value!r} of type {type(value).__name__}")
        if value < 1:
            raise ValueError(f"{name} must be greater than zero, got: {value}")
    for name, value in {"bias": bias, "batch_first": batch_first, "bidirectional": bidirectional}.items():
        if not isinstance(value, bool):
            raise TypeError(f"{name} should be of type bool, got: {value!r} of type {type(value).__name__}")
    if isinstance(dropout, bool) or not isinstance(dropout, (int, float)) or not 0 <= float(dropout) <= 1:
        raise ValueError(f"dropout should be a number in the range [0, 1], got: {dropout!r}")
    if isinstance(proj_size, bool) or not isinstance(proj_size, int) or not 0 <= proj_size < hidden_size:
        raise ValueError(
            f"proj_size should be an integer from 0 (none) to below hidden_size={hidden_size}, got: {proj_size!r}"
        )
    if dtype is not None and not (isinstance(dtype, torch.dtype) and dtype.is_floating_point):
        raise TypeError(f"dtype should be a real floating point dtype such as torch.float32, got: {dtype!r}")
    if dropout > 0 and num_layers == 1:
        warnings.warn(
            "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects num_layers "
            f"greater than 1, but got dropout={dropout} and num_layers={num_layers}",
            stacklevel=4,
        )


def check_input(x: Tensor, input_size: int, weight: Tensor | None, *, batch_first: bool) -> None:
    """Check a padded input: (T, B, I), (B, T, I) with ``batch_first``, or (T, I) without a batch.

    Raises:
        TypeError: not a tensor.
        InputError: wrong rank, width, dtype or device, or no row or no step in it.
    """
    if not isinstance(x, Tensor):
        raise TypeError(f"input is a {type(x).__name__}; expected a torch.Tensor or a PackedSequence.")
    if x.dim() != 3 and x.dim() != 2:
        layout = "(batch, time, input_size)" if batch_first else "(time, batch, input_size)"
        raise InputError(
            f"input has shape {tuple(x.shape)}; expected {layout} or, without a batch, (time, input_size): rank 3 or 2."
        )
    check_features(x, input_size, weight)
    if x.numel() == 0:
        batch, time = (1, x.shape[0]) if x.dim() == 2 else (x.shape[0], x.shape[1])
        if x.dim() == 3 and not batch_first:
            batch, time = time, batch
        raise InputError(f"input has {batch} rows and {time} time steps; expected at least one of each.")


def check_features(x: Tensor, input_size: int, weight: Tensor | None) -> None:
    """Check width, dtype (any float under autocast) and device of an input of any rank.

    Raises:
        InputError: one of them differs from what the weights take.
    """
    if x.shape[-1] != input_size:
        raise InputError(f"input has shape {tuple(x.shape)}; expected a last dimension of input_size={input_size}.")
    if weight is not None:
        check_like("input", x, weight)


def check_like(name: str, given: Tensor, weight: Tensor) -> None:
    """Raise ``InputError`` unless ``given`` has the weights' dtype (any float under autocast) and device."""
    if given.dtype != weight.dtype and not (
        given.is_floating_point() and torch.is_autocast_enabled(weight.device.type)
    ):
        raise InputError(
            f"{name} has dtype {given.dtype}; expected {weight.dtype}, the dtype of the weights: convert it with "
            f".to({weight.dtype}), or the module."
        )
    if given.device != weight.device:
        raise InputError(f"{name} is on {given.device}; expected {weight.device}, where the weights are.")


def check_lengths(lengths: Tensor | Sequence[int], batch: int, time: int) -> Tensor | None:
    """The rows' lengths as an int64 tensor (B,) on the CPU; None where every row has all ``time`` steps.

    A tensor on an accelerator is copied to the CPU, which waits for it: keep lengths on the CPU.

    Raises:
        TypeError: not whole numbers.
        InputError: not one a row, or one below 1 or above ``time``.
    """
    if not isinstance(lengths, (Tensor, list, tuple, range)):
        raise TypeError(
            f"lengths is a {type(lengths).__name__}; expected a list of {batch} integers or an int64 tensor."
        )
    if isinstance(lengths, Tensor):
        given = lengths
    elif all(hasattr(length, "__index__") for length in lengths):
        given = torch.tensor([int(length) for length in lengths])
    else:
        raise TypeError(f"lengths are {list(lengths)!r}; expected whole numbers.")
    if torch.compiler.is_compiling():  # their values are unknown while a graph is traced
        return given
    if given.is_floating_point() or given.is_complex() or given.dtype == torch.bool:
        raise TypeError(f"lengths have dtype {given.dtype}; expected whole numbers (int64).")
    if given.shape != (batch,):
        raise InputError(f"lengths have shape {tuple(given.shape)}; expected ({batch},): one for each row of input.")
    given = given.to(device="cpu", dtype=torch.int64)
    least = int(given.min())
    if least < 1 or int(given.max()) > time:
        row = int(((given < 1) | (given > time)).nonzero()[0])
        raise InputError(
            f"lengths[{row}] is {int(given[row])}; expected 1 to {time}, the time steps of input: an empty row has no "
            "final state, so leave it out."
        )
    return None if least == time else given
