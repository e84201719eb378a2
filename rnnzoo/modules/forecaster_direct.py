"""All M steps of a forecast at once, by one map of the last output of any recurrent layers."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from rnnzoo.modules.encoder import Encoder
from rnnzoo.modules.past import beside
from rnnzoo.modules.pooling import Last


class DirectForecaster(nn.Module):
    """The past (B, L, C) with what is known beside it, through layers; h their last output (B, H).

    y_m = W_m h + b_m, and where something is known of the step m in advance, + V relu(U k_m + A h).

    Args:
        channels, known, static: C, K and S.
        outputs: numbers a step, F times the parameters of each.
        horizon: M.
        layer, hidden_size, num_layers, bidirectional, dropout, layer_options: of the layers; dropout is before the
            maps too.
    """

    def __init__(
        self,
        channels: int,
        known: int,
        static: int,
        outputs: int,
        horizon: int,
        *,
        layer: str,
        hidden_size: int,
        num_layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        layer_options: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.horizon = horizon
        self.encoder = Encoder(
            "real",
            channels + known + static,
            layer=layer,
            hidden_size=hidden_size,
            num_layers=num_layers,
            bidirectional=bidirectional,
            dropout=dropout,
            embedding="none",
            layer_options=layer_options,
        )
        width = self.encoder.output_size
        self.last = Last(width, self.encoder.directions)
        self.dropout = nn.Dropout(dropout)
        self.map = nn.Linear(width, horizon * outputs)
        self.state_in_step = nn.Linear(width, hidden_size) if known else None
        self.known_in_step = nn.Linear(known, hidden_size, bias=False) if known else None
        self.step_map = nn.Linear(hidden_size, outputs, bias=False) if known else None

    def forward(self, past: Tensor, lengths: Tensor | None, known: Tensor, static: Tensor) -> Tensor:
        """The outputs (B, M, outputs) of past (B, L, C), known (B, L + M, K) and static (B, S)."""
        L = past.shape[1]
        x = beside(torch.cat([past, known[:, :L].to(past.dtype)], dim=-1), static)  # (B, L, C + K + S)
        features, lengths = self.encoder(x, lengths)  # (B, L, H)
        h = self.dropout(self.last(features, lengths))  # (B, H)
        y = self.map(h).view(len(h), self.horizon, -1)  # (B, M, outputs)
        if self.state_in_step is None or self.known_in_step is None or self.step_map is None:
            return y
        step = torch.relu(self.known_in_step(known[:, L:].to(past.dtype)) + self.state_in_step(h)[:, None])
        return y + self.step_map(step)
