"""What makes any cell trainable in depth, around it: regularisers, norms, learned starts, residuals and blocks.

A wrapped cell is a cell: the same step, forward, states, lengths. A stack says it in one line,

    rnnzoo.LSTM(10, 20, num_layers=2, wrappers={"zoneout": {"p": 0.1}, "layer_norm": {}})

and so does a configuration (``layer_options: {wrappers: {zoneout: {p: 0.1}}}``); ``wrap`` is for single cells. The
first one named is next to the cell, the last one outermost. Saved weights have the cell's own names: what a wrapper
adds comes beside them, so that a model trained under zoneout loads without it, and the other way round.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from rnnzoo.registry import unknown
from rnnzoo.registry.signatures import parameters_of
from rnnzoo.wrappers._wrapped import WrappedCell, WrapperError, innermost, shells
from rnnzoo.wrappers.block import Block
from rnnzoo.wrappers.highway import Highway
from rnnzoo.wrappers.layer_norm import LayerNorm
from rnnzoo.wrappers.learned_state import LearnedState
from rnnzoo.wrappers.recurrent_dropout import RecurrentDropout
from rnnzoo.wrappers.residual import Residual
from rnnzoo.wrappers.variational_dropout import VariationalDropout
from rnnzoo.wrappers.weight_drop import WeightDrop
from rnnzoo.wrappers.zoneout import Zoneout

__all__ = ["WRAPPERS", "WrappedCell", "WrapperError", "check_wrappers", "innermost", "shells", "wrap"]

WRAPPERS: dict[str, type[WrappedCell]] = {
    "block": Block,
    "highway": Highway,
    "layer_norm": LayerNorm,
    "learned_state": LearnedState,
    "recurrent_dropout": RecurrentDropout,
    "residual": Residual,
    "variational_dropout": VariationalDropout,
    "weight_drop": WeightDrop,
    "zoneout": Zoneout,
}
"""Every wrapper by name."""


def wrap(cell: nn.Module, wrappers: Mapping[str, Mapping[str, Any] | None]) -> Any:
    """The cell in its wrappers, the first one innermost.

    Args:
        cell: a cell (`contracts.Cell`).
        wrappers: the options of each wrapper by its name; None for no options.

    Raises:
        TypeError, UnknownName: as `check_wrappers`.
        WrapperError: the cell cannot bear the wrapper; the message names both.
        ValueError: an option is out of its range.
    """
    for name, options in check_wrappers(wrappers).items():
        cell = WRAPPERS[name](cell, **(options or {}))
    return cell


def check_wrappers(wrappers: Any) -> Mapping[str, Mapping[str, Any] | None]:
    """``wrappers`` itself, where it names wrappers and options that there are.

    Raises:
        TypeError: it is no mapping of mappings.
        UnknownName: no such wrapper or option; the message has near misses.
    """
    if not isinstance(wrappers, Mapping):
        raise TypeError(f"wrappers is {wrappers!r}; expected options by name, such as {{'zoneout': {{'p': 0.1}}}}.")
    for name, options in wrappers.items():
        if name not in WRAPPERS:
            raise unknown("wrapper", name, WRAPPERS)
        if not isinstance(options, (Mapping, type(None))):
            raise TypeError(f"wrappers['{name}'] is {options!r}; expected its options by name, or None for no options.")
        takes = [option for option in parameters_of(WRAPPERS[name]) if option != "cell"]
        for option in options or {}:
            if option not in takes:
                raise unknown(f"option of the wrapper {name}", option, takes)
    return wrappers
