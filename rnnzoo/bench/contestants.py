"""Who can take part in a race: each runs a layer its own way, with the weights of torch's built-in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from rnnzoo.recurrent import Recurrent, create_layer


class StepLoop(nn.Module):
    """A loop over time as one writes it by hand: a step of the cell, the outputs stacked at the end."""

    def __init__(self, layer: Recurrent) -> None:
        super().__init__()
        self.cell: Any = layer.cells[0]

    def forward(self, x: Tensor) -> tuple[Tensor, Any]:
        """x (B, T, I) to the outputs (B, T, O) and the last state, in torch's shapes."""
        state = self.cell.initial_state(x.shape[0])
        outputs = []
        for t in range(x.shape[1]):
            y, state = self.cell.step(x[:, t], state)  # (B, O)
            outputs.append(y)
        final = tuple(member.unsqueeze(0) for member in state)  # (1, B, H) each
        return torch.stack(outputs, dim=1), final if len(final) > 1 else final[0]


class Contestant(NamedTuple):
    """A way to run a layer, and what it is in words."""

    description: str
    make: Callable[[str, nn.RNNBase], nn.Module]  # of the layer's name and torch's built-in, whose weights it takes


def _ours(layer: str, built_in: nn.RNNBase, backend: str | None = None) -> Recurrent:
    made = create_layer(
        layer, built_in.input_size, built_in.hidden_size, batch_first=True, backend=backend,
        dtype=built_in.weight_ih_l0.dtype,
    )  # fmt: skip
    made.load_state_dict(built_in.state_dict())
    return made


CONTESTANTS: dict[str, Contestant] = {
    "torch.nn": Contestant("torch's built-in", lambda layer, built_in: built_in),
    "rnnzoo": Contestant("the same layer of this package, by the backend that it chooses", _ours),
    "fast path": Contestant(
        'backend="torch", which every gated layer of this package can run on, without a compiler or a torch kernel',
        lambda layer, built_in: _ours(layer, built_in, "torch"),
    ),
    "step loop": Contestant(
        "a loop over cell.step, written by hand", lambda layer, built_in: StepLoop(_ours(layer, built_in, "reference"))
    ),
}
