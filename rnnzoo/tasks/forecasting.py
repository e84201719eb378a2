"""The steps that follow the past of a series: numbers, quantiles or distributions, at once or one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from rnnzoo.contracts import ForecastBatch, MetricSpec, Spec
from rnnzoo.modules.counted_uniforms import row_keys
from rnnzoo.modules.forecast_heads import create_head
from rnnzoo.modules.forecast_model import Given
from rnnzoo.modules.forecasters import create_forecast_model
from rnnzoo.modules.reversible_norm import Place
from rnnzoo.registry import TASKS
from rnnzoo.tasks._backtest import backtest_frame, backtest_split
from rnnzoo.tasks._base import SequenceTask
from rnnzoo.tasks._forecast_answers import Forecast, forecasts
from rnnzoo.tasks._forecast_scores import crps_of_draws, crps_of_quantiles, naive_errors, quantile_of_draws

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

ACCEPTS = ("forecast",)
METRICS = (
    MetricSpec("loss", "per number", False),
    MetricSpec("mse", "variances", False),
    MetricSpec("mae", "deviations", False),
    MetricSpec("real_mae", "real units", False),
    MetricSpec("mase", "naive errors", False),
    MetricSpec("crps", "real units", False),
    MetricSpec("coverage", "fraction", True),
    MetricSpec("nll", "nats", False),
)
BAND = (0.1, 0.9)
"""The levels between which 80 % of the numbers should be."""

QUANTILES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
DISTRIBUTIONS = ("gaussian", "student_t", "negative_binomial")


@TASKS.register(
    "forecasting",
    description="the M steps that follow the past of a series, with quantiles or a distribution of each (N to M)",
    accepts=ACCEPTS,
    metrics=METRICS,
)
class Forecasting(SequenceTask):
    """Parameters (B, M, F, P) of the F numbers of each of M steps, from pasts (B, L, C) and what is known beside them.

    ``mse`` and ``mae`` are of the numbers as the data gives them, standardised, as published tables have it: means over
    all windows, steps and channels. ``real_mae`` and ``crps`` are in real units; ``mase`` in those of the mean absolute
    error that what was a season ago has in training (the spec's ``naive_errors``, else in each window's past; numbers
    whose naive error is 0 have no share in it); ``coverage`` is the share of the numbers within the 80 % band; ``nll``
    is that of the standardised numbers, of counts of the counts themselves. A forecast's one number is the mean of its
    distribution; of paths that are drawn step by step, that of the draws. Validation draws nothing: it has no crps and
    coverage of distributions, and step by step it tells each the mean of the one before.

    Args:
        spec: the datamodule's, of kind "forecast".
        forecaster: "direct": all steps by one map of the last output; "recursive": one step at a time, each told the
            number before, in training the true one; "segment": SegRNN; without layers "linear", "dlinear", "naive" (the
            last value), "seasonal_naive" (that of a season ago) and "mean" (0: where the data are standardised).
        layer: any registered architecture; a causal one where it is recursive or segment-wise.
        hidden_size, num_layers, bidirectional, layer_options: of the layers.
        dropout: between the layers and before the map to the outputs.
        channels_apart: direct and recursive: one model for each channel by itself; the others always have it so.
        segment: steps of a segment of SegRNN's.
        moving_average: steps of DLinear's trend, an odd number.
        norm: of each window by its past: "none", "revin", "last" or "mean_scale", see ``modules.reversible_norm``;
            ``None``: as the forecaster's paper has it, "mean_scale" for counts.
        head: "point", "quantile", "gaussian", "student_t" or "negative_binomial" (counts).
        loss: of "point", "mse" or "mae".
        quantiles: rising levels of "quantile".
        samples: S, how many numbers or paths are drawn from a distribution.
        sample_seed: of what is drawn; a window's draws are the same in any batch.
        optimizer, learning_rate, weight_decay, schedule, warmup, clip_per_tensor, optimizer_options, loss_reduction:
            see ``SequenceTask``.

    Raises:
        UnknownName: a name is not known; near misses follow.
        ValueError: settings that don't go together, or a spec of another kind.
    """

    accepts = ACCEPTS
    metric_specs = METRICS

    def __init__(
        self,
        spec: Spec,
        forecaster: str = "direct",
        layer: str = "gru",
        hidden_size: int = 64,
        num_layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        channels_apart: bool = False,
        segment: int = 24,
        moving_average: int = 25,
        norm: str | None = None,
        head: str = "point",
        loss: str = "mse",
        quantiles: list[float] | None = None,
        samples: int = 100,
        sample_seed: int = 0,
        layer_options: dict[str, Any] | None = None,
        optimizer: str = "adam",
        learning_rate: float = 1e-3,
        weight_decay: float = 0.0,
        schedule: str = "constant",
        warmup: float = 0.0,
        clip_per_tensor: float | None = None,
        optimizer_options: dict[str, Any] | None = None,
        loss_reduction: str = "mean",
    ) -> None:
        self.levels = tuple(quantiles or QUANTILES) if head == "quantile" else ()
        self.is_drawn = head in DISTRIBUTIONS
        self.in_turn = forecaster == "recursive"
        super().__init__(
            spec,
            optimizer=optimizer,
            optimizer_options=optimizer_options,
            learning_rate=learning_rate,
            weight_decay=weight_decay,
            schedule=schedule,
            warmup=warmup,
            clip_per_tensor=clip_per_tensor,
            loss_reduction=loss_reduction,
        )
        self.save_hyperparameters()
        missing = [key for key in ("look_back", "horizon", "known", "static") if key not in self.spec]
        if missing:
            raise ValueError(f"spec lacks {', '.join(missing)}, which data of kind 'forecast' have; give data.spec.")
        if samples < 2:
            raise ValueError(f"samples is {samples}; expected at least 2, or there is no spread.")
        self.samples, self.sample_seed = samples, sample_seed
        self.model = create_forecast_model(
            self.spec,
            forecaster,
            create_head(head, loss, self.levels),
            norm=norm,
            channels_apart=channels_apart,
            segment=segment,
            moving_average=moving_average,
            bidirectional=bidirectional,
            layer=layer,
            hidden_size=hidden_size,
            num_layers=num_layers,
            dropout=dropout,
            layer_options=layer_options,
        )

    def forward(self, given: Given, **told: Any) -> Tensor:
        """See ``modules.forecast_model``: the parameters (B, M, F, P), or with ``paths`` drawn numbers (B, S, M, F)."""
        return self.model(given, **told)

    def outputs_of(self, batch: ForecastBatch) -> Tensor:
        """The parameters of a batch's numbers; step by step of a distribution, or in training, the targets are told."""
        told = {"targets": batch.targets, "there": batch.weights > 0} if self.training or self.is_drawn else {}
        return self(given(batch), **told)

    def drawn(self, batch: ForecastBatch) -> Tensor:
        """Numbers (B, S, M, F) from the distributions; step by step, whole paths."""
        keys = row_keys(self.sample_seed, batch.series, batch.origins)
        return self(given(batch), keys=keys, paths=self.samples)

    def metrics_of(self, spec: dict[str, Any]) -> tuple[MetricSpec, ...]:
        """Those that the head allows."""
        band = self.is_drawn or set(BAND) <= set(self.levels)
        allowed = {"crps": self.is_drawn or bool(self.levels), "coverage": band, "nll": self.is_drawn}
        return tuple(metric for metric in METRICS if allowed.get(metric.name, True))

    def metrics_in(self, split: str) -> tuple[MetricSpec, ...]:
        """In validation none that needs draws."""
        drawn = ("crps", "coverage") if self.is_drawn and split == "val" else ()
        return tuple(metric for metric in self.metric_specs if metric.name not in drawn)

    def losses(self, outputs: Tensor, batch: ForecastBatch) -> Tensor:
        """What the head says that each number (B, M, F) costs; 0 for those that are missing."""
        there = batch.weights > 0
        targets = batch.targets.where(there, 0)
        if self.model.head.counts:
            targets = given(batch).unit.leave(targets)
        return self.model.head.losses(outputs, targets).where(there, 0)

    def measures(self, outputs: Tensor, batch: ForecastBatch) -> dict[str, Any]:
        """Each number's share in the metrics of the split that is measured."""
        wanted = {metric.name for metric in self.metrics_in(self.measured_split)}
        there, scale = batch.weights > 0, batch.scale[:, None]  # (B, 1, F)
        targets = batch.targets.where(there, 0)
        found: dict[str, Any] = {}
        if self.is_drawn:
            found["nll"] = self.losses(outputs, batch)
        ordered = self.drawn(batch).sort(dim=1).values if self.is_drawn and "crps" in wanted else None
        error = (self._points(outputs, ordered, batch) - targets).where(there, 0)
        naive = self._naive_errors(batch)  # (B, 1, F), real units
        scaled = error.abs() * scale / naive.where(naive > 0, 1)
        found |= {"mse": error.square(), "mae": error.abs(), "real_mae": error.abs() * scale}
        found["mase"] = scaled, batch.weights * (naive > 0)
        if "crps" in wanted:
            crps = (
                crps_of_quantiles(outputs, self.levels, targets) if ordered is None else crps_of_draws(ordered, targets)
            )
            found["crps"] = crps.where(there, 0) * scale
        if "coverage" in wanted:
            low, high = self._quantiles(outputs, ordered, BAND)
            found["coverage"] = (low <= targets) & (targets <= high)
        return found

    def _naive_errors(self, batch: ForecastBatch) -> Tensor:
        """(B, 1, F) in real units: each series' own in training, else those of each window's past."""
        known = self.spec.get("naive_errors")
        if known:
            return torch.tensor(known, device=batch.scale.device, dtype=batch.scale.dtype)[batch.series][:, None]
        past = batch.inputs[..., : batch.targets.shape[2]]
        return (naive_errors(past, batch.lengths, int(self.spec.get("season", 1))) * batch.scale)[:, None]

    def _points(self, outputs: Tensor, ordered: Tensor | None, batch: ForecastBatch) -> Tensor:
        """One number (B, M, F) for each: of drawn paths the mean of the draws."""
        if self.in_turn and self.is_drawn:
            if ordered is not None:
                return ordered.mean(dim=1)
            outputs = self(given(batch))  # the others were told the targets
        return self.model.points(outputs, given(batch).unit)

    def _quantiles(self, outputs: Tensor, ordered: Tensor | None, levels: Any) -> list[Tensor]:
        """The quantiles (B, M, F) of these levels, from draws in rising order or, in rising order, the head's own."""
        if ordered is not None:
            return [quantile_of_draws(ordered, level) for level in levels]
        own = outputs.sort(dim=-1).values
        return [own[..., self.levels.index(level)] for level in levels]

    def predict(self, raw: Any, batch_size: int = 256) -> list[Forecast]:
        """What follows each series, with its dates: ``predict([frame])[0].frame``.

        Args:
            raw: a list of what the codec "forecast" encodes, such as frames with a ``DatetimeIndex``; or one frame.
            batch_size: how many are forecast at a time.

        Raises:
            ValueError: there is no codec, ``batch_size`` is below 1, or a series is not as the codec expects it.
        """
        one = hasattr(raw, "iloc") or isinstance(raw, Mapping)
        return super().predict([raw] if one else raw, batch_size)

    def backtest(
        self, data: Any, *, origins: Sequence[int] | None = None, stride: int = 1, batch_size: int = 256
    ) -> pd.DataFrame:
        """Rolling forecasts beside what came: a row an origin, step and channel, in real units.

        Args:
            data: a datamodule, whose test windows are forecast; or a frame, each of whose origins is forecast from the
                rows before it.
            origins: numbers of the first rows to be forecast; ``None``: all that are possible, every ``stride``-th.
            batch_size: how many are forecast at a time.

        Returns:
            Columns series, origin, step (from 1), time, channel, actual (NaN where missing), forecast, and one a
            quantile.

        Raises:
            ValueError: data of another spec, a frame that is too short, an origin that is none, a number below 1.
        """
        if stride < 1 or batch_size < 1:
            raise ValueError(f"stride is {stride} and batch_size {batch_size}; expected at least 1.")
        run = backtest_split if hasattr(data, "splits") else backtest_frame
        return run(self, data, origins, stride, batch_size)

    def pictures(self, batch: ForecastBatch) -> dict[str, Figure]:
        """ "forecast": the first window of the batch, with its bands and what came."""
        from rnnzoo.tasks._forecast_pictures import forecast_pictures

        return forecast_pictures(self, batch)

    def answers(self, outputs: Tensor, batch: ForecastBatch) -> list[Forecast]:
        """Each row's forecast in real units, its steps numbered from its origin."""
        return self._answers(outputs, batch, None, None)

    def answers_to(self, raw: list[Any], codec: Any, outputs: Tensor, batch: ForecastBatch) -> list[Forecast]:
        """As ``answers``, with the times that follow those of each item."""
        return self._answers(outputs, batch, raw, codec)

    def _answers(self, outputs: Tensor, batch: ForecastBatch, raw: list[Any] | None, codec: Any) -> list[Forecast]:
        unit = given(batch).unit
        ordered = self.drawn(batch).sort(dim=1).values if self.is_drawn else None
        points = unit.leave(self._points(outputs, ordered, batch))
        levels = self.levels or (QUANTILES if self.is_drawn else ())
        quantiles = [unit.leave(one) for one in self._quantiles(outputs, ordered, levels)] if levels else []
        return forecasts(self.spec, batch, points, levels, quantiles, raw, codec)


def given(batch: ForecastBatch) -> Given:
    """Of a batch what the model is given."""
    unit = Place(batch.location[:, None], batch.scale[:, None])
    return Given(batch.inputs, batch.lengths, batch.known, batch.static, unit)
