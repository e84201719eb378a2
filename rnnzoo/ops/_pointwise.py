"""An update as scalar arithmetic, and its derivative: traced once, ready to be written out in C.

An update of a gated stage works on channel j of each argument, and on sums over channels, so over one channel it is a
small graph of scalar operations. `trace` calls the update on tensors of a few channels that hold, in the place of
numbers, the numbers of scalars in a graph: slicing and stacking move them about, arithmetic makes new ones. That every
channel does the same, however many there are, is checked; what is not scalar arithmetic of the arguments is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from rnnzoo.ops._channel_forms import TABLE
from rnnzoo.ops._channels import of_one_channel
from rnnzoo.ops._scalar_forms import COMPARING, CONSTANTS, MOVING, Hand, NotPointwise
from rnnzoo.ops._scalars import Followed, Program, Scalars

aten = torch.ops.aten

CHANNELS = (2, 3)
"""Updates are followed over as many channels: the programs must be the same."""

CHANGING = ("alpha", "value", "min", "max", "correction", "keepdim")
"""What is given by keyword and changes numbers."""


def trace(
    update: Callable[..., tuple[Tensor, ...]], blocks: Sequence[int | None], mixing: bool = False
) -> tuple[Program, Program]:
    """The update as a program, and its vector-Jacobian product as another.

    Args:
        update: maps tensors (..., blocks, N), or (..., N) where ``blocks`` has ``None``, to a tuple of (..., N).
        blocks: of each argument.
        mixing: whether there may be operations over channels in it.

    Returns:
        The forward program; and the backward one, whose arguments are the update's and then a cotangent for each of
        its results, and whose results are the gradients of the update's arguments.

    Raises:
        NotPointwise: it does something that is not scalar arithmetic, or not the same in each channel.
    """
    (scalars, outs), (others, their_outs) = (_follow(update, blocks, channels, mixing) for channels in CHANNELS)
    forward = scalars.program([[out] for out in outs])
    if others.program([[out] for out in their_outs]) != forward:
        raise NotPointwise("its result depends on how many channels there are")
    cotangents = [scalars.make("input", len(blocks) + i, 0) for i in range(len(outs))]
    gradients, zero = scalars.pullback(outs, cotangents), scalars.constant(0)
    given = [[scalars.make("input", i, block) for block in range(count or 1)] for i, count in enumerate(blocks)]
    return forward, scalars.program([[gradients.get(number, zero) for number in numbers] for numbers in given])


def _follow(
    update: Callable[..., tuple[Tensor, ...]], blocks: Sequence[int | None], channels: int, mixing: bool
) -> tuple[Scalars, list[int]]:
    """The graph of one channel, and the number of each result in it."""
    scalars = Followed(channels, mixing)

    def argument(number: int, count: int | None) -> np.ndarray:
        places = [(block, channel) for block in range(1 if count is None else count) for channel in range(channels)]
        made = [scalars.make("input", number, *place) for place in places]
        return np.array(made, dtype=object).reshape((channels,) if count is None else (count, channels))

    given = [argument(number, count) for number, count in enumerate(blocks)]
    try:
        with torch.inference_mode(False), torch.no_grad(), _Watch():
            results = list(update(*(Traced(scalars, numbers) for numbers in given)))
    except NotPointwise:
        raise
    except Exception as error:  # whatever an update does that only numbers allow
        raise NotPointwise(f"it cannot be followed ({type(error).__name__}: {error})") from error
    outs: list[np.ndarray] = []
    for result in results:
        if not isinstance(result, Traced) or result.numbers.shape != (channels,) or result.dtype == torch.bool:
            got = tuple(result.shape) if isinstance(result, Tensor) else result
            raise NotPointwise(f"its result {type(result).__name__} {got} is no tensor (..., N) made of its arguments")
        outs.append(result.numbers)
    return of_one_channel(scalars, [out.tolist() for out in outs])


class _Watch(TorchDispatchMode):
    """Sees that tensors which are no arguments are constants: made by the update itself, and not out of others.

    A tensor that an update merely holds may be learned, or changed later; written out in C it would stay as it is.
    """

    def __init__(self) -> None:
        super().__init__()
        self.constants: dict[int, Tensor] = {}

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Nothing is compiled here; to tell torch.compile so, torch would import it, which takes seconds."""
        return False

    def __torch_dispatch__(self, operation: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Let arithmetic of arguments and constants pass."""
        plain = [a for a in _flat(args) if isinstance(a, Tensor) and not isinstance(a, Traced)]
        if any(isinstance(a, Traced) for a in _flat(args)):
            if any(id(a) not in self.constants for a in plain):
                raise NotPointwise("it holds a tensor of its own")
            return operation(*args, **(kwargs or {}))
        moved = operation in MOVING and all(id(a) in self.constants for a in plain)
        if operation not in CONSTANTS and not moved:
            raise NotPointwise(f"it holds a tensor of its own, which is made by {operation}")
        made = operation(*args, **(kwargs or {}))
        self.constants[id(made)] = made
        return made


class Traced(Tensor):
    """A tensor that holds numbers of scalars and answers every operation by making more of them."""

    numbers: np.ndarray
    scalars: Followed

    @staticmethod
    def __new__(cls, scalars: Followed, numbers: np.ndarray, dtype: torch.dtype = torch.float64) -> Traced:
        made: Traced = Tensor._make_wrapper_subclass(cls, numbers.shape, dtype=dtype)
        made.numbers, made.scalars = numbers, scalars
        return made

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, operation: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Do to the numbers what the operation does to tensors."""
        traced = [a for a in _flat(args) if isinstance(a, Traced)]
        scalars, named = traced[0].scalars, {k: v for k, v in (kwargs or {}).items() if v is not None}
        if operation not in TABLE:
            raise NotPointwise(f"{operation} has no scalar form")
        dtype = _dtype_of(operation, args, traced, named.get("dtype"))
        changing = {k: v for k, v in named.items() if k in CHANGING}
        result = TABLE[operation](Hand(scalars), *_unwrapped(args, scalars), **changing)
        if isinstance(result, (list, tuple)):
            return tuple(Traced(scalars, each, dtype) for each in result)
        return Traced(scalars, result, dtype)


def _dtype_of(operation: Any, args: Any, traced: Sequence[Traced], wanted: torch.dtype | None) -> torch.dtype:
    """Numbers or truth values.

    Raises:
        NotPointwise: arithmetic of truth values alone, which is torch's own; or whole numbers.
    """
    truths = all(a.dtype == torch.bool for a in traced)
    if wanted is not None and not wanted.is_floating_point and not (truths and wanted == torch.bool):
        raise NotPointwise(f"{operation} makes numbers of {wanted}")
    if operation in COMPARING:
        return torch.bool
    if operation == aten._to_copy.default or not truths:
        return wanted or (torch.bool if truths else torch.float64)
    if operation == aten.where.self and not any(isinstance(a, Traced) for a in args[1:]):
        return torch.float64
    if operation in MOVING:
        return torch.bool
    raise NotPointwise(f"{operation} of truth values has no scalar form")


def _flat(arguments: Any) -> list[Any]:
    return [x for a in arguments for x in (_flat(a) if isinstance(a, (list, tuple)) else [a])]


def _unwrapped(arguments: Any, scalars: Followed) -> list[Any]:
    """The arguments with arrays of numbers for tensors; a tensor of a single value is a constant."""

    def one(argument: Any) -> Any:
        if isinstance(argument, Traced):
            return argument.numbers
        if isinstance(argument, Tensor):
            values = set(argument.flatten().tolist())
            if len(values) != 1:
                raise NotPointwise("it holds a tensor of its own")
            return np.full(tuple(argument.shape), scalars.constant(values.pop()), dtype=object)
        return [one(each) for each in argument] if isinstance(argument, (list, tuple)) else argument

    return [one(argument) for argument in arguments]
