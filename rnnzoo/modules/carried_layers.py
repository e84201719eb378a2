"""Causal recurrent layers whose state is taken in and given back, so that a stream can be read window by window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from rnnzoo.modules.dropped_layers import KINDS
from rnnzoo.modules.layer_states import swap_rows
from rnnzoo.recurrent import create_layer
from rnnzoo.recurrent.options import find_entry, place_options
from rnnzoo.registry import unknown


class CarriedLayers(nn.Module):
    """A stack of ``num_layers`` layers of one architecture: (B, T, I) and a state to (B, T, O) and the next state.

    Args:
        layer: a registered, causal architecture.
        input_size, hidden_size, num_layers: as ``rnnzoo.create_layer`` says.
        last_size: the hidden size of the last layer, where it is not to be as the others'.
        p, kind: dropout between the layers: "fresh", another mask at every step, or "locked", one for all steps of a
            row in a window.
        options: further arguments of the architecture.

    A state is a tuple with that of each of ``layers``, in the form of its ``hx``.

    Raises:
        UnknownName: no such layer or kind.
        ValueError: the layer is bidirectional or not causal; or locked dropout or another last size in a stack of an
            architecture whose layers depend on one another.
    """

    def __init__(
        self,
        layer: str,
        input_size: int,
        hidden_size: int,
        *,
        num_layers: int = 1,
        last_size: int | None = None,
        p: float = 0.0,
        kind: str = "fresh",
        **options: Any,
    ) -> None:
        super().__init__()
        if kind not in KINDS:
            raise unknown("kind of dropout", kind, KINDS)
        entry = find_entry(layer)
        if options.get("bidirectional") or not entry.causal:
            raise ValueError(
                f"layer '{layer}' {'with bidirectional=True ' if options.get('bidirectional') else ''}reads a sequence "
                "from its end too, and a stream has none: what comes next would be known, and no state could be "
                "carried from window to window. Use a causal layer in one direction."
            )
        sizes = [hidden_size] * num_layers
        if last_size is not None:
            sizes[-1] = last_size
        apart = num_layers > 1 and ((p > 0 and kind != "fresh") or len(set(sizes)) > 1)
        if apart and place_options(entry.target, 0, num_layers):
            raise ValueError(
                f"layer '{layer}' needs its {num_layers} layers in one stack, where each knows its place; locked "
                "dropout between layers, or a last layer of another size, runs them one by one. Use fresh dropout "
                "and layers of one size, or one layer."
            )
        self.layers = nn.ModuleList()
        if apart:
            for size in sizes:
                self.layers.append(create_layer(layer, input_size, size, batch_first=True, **options))
                input_size = int(self.layers[-1].output_size)  # type: ignore[arg-type]
        else:
            drop = {"dropout": p if num_layers > 1 else 0.0}
            stack = {"num_layers": num_layers, "batch_first": True, **drop, **options}
            self.layers.append(create_layer(layer, input_size, sizes[-1], **stack))
        self.dropout = KINDS[kind](p) if apart and p else None
        self.output_size = int(self.layers[-1].output_size)  # type: ignore[arg-type]

    def initial_state(self, batch_size: int, *, device: Any = None, dtype: torch.dtype | None = None) -> Any:
        """The state before the first step, of ``batch_size`` rows."""
        return tuple(layer.initial_state(batch_size, device=device, dtype=dtype) for layer in self.layers)  # type: ignore[operator]

    def forward(self, x: Tensor, state: Any = None, lengths: Tensor | None = None) -> tuple[Tensor, Any]:
        """Outputs (B, T, O) of x (B, T, I), and the state behind the last step of each row."""
        final = []
        for i, layer in enumerate(self.layers):
            x, last = layer(x, None if state is None else state[i], lengths=lengths)
            final.append(last)
            if self.dropout is not None and i < len(self.layers) - 1:
                x = self.dropout(x)
        return x, tuple(final)

    def step(self, x: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """One step: x (B, I) and a state to (B, O) and the next state; nothing is dropped."""
        final = []
        for i, layer in enumerate(self.layers):
            x, last = layer.step(x, None if state is None else state[i])  # type: ignore[operator]
            final.append(last)
        return x, tuple(final)


def each_tensor(state: Any, change: Callable[..., Tensor], *others: Any) -> Any:
    """A state of the same form, every tensor changed; ``change`` gets those of ``others`` at the same place too."""
    if isinstance(state, Tensor):
        return change(state, *others)
    return tuple(each_tensor(one, change, *rest) for one, *rest in zip(state, *others, strict=True))


def restart(state: Any, initial: Any, starts: Tensor) -> Any:
    """``state``, but ``initial`` in the rows where ``starts`` (B,) is True."""

    def choose(old: Tensor, new: Tensor) -> Tensor:
        return torch.where(starts.to(old.device).view(-1, *[1] * (old.dim() - 1)), new, old)

    pairs = zip(state, initial, strict=True)
    return tuple(swap_rows(each_tensor(swap_rows(old), choose, swap_rows(new))) for old, new in pairs)
