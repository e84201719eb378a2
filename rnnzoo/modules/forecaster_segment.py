"""SegRNN: layers that read a past segment by segment, and write all segments that follow side by side.

S. Lin, W. Lin, W. Wu, F. Zhao, R. Mo, H. Zhang, "SegRNN: Segment Recurrent Neural Network for Long-Term Time Series
Forecasting", 2023, arXiv 2308.11200. Each channel by itself, in segments of w steps: relu(W_e x + b_e) of each of L / w
segments goes through the layers; from their last state one step each (parallel multi-step forecasting) with the input
[place of the segment; channel], both learned, of half the width; W_p of each output are the w steps of its segment.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from rnnzoo.modules.carried_layers import CarriedLayers, each_tensor
from rnnzoo.modules.layer_states import swap_rows
from rnnzoo.modules.past import ends_aligned


class SegmentForecaster(nn.Module):
    """For rows that are the channels of a window, one after the other.

    What is known of each step is an input of the segment it is in, as are the other channels of the past; what is known
    in advance, and the static numbers, are added to the place and channel by linear maps.

    Args:
        channels: of a row: the one to be forecast, and those known of the past alone.
        known, static: K and S.
        forecast: F, how many rows a window has.
        parameters_each: P.
        look_back, horizon: L and M.
        segment: w.
        layer, hidden_size, num_layers, layer_options: of the layers, which are causal.
        dropout: before W_p, and between the layers.

    Raises:
        ValueError: the look-back is not made of whole segments, or the width is odd; the layer is not causal.
    """

    def __init__(
        self,
        channels: int,
        known: int,
        static: int,
        forecast: int,
        parameters_each: int,
        look_back: int,
        horizon: int,
        *,
        segment: int,
        layer: str,
        hidden_size: int,
        num_layers: int = 1,
        dropout: float = 0.0,
        layer_options: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        if segment < 1 or look_back % segment:
            raise ValueError(
                f"segment is {segment} and the look-back {look_back} steps; expected a segment of which it is a "
                "multiple."
            )
        if hidden_size % 2:
            raise ValueError(f"hidden_size is {hidden_size}; expected an even one: a half each for place and channel.")
        self.segment, self.horizon = segment, horizon
        following = -(-horizon // segment)  # the last one may end beyond the horizon
        self.embedding = nn.Linear(segment * (channels + known), hidden_size)
        self.layers = CarriedLayers(
            layer, hidden_size, hidden_size, num_layers=num_layers, p=dropout, **(layer_options or {})
        )
        self.places = nn.Parameter(torch.randn(following, hidden_size // 2))
        self.channel = nn.Parameter(torch.randn(forecast, hidden_size // 2))
        self.known_map = nn.Linear(segment * known, hidden_size, bias=False) if known else None
        self.static_map = nn.Linear(static, hidden_size, bias=False) if static else None
        self.dropout = nn.Dropout(dropout)
        self.map = nn.Linear(self.layers.output_size, segment * parameters_each)

    def forward(self, past: Tensor, lengths: Tensor | None, known: Tensor, static: Tensor) -> Tensor:
        """The outputs (B * F, M, P) of past (B * F, L, channels); a short one is lengthened by its first value."""
        L, w = past.shape[1], self.segment
        x = torch.cat([past, known[:, :L].to(past.dtype)], dim=-1)
        segments = ends_aligned(x, lengths).unflatten(1, (-1, w)).transpose(2, 3).flatten(2)  # (BF, n, channels * w)
        _, state = self.layers(torch.relu(self.embedding(segments)))
        asked = self._asked(known[:, L:], static, past)  # (BF, m, H)
        m = asked.shape[1]
        state = tuple(
            swap_rows(each_tensor(swap_rows(one), lambda member: member.repeat_interleave(m, dim=0))) for one in state
        )
        y, _ = self.layers(asked.flatten(0, 1)[:, None], state)  # (BF * m, 1, H)
        y = self.map(self.dropout(y[:, 0])).view(len(past), m * w, -1)
        return y[:, : self.horizon]

    def _asked(self, ahead: Tensor, static: Tensor, past: Tensor) -> Tensor:
        """The input of each segment that follows, (BF, m, H)."""
        m, F = len(self.places), len(self.channel)
        half = self.places.shape[1]
        asked = torch.cat([self.places.expand(F, m, half), self.channel[:, None].expand(F, m, half)], dim=-1)
        asked = asked.repeat(len(past) // F, 1, 1)  # (BF, m, H)
        if self.known_map is not None:
            beyond = m * self.segment - self.horizon
            ahead = torch.cat([ahead, ahead[:, -1:].expand(-1, beyond, -1)], dim=1) if beyond else ahead
            ahead = ahead.to(past.dtype).unflatten(1, (m, -1)).transpose(2, 3).flatten(2)  # (BF, m, K * w)
            asked = asked + self.known_map(ahead)
        return asked if self.static_map is None else asked + self.static_map(static.to(past.dtype))[:, None]
