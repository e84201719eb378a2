"""Pasts of series as a user has them, pandas' or plain numbers, into a batch; forecasts back into frames with dates."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from rnnzoo.contracts import ForecastBatch
from rnnzoo.data._calendar import calendar_features
from rnnzoo.data._forecasts import in_minutes
from rnnzoo.data._frequency import infer_frequency, next_times
from rnnzoo.data._panel import mean_and_deviation, standardised
from rnnzoo.data._raw_series import RawSeries, raw_series
from rnnzoo.data._series import carried_on, check_times, check_values, treat_gaps
from rnnzoo.registry import CODECS

if TYPE_CHECKING:
    import pandas as pd


@CODECS.register("forecast")
class ForecastCodec:
    """The last L rows of each series given, as a ``ForecastBatch``; and what a model says, as frames with the dates.

    An item is a ``pandas.DataFrame`` (or, with one channel, a ``Series``), best with a ``DatetimeIndex``; a dict of
    columns; an array (T, C) of the channels in their order; or the path of a CSV or Parquet file. More about it says a
    dict with "values", one of those: "series", the name of a series of the training data; "future", the columns known
    in advance of the M steps that follow (else these are the last rows, those in which no channel has a value);
    "static", a dict of numbers. A series that is not one of the training data is standardised by its own mean and
    deviation, of all rows given.

    Args:
        look_back, horizon: L and M.
        channels: the C columns, the ``targets`` F of them to be forecast first.
        masked: channels that may have missing values.
        known: columns known in advance; ``calendar``: features of the calendar.
        static: what does not change along a series, by name.
        frequency: of the times, in pandas' words; ``None``: none is known.
        missing, gaps: how both are treated, as ``ForecastData`` says.
        series: the names of the training data's S series.
        location, scale: (S, C), of each series.
        known_location, known_scale: (K,).
        static_values: (S, P).
    """

    def __init__(
        self,
        *,
        look_back: int,
        horizon: int,
        channels: Sequence[str],
        targets: int,
        masked: Sequence[str],
        known: Sequence[str],
        calendar: Sequence[str],
        static: Sequence[str],
        frequency: str | None,
        missing: str,
        gaps: str,
        series: Sequence[str],
        location: Sequence[Sequence[float]],
        scale: Sequence[Sequence[float]],
        known_location: Sequence[float],
        known_scale: Sequence[float],
        static_values: Sequence[Sequence[float]],
    ) -> None:
        self.look_back = look_back
        self.horizon = horizon
        self.channels = list(channels)
        self.targets = targets
        self.masked = list(masked)
        self.known = list(known)
        self.calendar = list(calendar)
        self.static = list(static)
        self.frequency = frequency
        self.missing = missing
        self.gaps = gaps
        self.series = list(series)
        self.location = [list(row) for row in location]
        self.scale = [list(row) for row in scale]
        self.known_location = list(known_location)
        self.known_scale = list(known_scale)
        self.static_values = [list(row) for row in static_values]

    def state(self) -> dict[str, Any]:
        """Primitives from which the codec is rebuilt."""
        return {"codec": "forecast", **vars(self)}

    def encode(self, raw: Any) -> ForecastBatch:
        """The batch of a list of items; targets are 0.

        Raises:
            TypeError, ValueError: there is none, or an item is none, too short, or not as the training data were (a
                column, a time, a value is missing, a gap); says which and where.
        """
        rows = [self._row(item) for item in self._items(raw)]
        B, M, F = len(rows), self.horizon, self.targets
        stacked = {key: torch.stack([row[key] for row in rows]) for key in rows[0]}
        return ForecastBatch(
            lengths=torch.full((B,), self.look_back),
            targets=torch.zeros(B, M, F),
            weights=torch.ones(B, M, F),
            starts=torch.ones(B, dtype=torch.bool),
            **stacked,
        )

    def frames(self, raw: Any, values: Any, names: Sequence[str] | None = None) -> list[pd.DataFrame]:
        """Forecasts (B, M, F) in real units as frames, each indexed by the M dates (else numbers) that follow its item.

        Args:
            raw: what was encoded.
            values: a tensor or an array.
            names: of the columns; ``None``: the channels that are forecast.

        Raises:
            TypeError, ValueError: as ``encode``, or values of another shape.
        """
        import pandas as pd

        items = self._items(raw)
        columns = self.channels[: self.targets] if names is None else list(names)
        array = np.asarray(values.detach().cpu() if isinstance(values, torch.Tensor) else values)
        if array.shape != (len(items), self.horizon, len(columns)):
            raise ValueError(
                f"values have shape {array.shape}; expected {(len(items), self.horizon, len(columns))}: items, "
                "horizon, columns."
            )
        return [
            pd.DataFrame(part, index=self.following(item), columns=columns)
            for part, item in zip(array, items, strict=True)
        ]

    def following(self, item: RawSeries) -> pd.Index:
        """The M dates (else numbers) after the last of an item."""
        import pandas as pd

        times = item.series.times
        if times is None:
            return pd.RangeIndex(item.next_row, item.next_row + self.horizon, name=item.index_name)
        frequency = self.frequency or infer_frequency(times)
        if frequency is None:
            raise ValueError(
                f"{item.series.name}: {len(times)} time(s) say no frequency; give at least 3, or none at all."
            )
        found = next_times(times[-1], frequency, self.horizon).rename(item.index_name)
        return found if item.timezone is None else found.tz_localize("UTC").tz_convert(item.timezone)

    def _items(self, raw: Any) -> list[RawSeries]:
        import pandas as pd

        if isinstance(raw, (pd.DataFrame, pd.Series, Mapping, str, os.PathLike)):
            raw = [raw]
        if not len(raw):
            raise ValueError("there is no series to encode; expected a list of at least one.")
        return [raw_series(item, f"item {number}", self.channels, self.known) for number, item in enumerate(raw)]

    def _row(self, item: RawSeries) -> dict[str, torch.Tensor]:
        """One row of each member of the batch that depends on the item."""
        series, L = item.series, self.look_back
        check_times(series)
        series = treat_gaps(series, self.frequency, self.gaps)
        check_values(series, self.channels, self.missing, self.known)
        T = len(series.values)
        if T < L:
            raise ValueError(f"{series.name} has {T} rows; this model reads the last {L}. Give at least as many.")
        number, location, scale = self._units(item)
        absent = np.isnan(series.values)
        for channel in np.flatnonzero(absent.any(axis=0)):
            if self.channels[channel] not in self.masked:
                row = int(absent[:, channel].argmax())
                raise ValueError(
                    f"{series.place(row)}: {self.channels[channel]} is missing, which it never was in the training "
                    "data; fill it in."
                )
        values = standardised(carried_on(series.values, location)[-L:], location, scale)  # (L, C)
        masks = ~absent[-L:, [self.channels.index(name) for name in self.masked]]  # (L, A)
        F = self.targets
        return {
            "inputs": torch.from_numpy(np.concatenate([values, masks.astype(np.float32)], axis=1)),
            "known": self._known(item._replace(series=series)),
            "static": torch.tensor(self._static(item, number)),
            "series": torch.tensor(max(number, 0)),
            "origins": torch.tensor(T),
            "location": torch.from_numpy(location[:F]).float(),
            "scale": torch.from_numpy(scale[:F]).float(),
        }

    def _units(self, item: RawSeries) -> tuple[int, np.ndarray, np.ndarray]:
        """The number of the item's series, -1 for one of its own, and its location and scale (C,)."""
        named = item.of_series
        if named is None and len(self.series) > 1:
            return -1, *mean_and_deviation(item.series.values, self.channels, f"in {item.series.name}")
        if named is not None and named not in self.series:
            raise ValueError(
                f"{item.series.name} says series {named!r}; the training data have {', '.join(self.series[:20])}. "
                "Name one of them, or none for a series of its own."
            )
        number = 0 if named is None else self.series.index(named)
        return number, np.array(self.location[number]), np.array(self.scale[number])

    def _known(self, item: RawSeries) -> torch.Tensor:
        """What is known in advance (L + M, K): own columns, then the calendar."""
        L, M, series = self.look_back, self.horizon, item.series
        parts = [torch.zeros(L + M, 0)]
        if self.known:
            if item.future is None or len(item.future) != M:
                raise ValueError(
                    f"{series.name}: {', '.join(self.known)} must be known of the {M} steps that follow; give "
                    '{"values": ..., "future": ...} with a frame of these columns and that many rows.'
                )
            both = np.concatenate([series.known[-L:], item.future])  # type: ignore[index]
            parts.append(
                torch.from_numpy(standardised(both, np.array(self.known_location), np.array(self.known_scale)))
            )
        if self.calendar:
            if series.times is None:
                raise ValueError(
                    f"{series.name} has no dates, and this model reads the calendar ({', '.join(self.calendar)}); give "
                    "a pandas frame with a DatetimeIndex."
                )
            ahead = self.following(item._replace(timezone=None)).to_numpy(dtype="datetime64[ns]")
            parts.append(calendar_features(in_minutes(np.concatenate([series.times[-L:], ahead])), self.calendar))
        return torch.cat(parts, dim=1)

    def _static(self, item: RawSeries, number: int) -> list[float]:
        """What does not change along the item's series: as given, else as in the training data."""
        if item.static is None and number >= 0:
            return self.static_values[number]
        given = item.static or {}
        absent = [name for name in self.static if name not in given]
        if absent:
            raise ValueError(
                f"{item.series.name} lacks {', '.join(absent)}; give {{'values': ..., 'static': {{name: number}}}}."
            )
        return [float(given[name]) for name in self.static]
