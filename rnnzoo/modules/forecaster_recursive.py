"""One step at a time: the layers are told the number before and what is known of this step, and carry their state.

As DeepAR has it (D. Salinas, V. Flunkert, J. Gasthaus, arXiv 1704.04110): the same layers read the past and write what
follows; in training they are told the true numbers, in forecasting their own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from rnnzoo.modules.carried_layers import CarriedLayers, each_tensor
from rnnzoo.modules.layer_states import swap_rows
from rnnzoo.modules.past import beside, last_step, one_ahead


class RecursiveForecaster(nn.Module):
    """At each step: the C channels of the step before, what is known of this step, and the static numbers.

    Channels of the past that are not to be forecast are not known later on: they keep their last value.

    Args:
        channels, known, static: C, K and S.
        forecast: F, how many of the channels are to be forecast.
        parameters_each: P of each of them.
        horizon: M.
        layer, hidden_size, num_layers, dropout, layer_options: of the layers, which are causal; dropout is before the
            map too.

    Raises:
        ValueError: the layer is not causal.
    """

    def __init__(
        self,
        channels: int,
        known: int,
        static: int,
        forecast: int,
        parameters_each: int,
        horizon: int,
        *,
        layer: str,
        hidden_size: int,
        num_layers: int = 1,
        dropout: float = 0.0,
        layer_options: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.horizon, self.forecast = horizon, forecast
        width = channels + known + static
        self.layers = CarriedLayers(
            layer, width, hidden_size, num_layers=num_layers, p=dropout, **(layer_options or {})
        )
        self.dropout = nn.Dropout(dropout)
        self.map = nn.Linear(self.layers.output_size, forecast * parameters_each)

    def taught(self, past: Tensor, lengths: Tensor | None, known: Tensor, static: Tensor, targets: Tensor) -> Tensor:
        """The outputs (B, M, F * P) where each step is told the ``targets`` (B, M, F) before it."""
        L = past.shape[1]
        first, state = self._read(past, lengths, known, static)
        rest = last_step(past, lengths)[:, None, targets.shape[2] :].expand(-1, self.horizon - 1, -1)
        told = torch.cat([targets[:, :-1].to(past.dtype), known[:, L + 1 :].to(past.dtype), rest], dim=-1)
        if self.horizon == 1:
            return self._mapped(first)[:, None]
        following, _ = self.layers(beside(told, static), state)  # (B, M - 1, H)
        return self._mapped(torch.cat([first[:, None], following], dim=1))

    def forward(
        self,
        past: Tensor,
        lengths: Tensor | None,
        known: Tensor,
        static: Tensor,
        feed: Callable[[Tensor, int], Tensor],
        paths: int = 1,
    ) -> Tensor:
        """The outputs (B * S, M, F * P) where each step is told what ``feed`` makes of the one before.

        Args:
            past, lengths, known, static: as of other forecasters.
            feed: of a step's outputs (B * S, F * P) and its number the F channels (B * S, F) at that step.
            paths: S, how many continue each past; a past's are neighbours.
        """
        L = past.shape[1]
        h, state = self._read(past, lengths, known, static)
        last = last_step(past, lengths)
        if paths > 1:
            state = tuple(swap_rows(each_tensor(swap_rows(one), lambda t: _repeated(t, paths))) for one in state)
            h, last, known, static = (_repeated(part, paths) for part in (h, last, known, static))
        outputs = [self._mapped(h)]
        now = feed(outputs[0], 0).to(past.dtype)
        # what no step changes is put together once: what a step itself costs is to be the layers'
        rest = torch.cat([last[:, now.shape[1] :], static.to(past.dtype)], dim=-1)
        fixed = torch.cat([known[:, L:].to(past.dtype), rest[:, None].expand(-1, self.horizon, -1)], dim=-1).unbind(1)
        has_more, take_step, weight, bias = fixed[0].shape[1] > 0, self.layers.step, self.map.weight, self.map.bias
        for step in range(1, self.horizon):
            h, state = take_step(torch.cat([now, fixed[step]], dim=-1) if has_more else now, state)
            y = nn.functional.linear(self.dropout(h) if self.training else h, weight, bias)
            outputs.append(y)
            now = feed(y, step).to(past.dtype)
        return torch.stack(outputs, dim=1)

    def _read(self, past: Tensor, lengths: Tensor | None, known: Tensor, static: Tensor) -> tuple[Tensor, Any]:
        """The output of the layers (B, H) and their state behind the past."""
        F = self.forecast
        ahead = one_ahead(known, lengths, past.shape[1]).to(past.dtype)
        features, state = self.layers(
            beside(torch.cat([past[..., :F], ahead, past[..., F:]], dim=-1), static), lengths=lengths
        )
        return last_step(features, lengths), state

    def _mapped(self, h: Tensor) -> Tensor:
        return self.map(self.dropout(h) if self.training else h)


def _repeated(rows: Tensor, times: int) -> Tensor:
    return rows.repeat_interleave(times, dim=0)
