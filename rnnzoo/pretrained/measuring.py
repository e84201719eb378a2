"""A finished task's metrics on a split, as means over its elements."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import torch

from rnnzoo.contracts import SequenceBatch

if TYPE_CHECKING:
    from rnnzoo.tasks._base import SequenceTask


@torch.inference_mode()
def measure(task: SequenceTask, batches: Iterable[SequenceBatch]) -> dict[str, float]:
    """Each metric of ``task``, ``loss`` included, as the mean over the elements of ``batches``, in eval mode.

    Raises:
        ValueError: there is no element.
    """
    totals: dict[str, float] = {}
    weight = 0.0
    task.eval()
    for batch in batches:
        outputs = task(batch.inputs.to(task.device), batch.lengths)
        batch = batch._replace(targets=batch.targets.to(task.device), weights=batch.weights.to(task.device))
        for name, values in {**task.measures(outputs, batch), "loss": task.losses(outputs, batch)}.items():
            totals[name] = totals.get(name, 0.0) + float((values * batch.weights).sum(dtype=torch.float64))
        weight += float(batch.weights.sum(dtype=torch.float64))
    if not weight:
        raise ValueError("there is no element to measure; expected batches with a weight above 0.")
    return {name: total / weight for name, total in totals.items()}
