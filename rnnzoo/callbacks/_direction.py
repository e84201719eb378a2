"""Which direction of a metric is better: the task says it, once."""

from __future__ import annotations

from lightning.pytorch import LightningModule

from rnnzoo.contracts import MetricSpec
from rnnzoo.registry import unknown


def metric_mode(module: LightningModule, metric: str) -> str:
    """ "max" or "min", as the task's own metrics declare.

    Raises:
        TypeError: ``module`` declares no metrics.
        UnknownName: it has no such metric.
    """
    specs: tuple[MetricSpec, ...] | None = getattr(module, "metric_specs", None)
    if specs is None:
        raise TypeError(
            f"{type(module).__name__} does not say which direction of '{metric}' is better (no `metric_specs`); "
            "give mode='max' or mode='min'."
        )
    directions = {spec.name: spec.higher_is_better for spec in specs}
    if metric not in directions:
        raise unknown("metric", metric, directions)
    return "max" if directions[metric] else "min"
