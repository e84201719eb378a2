"""Series as a model reads them: normalised, and where values are missing or times irregular, with masks and times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from rnnzoo.contracts import SequenceBatch
from rnnzoo.data._batches import unlabelled_batch
from rnnzoo.data._labelled_series import check_times, check_values
from rnnzoo.registry import CODECS, unknown

NORMALIZATIONS = ("none", "series", "train")
FORMS = ("values", "observed", "gap", "time")


def since_observed(times: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """The time since each channel was last observed before each step; since the beginning where it never was.

    So is delta of GRU-D, whatever is observed at the step itself: 0 at the first step, then s_t - s_{t-1}, plus the
    delta of the step before if nothing was observed there (arXiv 1606.01865, equation 2).

    Args:
        times: (T,) s, rising.
        observed: (T, D) whether there is a value.

    Returns:
        (T, D).
    """
    seen = np.where(observed, times[:, None], times[0])  # (T, D)
    last = np.maximum.accumulate(seen, axis=0)
    before = np.concatenate([np.broadcast_to(times[0], (1, observed.shape[1])), last[:-1]])
    return times[:, None] - before


def channels_of(form: str, channels: int) -> int:
    """How many channels a step of this form has, where it has so many values."""
    return {"values": channels, "observed": 3 * channels, "gap": 2 * channels + 1, "time": 2 * channels + 1}[form]


def steps_of(times: np.ndarray, values: np.ndarray, form: str) -> np.ndarray:
    """The channels of each step.

    Args:
        times: (T,), rising.
        values: (T, D), normalised; NaN where missing, which becomes 0 with a mask of 0.
        form: "values": as they are; "observed": values, masks, and for each the time since it was last observed (GRU-D
            with ``missing``); "gap": values, masks, and last the time since the step before (CfC and LTC with
            ``time_gap``); "time": values, masks, and last the time itself (phased LSTM with ``timestamps``).

    Returns:
        (T, C) float32, C as ``channels_of`` says.
    """
    if form == "values":
        return values.astype(np.float32)
    observed = ~np.isnan(values)
    parts = [np.where(observed, values, 0), observed]
    if form == "observed":
        parts.append(since_observed(times, observed))
    elif form == "gap":
        parts.append(np.diff(times, prepend=times[0])[:, None])
    else:
        parts.append(times[:, None])
    return np.concatenate(parts, axis=1).astype(np.float32)


@CODECS.register("measurements")
class MeasurementsCodec:
    """Series of D channels as a model reads them.

    An item is its values, an array-like (T, D), or (T,) where D is 1; or a pair of times (T,) and values, or a dict of
    "times" and "values". Without times they are 0, 1, 2, ... In the forms with masks NaN is a missing value.

    Args:
        channels: D.
        normalize: "none"; "series": each series and channel by its own mean and deviation; "train": each channel by
            ``mean`` and ``scale``, those of the training set.
        mean, scale: D numbers each.
        form: see ``steps_of``.
        time_unit: what times are divided by.

    Raises:
        UnknownName: no such normalisation or form.
        ValueError: means or scales that are not one a channel, or numbers not above 0.
    """

    def __init__(
        self,
        channels: int,
        normalize: str = "none",
        mean: Sequence[float] = (),
        scale: Sequence[float] = (),
        form: str = "values",
        time_unit: float = 1.0,
    ) -> None:
        if normalize not in NORMALIZATIONS:
            raise unknown("normalize", normalize, NORMALIZATIONS)
        if form not in FORMS:
            raise unknown("form", form, FORMS)
        if not time_unit > 0:
            raise ValueError(f"time_unit is {time_unit}; expected a number above 0.")
        if normalize == "train" and not (len(mean) == len(scale) == channels and min(scale) > 0):
            raise ValueError(f"mean is {list(mean)} and scale {list(scale)}; expected {channels} each, scales above 0.")
        self.channels = channels
        self.normalize = normalize
        self.mean, self.scale = list(mean), list(scale)
        self.form = form
        self.time_unit = time_unit

    def encode(self, raw: list[Any]) -> SequenceBatch:
        """``raw`` as a batch (B, T, C) of floats, padded with zeros behind.

        Raises:
            ValueError: nothing to encode, or an item of the wrong shape, with values that are infinite or, without
                masks, missing, or with times that do not rise; says which item and step.
        """
        if not len(raw):
            raise ValueError("there is no series to encode; expected at least one.")
        return unlabelled_batch([torch.from_numpy(self._read(item, f"series {i}")) for i, item in enumerate(raw)])

    def state(self) -> dict[str, Any]:
        """Primitives from which the codec is rebuilt."""
        return {
            "codec": "measurements", "channels": self.channels, "normalize": self.normalize, "mean": self.mean,
            "scale": self.scale, "form": self.form, "time_unit": self.time_unit,
        }  # fmt: skip

    def steps(self, times: np.ndarray, values: np.ndarray, place: str) -> np.ndarray:
        """One series, times (T,) and values (T, D) float64, as (T, C) float32.

        Raises:
            ValueError: as ``encode``; begins with ``place``.
        """
        check_times(times, place)
        check_values(values, place, gaps=self.form != "values")
        if self.normalize == "train":
            values = (values - np.array(self.mean)) / np.array(self.scale)
        elif self.normalize == "series":
            mean, scale = observed_moments(values)
            values = (values - mean) / scale
        return steps_of(times / self.time_unit, values, self.form)

    def _read(self, item: Any, place: str) -> np.ndarray:
        given: dict[str, Any] = {}
        if isinstance(item, Mapping):
            given = dict(item)
            if "values" not in given or set(given) - {"times", "values"}:
                raise ValueError(f"{place} has {', '.join(map(str, given))}; expected values, and possibly times.")
        else:
            given = dict(zip(("times", "values"), item, strict=True)) if isinstance(item, tuple) else {"values": item}
        values = np.asarray(given["values"], dtype=np.float64)
        if values.ndim == 1 and self.channels == 1:
            values = values[:, None]
        if values.ndim != 2 or values.shape[1] != self.channels or not len(values):
            raise ValueError(f"{place} has values of shape {values.shape}; expected (T, {self.channels}).")
        times = np.asarray(given.get("times", np.arange(len(values))), dtype=np.float64)
        if times.shape != values.shape[:1]:
            raise ValueError(f"{place} has times of shape {times.shape} for {len(values)} steps; expected as many.")
        return self.steps(times, values, place)


def observed_moments(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation (D,) of what is observed of values (N, D): 0 where nothing is, and 1 where nothing varies."""
    observed = ~np.isnan(values)
    count = np.maximum(observed.sum(axis=0), 1)
    mean = np.where(observed, values, 0).sum(axis=0) / count
    deviation = np.sqrt(np.square(np.where(observed, values - mean, 0)).sum(axis=0) / count)
    varies = deviation > 1e-12 * np.maximum(1, np.abs(mean))
    return mean, np.where(varies, deviation, 1.0)
