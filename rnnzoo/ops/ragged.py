"""Batches whose rows differ in length: checking lengths, masking padding, reversing each row in its own length."""

from __future__ import annotations

import torch
from torch import Tensor


def check_lengths(lengths: Tensor, batch: int, time: int) -> None:
    """Refuse lengths that do not describe a padded batch of ``batch`` rows and ``time`` steps.

    Lengths may live on any device; on the CPU they spare a synchronisation. While a graph is traced their values are
    unknown and not checked.

    Raises:
        TypeError: not a tensor, or not int64.
        ValueError: not of shape (B,), or a length below 1 or above T.
    """
    if not isinstance(lengths, Tensor):
        raise TypeError(f"lengths: expected an int64 tensor of shape ({batch},), got {type(lengths).__name__}.")
    if lengths.dtype != torch.int64:
        raise TypeError(f"lengths: expected dtype torch.int64, got {lengths.dtype}; convert with lengths.long().")
    if lengths.shape != (batch,):
        raise ValueError(f"lengths: expected shape ({batch},), one per row of the batch, got {tuple(lengths.shape)}.")
    if torch.compiler.is_compiling():
        return
    shortest, longest = (int(value) for value in lengths.aminmax())
    if shortest < 1:
        row = int(lengths.argmin())
        raise ValueError(f"lengths: expected at least 1, got {shortest} in row {row}; drop empty sequences.")
    if longest > time:
        row = int(lengths.argmax())
        raise ValueError(f"lengths: expected at most T = {time} (the input's time steps), got {longest} in row {row}.")


def unless_full(lengths: Tensor | None, batch: int, time: int) -> Tensor | None:
    """The lengths, checked; ``None`` where every row has all ``time`` steps, as what has no padding runs faster.

    Looking at lengths on the CPU costs a few microseconds; elsewhere it waits for that device. While a graph is traced
    their values are unknown, and they stay.

    Raises:
        TypeError, ValueError: as ``check_lengths``.
    """
    if lengths is None:
        return None
    check_lengths(lengths, batch, time)
    return None if not torch.compiler.is_compiling() and int(lengths.min()) == time else lengths


def mask(lengths: Tensor, time: int) -> Tensor:
    """True on the steps that belong to a row, False on its padding.

    Args:
        lengths: (B,) int64.
        time: T, the steps of the padded batch.

    Returns:
        (B, T) bool, on the device of ``lengths``.
    """
    return torch.arange(time, device=lengths.device) < lengths.unsqueeze(1)  # (B, T)


def where_rows(chosen: Tensor, new: Tensor, old: Tensor) -> Tensor:
    """``new`` (B, ...) in the rows that are chosen (B,) bool, ``old`` in the others."""
    return torch.where(chosen.reshape(-1, *(1,) * (new.dim() - 1)), new, old)


def zero_padding(x: Tensor, lengths: Tensor) -> Tensor:
    """``x`` (B, T, ...) with zeros after each row's length, whatever stood there; no gradient flows to the padding."""
    keep = mask(lengths.to(x.device), x.shape[1])  # (B, T)
    return torch.where(keep.reshape(keep.shape + (1,) * (x.dim() - 2)), x, 0)  # (B, T, ...)


def reverse_by_length(x: Tensor, lengths: Tensor | None = None) -> Tensor:
    """Reverse each row in time within its own length; its padding stays in place. Applying it twice changes nothing.

    Args:
        x: (B, T, ...).
        lengths: (B,) int64, or ``None`` where every row has T steps.

    Returns:
        (B, T, ...).
    """
    if lengths is None:
        return x.flip(1)
    lengths = lengths.to(x.device).unsqueeze(1)  # (B, 1)
    steps = torch.arange(x.shape[1], device=x.device)  # (T,)
    source = torch.where(steps < lengths, lengths - 1 - steps, steps)  # (B, T)
    rows = torch.arange(x.shape[0], device=x.device).unsqueeze(1)  # (B, 1)
    return x[rows, source]  # (B, T, ...)
