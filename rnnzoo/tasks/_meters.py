"""What is measured of a batch, on its way into the meters that sum it up over a split."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from torchmetrics import Metric

from rnnzoo.contracts import MetricSpec
from rnnzoo.metrics import WeightedMean


def update_meters(
    metrics: Iterable[MetricSpec], meters: Mapping[str, Metric], measured: Mapping[str, Any], batch: Any
) -> None:
    """Add a batch to the meter of every metric.

    Args:
        metrics: those to be updated.
        meters: by the metric's name.
        measured: by the metric's name, what ``SequenceTask.measures`` gives, and the loss of each element.
        batch: whose ``weights`` the elements have that come without.
    """
    for metric in metrics:
        meter, found = meters[metric.name], measured[metric.name]
        if isinstance(meter, WeightedMean):
            values, weights = found if isinstance(found, tuple) else (found, batch.weights)
            meter.update((values * weights).sum(), weights.sum())
        else:
            meter.update(*found)
