"""Hybrid stacks: every n-th layer is of another architecture, such as attention over a window among recurrent layers.

    rnnzoo.RGLRU(64, 64, num_layers=6, wrappers={"block": {"conv": 4}},
                 hybrid={"layer": "window_attention", "every": 3, "window": 64, "heads": 4})

has two recurrent blocks and one of attention, twice, as Griffin has it. The states differ in shape: they are one tuple
a layer, that of attention its cache of keys and values, so that a step takes the same time at any t.

Source: De et al., "Griffin: Mixing Gated Linear Recurrences with Local Attention for Efficient Language Models", 2024,
arXiv 2402.19427.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rnnzoo.contracts import LayerEntry
from rnnzoo.recurrent.options import check_options, find_entry


class Hybrid:
    """Which layers of a stack are of another architecture, and how they are made.

    Args:
        given: "every" (n: the layers n, 2n, ... from below, counted from 1), "layer" (a registered name or a cell
            class; "window_attention"), and that architecture's options.
        num_layers: of the stack.
        among: the architecture of the other layers.

    Raises:
        TypeError: not a mapping, or an option that the architecture does not have.
        UnknownName: no such layer.
        ValueError: "every" is missing, or no number of layers from 1 to ``num_layers``; or the other layers depend on
            their first one.
    """

    def __init__(self, given: Mapping[str, Any], num_layers: int, among: LayerEntry) -> None:
        if not isinstance(given, Mapping):
            raise TypeError(f"hybrid is {given!r}; expected such as {{'layer': 'window_attention', 'every': 3}}.")
        self.options = dict(given)
        every = self.options.pop("every", None)
        if isinstance(every, bool) or not isinstance(every, int) or not 1 <= every <= num_layers:
            raise ValueError(
                f"hybrid['every'] is {every!r} and num_layers is {num_layers}; expected a whole number from 1 to "
                f"{num_layers}: every how many layers there is another."
            )
        entry = find_entry(self.options.pop("layer", "window_attention"))
        check_options(entry.name, entry.target, self.options)
        if hasattr(among.target, "first_value"):
            raise ValueError(
                f"layer '{among.name}' hands what its first layer sees to all above it, and layer '{entry.name}', "
                "which hybrid puts between them, takes none of it; use another layer, or no hybrid."
            )
        self.every, self.cell = every, entry.target

    def takes(self, layer_index: int) -> bool:
        """Whether the layer of this index, from 0, is of the other architecture."""
        return (layer_index + 1) % self.every == 0
