"""What datasets of labelled real-valued series share: splits, normalisation, the form of a step, classes or targets."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from rnnzoo.contracts import Spec
from rnnzoo.data._base import ZooData
from rnnzoo.data._batches import FlatSequences
from rnnzoo.data._labelled_series import LabelledSeries
from rnnzoo.data._measurements import FORMS, NORMALIZATIONS, MeasurementsCodec, channels_of, observed_moments
from rnnzoo.data._shares import draw_shares
from rnnzoo.data.text_csv import by_number
from rnnzoo.registry import unknown

VERSION = 1


class SeriesData(ZooData):
    """Series of D channels with a class (kind "label") or numbers (kind "value") each.

    A concrete dataset says where its series come from (``read``).

    Args:
        normalize: "none"; "series": each series and channel by its own mean and deviation; "train": each channel by
            those of all training steps.
        form: of a step: "values" alone, which refuses missing ones; "observed": values, masks, and for each the time
            since it was last observed, as GRU-D reads them (``layer_options: {missing: true}``); "gap": values, masks,
            and the time since the step before, for CfC and LTC (``{time_gap: true}``); "time": values, masks, and the
            time, for the phased LSTM (``{timestamps: true}``). Such layers need the model's ``embedding: none``.
        time_unit: what times are divided by in these forms.
        loading: the arguments of ``ZooData``.

    Raises:
        UnknownName: no such normalisation or form.
        ValueError: ``time_unit`` is not above 0.
    """

    kind: ClassVar[str] = "label"

    def __init__(self, *, normalize: str, form: str, time_unit: float = 1.0, **loading: Any) -> None:
        super().__init__(**loading)
        if normalize not in NORMALIZATIONS:
            raise unknown("normalize", normalize, NORMALIZATIONS)
        if form not in FORMS:
            raise unknown("form", form, FORMS)
        if not time_unit > 0:
            raise ValueError(f"time_unit is {time_unit}; expected a number above 0.")
        self.normalize = normalize
        self.form = form
        self.time_unit = time_unit
        self._given: Mapping[str, Sequence[LabelledSeries]] | None = None

    def read(self) -> Mapping[str, Sequence[LabelledSeries]]:
        """The series of each split."""
        raise NotImplementedError(f"{type(self).__name__} does not say where its series are.")

    @cached_property
    def series(self) -> Mapping[str, Sequence[LabelledSeries]]:
        """The series of each split as they are in the files, read at the first use."""
        series = self._given or self.read()
        self._check(series)
        return series

    @cached_property
    def codec(self) -> MeasurementsCodec:
        """Makes inputs of the splits' series, and of raw ones."""
        channels = self.series["train"][0].values.shape[1]
        moments: dict[str, Any] = {}
        if self.normalize == "train":
            whole = np.concatenate([one.values for one in self.series["train"]])
            mean, scale = observed_moments(whole)
            moments = {"mean": mean.tolist(), "scale": scale.tolist()}
        return MeasurementsCodec(
            channels, normalize=self.normalize, form=self.form, time_unit=self.time_unit, **moments
        )

    @property
    def labels(self) -> list[str]:
        """The classes of the training series, numbers in their order; or the names of the targets."""
        if self.kind == "label":
            return sorted({one.label for one in self.series["train"]}, key=by_number)
        numbers = len(self.series["train"][0].targets)
        return ["value"] if numbers == 1 else [f"value {i}" for i in range(1, numbers + 1)]

    @property
    def spec(self) -> Spec:
        """Real channels in; classes, or numbers with their mean and deviation in training, out."""
        labels = self.labels
        spec = Spec(
            kind=self.kind,
            input="real",
            input_size=channels_of(self.form, self.codec.channels),
            output_size=len(labels),
            labels=labels,
            padding_id=None,
            streaming=False,
            version=VERSION,
        )
        if self.kind == "value":
            mean, scale = observed_moments(np.array([one.targets for one in self.series["train"]]))
            spec |= Spec(target_mean=mean.tolist(), target_scale=scale.tolist())
        return spec

    @property
    def data_version(self) -> str:
        """The version of the preprocessing and a digest of the series and their splits."""
        digest = hashlib.sha256()
        for split, series in self.series.items():
            digest.update(f"{split} {len(series)}\n".encode())
            for one in series:
                digest.update(f"{one.values.shape} {one.label} {one.targets}\n".encode())
                digest.update(np.ascontiguousarray(one.values).tobytes() + np.ascontiguousarray(one.times).tobytes())
        return f"{VERSION}-{digest.hexdigest()[:12]}"

    def codec_state(self) -> dict[str, Any]:
        """The state of a ``MeasurementsCodec``."""
        return self.codec.state()

    def build_splits(self) -> dict[str, FlatSequences]:
        """Normalise the series and bring them into their form.

        Raises:
            ValueError: values are missing in a form without masks, or not finite.
        """
        codec, number = self.codec, {label: i for i, label in enumerate(self.labels)}
        splits = {}
        for split, series in self.series.items():
            rows = [codec.steps(one.times, one.values, one.place) for one in series]  # (T, C) each
            if self.kind == "value":
                targets: Any = np.array([one.targets for one in series], dtype=np.float32)  # (R, F)
            else:
                targets = [number[one.label] for one in series]
            splits[split] = FlatSequences(np.concatenate(rows), [len(row) for row in rows], targets)
        return splits

    def _check(self, splits: Mapping[str, Sequence[LabelledSeries]]) -> None:
        first = splits["train"][0]
        classes = {one.label for one in splits["train"]}
        if self.kind == "label" and len(classes) < 2:
            raise ValueError(f"the training series have one class only, {first.label!r}; expected at least two.")
        for one in (one for series in splits.values() for one in series):
            if bool(one.targets) != (self.kind == "value"):
                had, wanted = ("numbers", "classes") if one.targets else ("classes", "numbers")
                advice = "series_values" if one.targets else "series_files"
                raise ValueError(f"{one.place}: a series with {had}; expected {wanted}. Use the dataset {advice}.")
            if self.kind == "label" and one.label not in classes:
                raise ValueError(
                    f"{one.place}: class {one.label!r} is not among those of the training series, "
                    f"{', '.join(sorted(classes, key=by_number)[:20])}; add training series of it or remove this one."
                )
            if (one.values.shape[1], len(one.targets)) != (first.values.shape[1], len(first.targets)):
                raise ValueError(
                    f"{one.place}: {one.values.shape[1]} channel(s) and {len(one.targets)} target(s), {first.place} "
                    f"has {first.values.shape[1]} and {len(first.targets)}; expected the same."
                )


def hold_out(series: Sequence[LabelledSeries], share: float, seed: int) -> dict[str, Sequence[LabelledSeries]]:
    """Training and validation series: a share drawn by seed; 0: the training series are the validation series too.

    Raises:
        ValueError: a share outside [0, 1), or nothing left to train on.
    """
    if share == 0:
        return {"train": series, "validation": series}
    drawn = draw_shares(len(series), {"validation": share}, seed)
    return {split: [series[i] for i in rows] for split, rows in drawn.items()}
