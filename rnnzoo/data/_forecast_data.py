"""What datasets of forecasting share: columns and their roles, parts in time, windows, and the codec."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np

from rnnzoo.contracts import Spec
from rnnzoo.data._base import SPLITS, ZooData
from rnnzoo.data._borders import Counts, Dates, Ends, Shares
from rnnzoo.data._calendar import check_calendar
from rnnzoo.data._checks import check_positive, check_positive_or_none
from rnnzoo.data._forecast_codec import ForecastCodec
from rnnzoo.data._forecasts import ForecastRows, Panel
from rnnzoo.data._frequency import check_frequency, infer_frequency, usual_season
from rnnzoo.data._panel import Statistics, panel_of, seasonal_errors, statistics_of
from rnnzoo.data._series import Table, check_policies, check_times, check_values, treat_gaps
from rnnzoo.registry import unknown


class _Prepared(NamedTuple):
    """What is known once the series have been read; their raw values are not kept."""

    columns: list[str]  # (C,), those to be forecast first
    targets: int  # F
    known: list[str]
    static: list[str]
    series: list[str]
    ends: list[Ends]
    statistics: Statistics
    panel: Panel
    frequency: str | None
    season: int
    naive_errors: list[list[float]] | None
    digest: str


class ForecastData(ZooData):
    """Windows over one or several series: L steps of the past, and the M steps that follow.

    A concrete dataset says where its series are (``read``) and where they are split (``borders``). The parts follow one
    another in time; the past of a validation or test window may reach back into the part before, its targets never do.
    Every channel of every series is standardised by the mean and standard deviation of its training part.

    Args:
        look_back: L.
        horizon: M.
        targets: columns to be forecast; ``None``: all (multivariate).
        past: columns of which only the past is known; ``None``: all that are not forecast.
        calendar: features known in advance: "hour", "weekday", "day" (of the month), "month", "yearday".
        stride: steps from one training window to the next.
        eval_stride: that of the validation and test windows.
        missing: "refuse" missing values, or "impute" them: the last value is carried on (the training mean where there
            is none before), each channel with missing values has one more that is 1 where a value was there, and
            missing targets have weight 0.
        gaps: what becomes of rows that the frequency demands and that are not there: "refuse", "insert" (with
            ``missing="impute"``) or "keep" (rows are steps, as trading days are).
        frequency: of the times, in pandas' words; ``None``: inferred.
        season: steps after which a series is like itself; ``None``: what is usual at this frequency.
        loading: the arguments of ``ZooData``.

    Raises:
        ValueError: a number below 1, or no such way to treat missing values or gaps.
        UnknownName: no such feature of the calendar.
    """

    version: ClassVar[int] = 1
    _given: Table | None = None  # series that come from no file

    def __init__(
        self,
        *,
        look_back: int = 96,
        horizon: int = 96,
        targets: Sequence[str] | None = None,
        past: Sequence[str] | None = None,
        calendar: Sequence[str] | None = None,
        stride: int = 1,
        eval_stride: int = 1,
        missing: str = "refuse",
        gaps: str = "refuse",
        frequency: str | None = None,
        season: int | None = None,
        **loading: Any,
    ) -> None:
        super().__init__(**loading)
        check_positive(look_back=look_back, horizon=horizon, stride=stride, eval_stride=eval_stride)
        check_positive_or_none(season=season)
        check_policies(missing, gaps)
        check_calendar(calendar or ())
        if frequency is not None:
            check_frequency(frequency)
        self.look_back = look_back
        self.horizon = horizon
        self.targets = None if targets is None else list(targets)
        self.past = None if past is None else list(past)
        self.calendar = list(calendar or ())
        self.strides = {"train": stride, "validation": eval_stride, "test": eval_stride}
        self.missing = missing
        self.gaps = gaps
        self.frequency = frequency
        self.season = season
        self._kept: _Prepared | None = None

    def read(self) -> Table:
        """All series, with their columns."""
        raise NotImplementedError(f"{type(self).__name__} does not say where its series are.")

    def borders(self) -> Counts | Shares | Dates:
        """Where the parts end."""
        raise NotImplementedError(f"{type(self).__name__} does not say how it is split.")

    @property
    def spec(self) -> Spec:
        """Channels in, channels to be forecast out."""
        made = self._prepared
        channels = [*made.columns, *mask_names(made)]
        spec = Spec(
            kind="forecast",
            input="real",
            input_size=len(channels),
            output_size=made.targets,
            look_back=self.look_back,
            horizon=self.horizon,
            known=len(made.known) + 2 * len(self.calendar),
            static=len(made.static),
            channels=channels,
            season=made.season,
            padding_id=None,
            streaming=False,
            version=self.version,
        )
        if made.naive_errors is not None:
            spec["naive_errors"] = made.naive_errors
        return spec

    @property
    def data_version(self) -> str:
        """The version of the preprocessing and a digest of the series and their borders."""
        return f"{self.version}-{self._prepared.digest[:12]}"

    def codec_state(self) -> dict[str, Any]:
        """The state of a ``ForecastCodec``: columns, frequency, means and deviations."""
        made = self._prepared
        return ForecastCodec(
            look_back=self.look_back,
            horizon=self.horizon,
            channels=made.columns,
            targets=made.targets,
            masked=[made.columns[channel] for channel in made.panel.masked],
            known=made.known,
            calendar=self.calendar,
            static=made.static,
            frequency=made.frequency,
            missing=self.missing,
            gaps=self.gaps,
            series=made.series,
            location=made.statistics.location.tolist(),
            scale=made.statistics.scale.tolist(),
            known_location=made.statistics.known_location.tolist(),
            known_scale=made.statistics.known_scale.tolist(),
            static_values=made.panel.static.tolist(),
        ).state()

    def build_splits(self) -> dict[str, ForecastRows]:
        """The windows of each part.

        Raises:
            ValueError: a part, or a series' training part, is too short for a single window.
        """
        made = self._prepared
        L, M = self.look_back, self.horizon
        splits = {}
        for split in SPLITS:
            stride = self.strides[split]
            origins, counts = [], []
            for name, end in zip(made.series, made.ends, strict=True):
                part = {"train": (0, end.train), "validation": end[:2], "test": end[1:]}[split]
                origin = max(part[0], L)
                count = (part[1] - M - origin) // stride + 1 if part[1] - M >= origin else 0
                if split == "train" and not count:
                    raise ValueError(
                        f"the training part{f' of series {name!r}' if name else ''} has {end.train} rows; look_back "
                        f"{L} and horizon {M} need {L + M} at least. Give shorter ones, or more rows."
                    )
                origins.append(origin)
                counts.append(count)
            if not sum(counts):
                longest = max(end[SPLITS.index(split)] - end[SPLITS.index(split) - 1] for end in made.ends)
                raise ValueError(
                    f"the {split} part has {longest} rows, horizon is {M} and look_back {L}: there is not one window. "
                    "Give a shorter horizon, or more rows to this part."
                )
            splits[split] = ForecastRows(
                made.panel, origins, counts, stride=stride, look_back=L, horizon=M, calendar=self.calendar
            )
        return splits

    @property
    def _prepared(self) -> _Prepared:
        if self._kept is None:
            self._kept = self._prepare()
        return self._kept

    def _prepare(self) -> _Prepared:
        """Read the series, check them, split and standardise them."""
        table = self.read() if self._given is None else self._given
        if not table.series:
            raise ValueError("there is no series; expected at least one.")
        targets, past = roles(table.columns, self.targets, self.past)
        columns = [*targets, *past]
        places = [table.columns.index(name) for name in columns]
        frequency = self.frequency
        treated = []
        for series in table.series:
            check_times(series)
            if frequency is None and series.times is not None:
                frequency = infer_frequency(series.times)
            series = treat_gaps(series._replace(values=series.values[:, places]), frequency, self.gaps)
            check_values(series, columns, self.missing, table.known)
            treated.append(series)
        table = table._replace(columns=columns, series=treated)
        ends = self.borders().of(treated)
        masked = np.flatnonzero(np.any([np.isnan(series.values).any(axis=0) for series in treated], axis=0)).tolist()
        statistics = statistics_of(table, ends)
        season = self.season or usual_season(frequency)
        return _Prepared(
            columns=columns,
            targets=len(targets),
            known=list(table.known),
            static=list(table.static),
            series=[series.name for series in treated],
            ends=ends,
            statistics=statistics,
            panel=panel_of(table, statistics, targets=len(targets), masked=masked, calendar=bool(self.calendar)),
            frequency=frequency,
            season=season,
            naive_errors=seasonal_errors(table, ends, len(targets), season),
            digest=digest_of(table, ends),
        )


def mask_names(made: _Prepared) -> list[str]:
    """The names of the channels that say where a value was there."""
    return [f"{made.columns[channel]} there" for channel in made.panel.masked]


def roles(
    columns: Sequence[str], targets: Sequence[str] | None, past: Sequence[str] | None
) -> tuple[list[str], list[str]]:
    """The columns to be forecast and those known of the past alone.

    Raises:
        UnknownName: no such column.
        ValueError: no column, or one that comes twice.
    """
    forecast = list(columns) if targets is None else list(targets)
    others = [name for name in columns if name not in forecast] if past is None else list(past)
    for name in (*forecast, *others):
        if name not in columns:
            raise unknown("column", name, columns)
    if not forecast:
        raise ValueError(f"targets is empty; expected at least one of {', '.join(columns)}.")
    if len({*forecast, *others}) != len(forecast) + len(others):
        raise ValueError(f"targets are {', '.join(forecast)}, past {', '.join(others)}; expected each column once.")
    return forecast, others


def digest_of(table: Table, ends: Sequence[Ends]) -> str:
    """A digest of the series' numbers (as float32), their times and their borders."""
    digest = hashlib.sha256(repr((table.columns, table.known, table.static, [tuple(end) for end in ends])).encode())
    for series in table.series:
        digest.update(series.values.astype("<f4").tobytes())
        digest.update(b"" if series.times is None else series.times.astype("<M8[ns]").tobytes())
        digest.update(b"" if series.known is None else series.known.astype("<f4").tobytes())
        digest.update(repr((series.name, series.static)).encode())
    return digest.hexdigest()
