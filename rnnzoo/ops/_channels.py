"""An update that was followed over a few channels, seen as one that is the same at each channel.

A **followed** graph has the scalars of every channel: an input names its channel, and an operation over channels has
all of them for its arguments. Here it becomes a graph of one channel, or is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rnnzoo.ops._scalar_forms import NotPointwise
from rnnzoo.ops._scalars import CUMULATIVE, OF_A_ROW, Followed, Scalars

MIXED = -1
"""The channel of a scalar that is made of different ones, or of channels that are not alike."""


def of_one_channel(followed: Followed, results: Sequence[Sequence[int]]) -> tuple[Scalars, list[int]]:
    """The graph of one channel, and each result's number in it.

    Args:
        followed: a graph; an input's arguments are what it is, and its channel last; those of an operation over
            channels are the channel that it is for (``None``: all) and then a number at each.
        results: the numbers of each result, one for each channel.

    Raises:
        NotPointwise: the result of a channel is not made as the others are, or not of its own channel and of
            operations over all.
    """
    one = Scalars()
    seen: list[tuple[int, int | None]] = []  # of each scalar: its number in `one`, and its channel, `None` if of no one
    for operation, arguments in followed.made:
        if operation in OF_A_ROW or operation in CUMULATIVE:
            channel, *row = arguments
            alike = _alike([seen[number] for number in row])
            seen.append((0, MIXED) if alike is None else (one.over_channels(operation, alike), channel))
        elif operation == "input":
            seen.append((one.make("input", *arguments[:-1]), arguments[-1]))
        elif operation in ("constant", "channels"):
            seen.append((one.make(operation, *arguments), None))
        else:
            given = [seen[number] for number in arguments]
            places = {channel for _, channel in given if channel is not None}
            channel = None if not places else places.pop() if len(places) == 1 else MIXED
            seen.append((_again(one, operation, [number for number, _ in given]), channel))
    found = [_alike([seen[number] for number in result]) for result in results]
    if None in found:
        raise NotPointwise("a channel of its result depends on other channels, or on how many there are")
    return one, [number for number in found if number is not None]


def _alike(row: Sequence[tuple[int, int | None]]) -> int | None:
    """The number of a scalar that is there once at each channel, or of none in particular."""
    number = row[0][0]
    fits = all(each == number and channel in (None, place) for place, (each, channel) in enumerate(row))
    return number if fits else None


def _again(one: Scalars, operation: str, arguments: Sequence[Any]) -> int:
    """The operation, with what two arguments of a sum are called by in order."""
    made = getattr(one, operation, None) if operation in ("add", "subtract", "multiply", "divide", "negate") else None
    return one.make(operation, *arguments) if made is None else int(made(*arguments))
