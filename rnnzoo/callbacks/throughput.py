"""How fast a training runs and how much memory it takes."""

from __future__ import annotations

import sys
import time
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.strategies import Strategy
from torch import Tensor


class Throughput(Callback):
    """Measures the training steps alone, without validation and checkpoints, over all processes and resumed parts.

    | key | meaning | when |
    |---|---|---|
    | ``throughput/samples_per_second`` | rows of all processes in the epoch / seconds of its steps | each epoch |
    | ``memory/peak_bytes`` | the greatest memory so far, on this process | each epoch |

    Attributes:
        samples, steps, seconds: of the whole training so far.
        peak_memory_bytes: on CUDA the greatest of the tensors' memory since the training began; on the CPU the greatest
            resident size of the process since it was started (0 where the system doesn't tell).
    """

    def __init__(self) -> None:
        self.samples = 0
        self.steps = 0
        self.epochs = 0.0  # passes over the training batches
        self.seconds = 0.0
        self.peak_memory_bytes = 0
        self._epoch = (0, 0.0)  # samples and seconds when the epoch began
        self._since: float | None = None
        self._strategy: Strategy | None = None  # which knows the other processes
        self._rows: Tensor | int = 0  # of this process since the clock was started

    @property
    def samples_per_second(self) -> float:
        """Of the whole training so far; 0 before the first step."""
        return self.samples / self.seconds if self.seconds else 0.0

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Forget earlier peaks of the device."""
        self._strategy = trainer.strategy
        if pl_module.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(pl_module.device)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Remember where the epoch begins."""
        self._epoch = (self.samples, self.seconds)

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Start the clock where it stands still: at the beginning, and behind a validation and its checkpoint."""
        if self._since is None:
            self._since = time.perf_counter()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Count the batch's rows that are no fillers, and its step if the optimiser took one."""
        weights = batch.weights
        self._rows += ((weights > 0) if weights.ndim == 1 else (weights.flatten(1) > 0).any(1)).sum()
        self.steps = trainer.global_step
        self.epochs = (trainer.fit_loop.epoch_loop.total_batch_idx + 1) / trainer.num_training_batches

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stop the clock."""
        self._stop(pl_module)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stop the clock and log."""
        self._stop(pl_module)
        samples, seconds = self.samples - self._epoch[0], self.seconds - self._epoch[1]
        self.peak_memory_bytes = max(self.peak_memory_bytes, peak_memory(pl_module.device))
        if seconds > 0:
            pl_module.log("throughput/samples_per_second", samples / seconds)
        pl_module.log("memory/peak_bytes", float(self.peak_memory_bytes))

    def state_dict(self) -> dict[str, Any]:
        """What has been counted, up to this moment; every process has to ask."""
        running = 0.0 if self._since is None else time.perf_counter() - self._since
        return {
            "samples": self.samples + self._sum(self._rows),
            "steps": self.steps,
            "epochs": self.epochs,
            "seconds": self.seconds + running,
            "epoch": list(self._epoch),
            "peak_memory_bytes": self.peak_memory_bytes,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on counting from there; an earlier state (that of a best checkpoint to be tested) changes nothing."""
        if state_dict["samples"] >= self.samples:
            self.samples, self.steps = state_dict["samples"], state_dict["steps"]
            self.epochs = state_dict.get("epochs", 0.0)
            self.seconds, self.peak_memory_bytes = state_dict["seconds"], state_dict["peak_memory_bytes"]
            samples, seconds = state_dict.get("epoch", (self.samples, self.seconds))
            self._epoch = (samples, seconds)

    def _stop(self, module: LightningModule) -> None:
        """Stop the clock, and add what was counted while it ran; on all processes at once."""
        if self._since is None:
            return
        if module.device.type == "cuda":
            torch.cuda.synchronize(module.device)
        self.seconds += time.perf_counter() - self._since
        self._since = None
        self.samples += self._sum(self._rows)
        self._rows = 0

    def _sum(self, rows: Tensor | int) -> int:
        """Over all processes."""
        if self._strategy is None or not isinstance(rows, Tensor):
            return int(rows)
        return int(self._strategy.reduce(rows.clone(), reduce_op="sum"))


def peak_memory(device: torch.device) -> int:
    """The greatest memory in bytes: of tensors on a CUDA device, else of this process; 0 where it can't be known."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    if sys.platform == "win32":
        return 0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if sys.platform == "darwin" else peak * 1024)
