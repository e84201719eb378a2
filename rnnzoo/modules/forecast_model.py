"""A forecaster between a normalisation that can be undone and a head: from a past to what is said of each number."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from rnnzoo.modules.counted_uniforms import counted_uniforms
from rnnzoo.modules.forecast_heads import ForecastHead
from rnnzoo.modules.forecaster_recursive import RecursiveForecaster
from rnnzoo.modules.past import filled_forward, last_step
from rnnzoo.modules.reversible_norm import Place, ReversibleNorm
from rnnzoo.ops.ragged import unless_full


class Given(NamedTuple):
    """Of a batch what a forecast is made from."""

    inputs: Tensor  # (B, L, C)
    lengths: Tensor | None  # (B,)
    known: Tensor  # (B, L + M, K)
    static: Tensor  # (B, S)
    unit: Place  # real units = location + scale * given, (B, 1, F) each


class ForecastModel(nn.Module):
    """Parameters (B, M, F, P) of each of the numbers that follow a past, or numbers drawn with them.

    Args:
        core: from (past, lengths, known, static) to (B, M, F * P), or a ``RecursiveForecaster``.
        norm: of the past.
        head: of the core's outputs.
        channels: F, to be forecast.
        horizon: M.
        apart: the core sees the channels to be forecast one at a time, each as a row of its own; for it F is 1.
    """

    def __init__(
        self,
        core: nn.Module,
        norm: ReversibleNorm,
        head: ForecastHead,
        channels: int,
        horizon: int,
        apart: bool = False,
    ) -> None:
        super().__init__()
        self.core, self.norm, self.head = core, norm, head
        self.channels, self.horizon, self.apart = channels, horizon, apart

    def forward(
        self,
        given: Given,
        targets: Tensor | None = None,
        there: Tensor | None = None,
        keys: Tensor | None = None,
        paths: int = 0,
    ) -> Tensor:
        """The parameters, of the numbers as they are given; those of counts, of real units.

        Args:
            targets, there: (B, M, F); what a recursive core is to be told of the steps before each, and where that is
                known; ``None``: its own forecasts.
            keys, paths: int64 (B,), and S; where there are keys: no parameters but drawn numbers (B, S, M, F), as
                they are given; of a recursive core whole paths, each step told what was drawn at the one before.
        """
        given = given._replace(lengths=unless_full(given.lengths, *given.inputs.shape[:2]))
        place = self.norm(given.inputs, given.lengths)  # (B, 1, C)
        window = self._window(given, place.enter(given.inputs))
        place = place.first(self.channels)
        if self.head.counts:
            place = Place(given.unit.leave(place.location), given.unit.scale * place.scale)
        rows = Place(*(self._folded(part) for part in place))
        if not isinstance(self.core, RecursiveForecaster):
            parameters = self._stated(self.core(*window), rows)  # (B, M, F, P)
            return parameters if keys is None else self._drawn_at_once(parameters, given.unit, keys, paths)
        if keys is not None:
            return self._drawn_in_turn(self.core, window, rows, given.unit, keys, paths)
        if targets is None or there is None:
            return self._stated(self.core(*window, self._own), rows)
        before = last_step(given.inputs, given.lengths)[:, : self.channels]
        told = filled_forward(targets, there, before)
        told = place.enter(given.unit.leave(told) if self.head.counts else told)
        return self._stated(self.core.taught(*window, self._folded(told)), rows)

    def points(self, parameters: Tensor, unit: Place) -> Tensor:
        """One number (B, M, F) for each, as the numbers are given."""
        points = self.head.points(parameters)
        return unit.enter(points) if self.head.counts else points

    def _window(self, given: Given, past: Tensor) -> tuple[Tensor, Tensor | None, Tensor, Tensor]:
        """What the core takes; where the channels are apart, a row for each."""
        if not self.apart:
            return past, given.lengths, given.known, given.static
        F = self.channels
        own, rest = self._folded(past[..., :F]), past[..., F:].repeat_interleave(F, dim=0)
        lengths = None if given.lengths is None else given.lengths.repeat_interleave(F)
        known, static = (part.repeat_interleave(F, dim=0) for part in (given.known, given.static))
        return torch.cat([own, rest], dim=-1), lengths, known, static

    def _folded(self, x: Tensor) -> Tensor:
        """(B, T, F) as the core's rows have it: (B * F, T, 1) where the channels are apart."""
        return x.transpose(1, 2).flatten(0, 1)[..., None] if self.apart else x

    def _stated(self, raw: Tensor, place: Place) -> Tensor:
        """(B, M, F, P) of a core's outputs."""
        parameters = self.head(raw.unflatten(-1, (-1, self.head.parameters_each)))  # (rows, M, F or 1, P)
        parameters = self.head.rescaled(parameters, *place)
        return parameters.unflatten(0, (-1, self.channels)).squeeze(3).transpose(1, 2) if self.apart else parameters

    def _own(self, raw: Tensor, step: int) -> Tensor:
        """What the next step is told of this one, (rows, F or 1), normalised: what the model takes for likely."""
        return self.head.expected(raw)

    def _numbers(self, paths: int, device: torch.device) -> Tensor:
        """Which of a row's uniform numbers each draw takes, (S, M, F, draws)."""
        shape = (paths, self.horizon, self.channels, self.head.draws)
        return torch.arange(int(torch.Size(shape).numel()), device=device).view(shape)

    def _drawn_at_once(self, parameters: Tensor, unit: Place, keys: Tensor, paths: int) -> Tensor:
        uniforms = counted_uniforms(keys, self._numbers(paths, keys.device))  # (B, S, M, F, draws)
        parameters = parameters[:, None].expand(-1, paths, -1, -1, -1)
        drawn = self.head.drawn(parameters, uniforms.to(parameters.dtype))
        return Place(*(part[:, None] for part in unit)).enter(drawn) if self.head.counts else drawn

    def _drawn_in_turn(
        self, core: RecursiveForecaster, window: tuple[Tensor, Tensor | None, Tensor, Tensor], place: Place,
        unit: Place, keys: Tensor, paths: int,
    ) -> Tensor:  # fmt: skip
        numbers = self._numbers(paths, keys.device)
        location, scale = (part.repeat_interleave(paths, dim=0) for part in place)  # (rows * S, 1, F or 1)
        drawn: list[Tensor] = []

        def draw(raw: Tensor, step: int) -> Tensor:
            parameters = self.head(raw.unflatten(-1, (-1, self.head.parameters_each)))
            parameters = self.head.rescaled(parameters, location[:, 0], scale[:, 0])  # (rows * S, F or 1, P)
            uniforms = counted_uniforms(keys, numbers[:, step])  # (B, S, F, draws)
            if self.apart:
                uniforms = uniforms.transpose(1, 2)[..., None, :].flatten(0, 1)  # (B * F, S, 1, draws)
            drawn.append(self.head.drawn(parameters, uniforms.flatten(0, 1).to(parameters.dtype)))
            return (drawn[-1] - location[:, 0]) / scale[:, 0]

        core(*window, draw, paths)
        found = torch.stack(drawn, dim=1).unflatten(0, (-1, paths))  # (rows, S, M, F or 1)
        if self.apart:
            found = found.squeeze(3).unflatten(0, (-1, self.channels)).movedim(1, 3)
        return Place(*(part[:, None] for part in unit)).enter(found) if self.head.counts else found
