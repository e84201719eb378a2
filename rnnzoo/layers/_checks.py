"""What a cell accepts: the checks every base runs before it computes, with errors that name the argument."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from rnnzoo.contracts import State
from rnnzoo.ops.ragged import check_lengths


def check_sizes(**sizes: Any) -> None:
    """Raise unless every named constructor argument is a whole number of at least 1.

    Raises:
        ValueError: it is below 1, or not an integer.
    """
    for name, size in sizes.items():
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise ValueError(f"{name} is {size!r}; expected a whole number of at least 1.")


def check_positive(**numbers: Any) -> None:
    """Raise unless every named constructor argument is a number above 0.

    Raises:
        ValueError: it is 0 or below, or no number.
    """
    for name, number in numbers.items():
        if isinstance(number, bool) or not isinstance(number, (int, float)) or not 0 < number < float("inf"):
            raise ValueError(f"{name} is {number!r}; expected a number above 0.")


def check_between(low: float, high: float, **numbers: Any) -> None:
    """Raise unless every named constructor argument is a number from ``low`` to ``high``.

    Raises:
        ValueError: it is outside, or no number.
    """
    for name, number in numbers.items():
        if isinstance(number, bool) or not isinstance(number, (int, float)) or not low <= number <= high:
            raise ValueError(f"{name} is {number!r}; expected a number from {low} to {high}.")


def check_time_channel(option: str, input_size: int, num_layers: int) -> None:
    """Raise unless a layer can take its last channel for the time: there are others, and no layer on top or below.

    Raises:
        ValueError: there is no other channel, or the layer is one of a stack, whose outputs have no time in them.
    """
    if num_layers > 1:
        raise ValueError(
            f"{option}=True and num_layers is {num_layers}; expected num_layers=1: a layer puts out no time. Join the "
            "time to the output of one layer and give both to the next."
        )
    if input_size < 2:
        raise ValueError(f"{option}=True and input_size is {input_size}; expected 2 or more: values, then the time.")


def check_place(layer_index: int, num_layers: int) -> None:
    """Raise unless there is such a layer in a stack so deep.

    Raises:
        ValueError: the depth is below 1, or the index not in it.
    """
    check_sizes(num_layers=num_layers)
    if layer_index not in range(num_layers):
        raise ValueError(f"layer_index is {layer_index}; expected 0 to {num_layers - 1}, a layer of num_layers.")


def check_sequence(x: Tensor, input_size: int, weight: Tensor) -> None:
    """Raise unless ``x`` is (B, T, input_size) with B, T >= 1, of ``weight``'s dtype (any float under autocast).

    Raises:
        TypeError: not a tensor, or of another dtype.
        ValueError: wrong rank or width, empty, or on another device.
    """
    _check_tensor("x", x, weight)
    if x.dim() != 3:
        raise ValueError(
            f"x has shape {tuple(x.shape)}; expected (batch, time, {input_size}): rank 3, batch first. "
            "For a single time step call `step`."
        )
    _check_width(x, input_size)
    if x.shape[0] < 1 or x.shape[1] < 1:
        raise ValueError(f"x has shape {tuple(x.shape)}; expected at least one row and one time step.")


def check_step(x: Tensor, input_size: int, weight: Tensor) -> None:
    """Raise unless ``x`` is (B, input_size) with B >= 1, of ``weight``'s dtype (any float under autocast).

    Raises:
        TypeError: not a tensor, or of another dtype.
        ValueError: wrong rank or width, empty, or on another device.
    """
    _check_tensor("x", x, weight)
    if x.dim() != 2:
        raise ValueError(
            f"x has shape {tuple(x.shape)}; expected (batch, {input_size}): rank 2, one time step. "
            "For a sequence call `forward`."
        )
    _check_width(x, input_size)
    if x.shape[0] < 1:
        raise ValueError(f"x has shape {tuple(x.shape)}; expected at least one row.")


def check_call(
    cell: Any, x: Tensor, state: State | None, lengths: Tensor | None, weight: Tensor | None = None
) -> State:
    """Raise unless ``cell`` can run over these arguments of its ``forward``; gives the state to begin with.

    ``weight`` has the dtype and device to be had; None is the cell's ``weight_ih``.

    Raises:
        TypeError, ValueError: as `check_sequence`, `check_state` and `ops.ragged.check_lengths`.
    """
    weight = cell.weight_ih if weight is None else weight
    check_sequence(x, cell.input_size, weight)
    if state is None:
        state = cell.initial_state(x.shape[0])
    else:
        check_state(state, cell.state_shapes, x.shape[0], weight)
    if lengths is not None:
        check_lengths(lengths, x.shape[0], x.shape[1])
    return tuple(state)


def check_state(state: State, state_shapes: Sequence[tuple[int, ...]], batch_size: int, weight: Tensor) -> None:
    """Raise unless ``state`` is a tuple with one (batch_size, *shape) tensor for each of ``state_shapes``.

    Members of an integer dtype (clocks) may have it; the others have ``weight``'s (any float under autocast).

    Raises:
        TypeError: not a tuple of tensors, or of another dtype.
        ValueError: wrong number of members, a wrong shape, or another device.
    """
    if _all_fit(state, state_shapes, batch_size, weight):
        return
    expected = [(batch_size, *shape) for shape in state_shapes]
    if not isinstance(state, (tuple, list)):
        raise TypeError(f"state is a {type(state).__name__}; expected a tuple of tensors of shapes {expected}.")
    if len(state) != len(expected):
        raise ValueError(f"state has {len(state)} members; expected {len(expected)}, of shapes {expected}.")
    for i, (member, shape) in enumerate(zip(state, expected, strict=True)):
        name = f"state[{i}]"
        if not isinstance(member, Tensor) or member.is_floating_point() or member.is_complex():
            _check_tensor(name, member, weight)
        elif member.device != weight.device:
            raise ValueError(_device_message(name, member, weight))
        if member.shape != shape:
            raise ValueError(f"{name} has shape {tuple(member.shape)}; expected {shape}: (batch, *state shape).")


def check_clocks(state: State, names: Sequence[str], clocks: Sequence[str]) -> None:
    """Raise unless the members of a checked state that are ``clocks`` are int64; ``names`` are those of all members.

    Raises:
        TypeError: one of them counts in another dtype.
    """
    for i, (name, member) in enumerate(zip(names, state, strict=True)):
        if name in clocks and member.dtype != torch.int64:
            raise TypeError(
                f"state[{i}] has dtype {member.dtype}; expected torch.int64: it is '{name}', a clock that counts steps."
            )


def _all_fit(state: Any, state_shapes: Sequence[tuple[int, ...]], batch_size: int, weight: Tensor) -> bool:
    """The same in few operations, for a state of the usual kind: a step may take no longer than this check."""
    if type(state) is not tuple or len(state) != len(state_shapes):
        return False
    dtype, device = weight.dtype, weight.device
    for member, shape in zip(state, state_shapes, strict=True):
        if not isinstance(member, Tensor) or member.shape != (batch_size, *shape):
            return False
        if member.dtype != dtype or member.device != device:
            return False
    return True


def _check_tensor(name: str, given: Any, weight: Tensor) -> None:
    if not isinstance(given, Tensor):
        raise TypeError(f"{name} is a {type(given).__name__}; expected a torch.Tensor of dtype {weight.dtype}.")
    if given.dtype != weight.dtype and not (
        given.is_floating_point() and torch.is_autocast_enabled(weight.device.type)
    ):
        raise TypeError(
            f"{name} has dtype {given.dtype}; expected {weight.dtype}, the dtype of the weights: convert it with "
            f"`.to({weight.dtype})`, or the module with `.to({given.dtype})`."
            if given.is_floating_point()
            else f"{name} has dtype {given.dtype}; expected {weight.dtype}: convert it with `.to({weight.dtype})`."
        )
    if given.device != weight.device:
        raise ValueError(_device_message(name, given, weight))


def _device_message(name: str, given: Tensor, weight: Tensor) -> str:
    return (
        f"{name} is on {given.device}; expected {weight.device}, where the weights are: move it with "
        f"`.to('{weight.device}')`."
    )


def _check_width(x: Tensor, input_size: int) -> None:
    if x.shape[-1] != input_size:
        raise ValueError(f"x has shape {tuple(x.shape)}; expected a last dimension of {input_size} (input_size).")
