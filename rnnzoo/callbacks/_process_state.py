"""What each process has of its own in the middle of an epoch: its random numbers and the sums of its metrics."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch
from lightning.pytorch import LightningModule
from torchmetrics import Metric

from rnnzoo.tasks._gathered import gathered

State = dict[str, Any]
"""Tensors and plain values, so that reading it needs no pickled code."""


def process_states(module: LightningModule) -> list[State]:
    """The state of every process, in the order of their ranks; each process has to ask."""
    return gathered({"random": random_state(), "metrics": metric_states(module)})


def restore_process(state: State, module: LightningModule) -> None:
    """Put the state of this process back."""
    restore_metrics(state["metrics"], module)
    restore_random(state["random"])


def random_state() -> State:
    """Of python, numpy, torch, and of every CUDA device in use."""
    version, numbers, gauss = random.getstate()
    legacy: Any = np.random.get_state(legacy=False)
    return {
        "python": [version, torch.tensor(numbers), gauss],
        "numpy": {**legacy, "state": {**legacy["state"], "key": torch.tensor(legacy["state"]["key"].tolist())}},
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() and torch.cuda.is_initialized() else [],
    }


def restore_random(state: State) -> None:
    """Go on with the numbers that would have followed ``random_state``."""
    version, numbers, gauss = state["python"]
    random.setstate((version, tuple(numbers.tolist()), gauss))
    inner = {**state["numpy"]["state"], "key": state["numpy"]["state"]["key"].numpy().astype(np.uint32)}
    np.random.set_state({**state["numpy"], "state": inner})
    torch.set_rng_state(state["torch"].cpu())
    for device, one in enumerate(state["cuda"][: torch.cuda.device_count()]):
        torch.cuda.set_rng_state(one.cpu(), device)


def metric_states(module: LightningModule) -> State:
    """Of every metric of the task that has seen something since it was last reset."""
    return {
        name: {
            "updates": metric._update_count,
            "values": {key: _copy(getattr(metric, key)) for key in metric._defaults},
        }
        for name, metric in module.named_modules()
        if isinstance(metric, Metric) and metric._update_count
    }


def restore_metrics(states: State, module: LightningModule) -> None:
    """Let the metrics go on from ``metric_states``."""
    metrics = {name: metric for name, metric in module.named_modules() if isinstance(metric, Metric)}
    for name, state in states.items():
        metric = metrics[name]
        for key, value in state["values"].items():
            setattr(metric, key, _copy(value, metric.device))
        metric._update_count = state["updates"]
        metric._computed = None


def _copy(value: Any, device: torch.device | None = None) -> Any:
    if isinstance(value, list):
        return [_copy(entry, device) for entry in value]
    return value.detach().to("cpu", copy=True) if device is None else value.to(device, copy=True)
