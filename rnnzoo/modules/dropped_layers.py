"""Recurrent layers on top of one another, each behind a dropout of its inputs."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from rnnzoo.contracts import GateValues
from rnnzoo.modules.locked_dropout import LockedDropout
from rnnzoo.recurrent import create_layer, gate_values
from rnnzoo.recurrent.options import find_entry, place_options
from rnnzoo.registry import unknown

KINDS: dict[str, type[nn.Module]] = {"locked": LockedDropout, "fresh": nn.Dropout}
"""One mask over all steps of a sequence, or another at every step."""


class DroppedLayers(nn.Module):
    """A stack of ``num_layers`` layers of one architecture; the inputs of every one, the first too, are dropped.

    What torch's ``dropout`` leaves as it is: the inputs of the first layer. Keras drops inputs, ``kind="locked"``.

    Args:
        layer: a registered architecture.
        input_size, hidden_size, num_layers, bidirectional: as ``rnnzoo.create_layer`` says; both directions of a layer
            see the same input.
        p: the share of the inputs that is dropped in training.
        kind: "locked": one mask for all steps of a row; "fresh": another at every step.
        options: further arguments of the architecture.

    Raises:
        UnknownName: no such layer or kind.
        ValueError: ``p`` is no share; or several layers of an architecture whose layers depend on one another.
    """

    def __init__(
        self,
        layer: str,
        input_size: int,
        hidden_size: int,
        *,
        num_layers: int = 1,
        bidirectional: bool = False,
        p: float = 0.0,
        kind: str = "locked",
        **options: Any,
    ) -> None:
        super().__init__()
        if kind not in KINDS:
            raise unknown("kind of dropout", kind, KINDS)
        if num_layers > 1 and place_options(find_entry(layer).target, 0, num_layers):
            raise ValueError(
                f"layer '{layer}' needs its {num_layers} layers in one stack, where each knows its place; a dropout of "
                "every layer's inputs runs them one by one. Use dropout between layers, or one layer."
            )
        self.dropouts = nn.ModuleList(KINDS[kind](p) for _ in range(num_layers))
        self.layers = nn.ModuleList()
        self.output_size = input_size
        for _ in range(num_layers):
            recurrent = create_layer(
                layer, self.output_size, hidden_size, bidirectional=bidirectional, batch_first=True, **options
            )
            self.layers.append(recurrent)
            self.output_size = recurrent.output_size

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, list[Any]]:
        """(B, T, I) -> the last layer's outputs (B, T, O), and the final state of each layer."""
        final = []
        for dropout, layer in zip(self.dropouts, self.layers, strict=True):
            x, state = layer(dropout(x), lengths=lengths)  # (B, T, O)
            final.append(state)
        return x, final

    def step(self, x: Tensor, hx: Any = None) -> tuple[Tensor, list[Any]]:
        """One step: x (B, I) and a state as ``forward`` gives it to (B, O) and the next state; nothing is dropped."""
        final = []
        for i, layer in enumerate(self.layers):
            x, state = layer.step(x, None if hx is None else hx[i])  # type: ignore[operator]
            final.append(state)
        return x, final

    def gate_values(self, x: Tensor, lengths: Tensor | None = None) -> dict[str, GateValues]:
        """Gates and states of every layer over x (B, T, I), by "l0", "l0_reverse", "l1", ...; see `rnnzoo.gate_values`.

        Raises:
            NoGates: the architecture has none.
            TypeError, ValueError: as ``forward``.
        """
        found: dict[str, GateValues] = {}
        for i, (dropout, layer) in enumerate(zip(self.dropouts, self.layers, strict=True)):
            x = dropout(x)
            inside: dict[str, GateValues] = gate_values(layer, x, lengths=lengths)
            found |= {f"l{i}{key.removeprefix('l0')}": values for key, values in inside.items()}
            x, _ = layer(x, lengths=lengths)  # (B, T, O)
        return found
