"""A finished task's metrics on a split, over all its elements."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import torch

from rnnzoo.tasks._meters import update_meters

if TYPE_CHECKING:
    from rnnzoo.tasks._base import SequenceTask


@torch.inference_mode()
def measure(task: SequenceTask, batches: Iterable[Any]) -> dict[str, float]:
    """Each metric of ``task``, ``loss`` included, over the elements of ``batches``, in eval mode.

    Raises:
        ValueError: there is no element.
    """
    task.eval()
    task.measured_split = "test"
    meters = {metric.name: task.create_meter(metric).to(task.device) for metric in task.metric_specs}
    seen = False
    for given in batches:
        batch = task.transfer_batch_to_device(given, task.device, 0)
        outputs = task.outputs_of(batch)
        measured = {"loss": task.losses(outputs, batch), **task.measures(outputs, batch)}
        update_meters(task.metric_specs, meters, measured, batch)
        seen = seen or bool((batch.weights > 0).any())
    if not seen:
        raise ValueError("there is no element to measure; expected batches with a weight above 0.")
    return {name: float(meter.compute()) for name, meter in meters.items()}
