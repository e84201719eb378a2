"""The trace ``gradient_norms``: the length of chosen gradients in every step, as they are before clipping."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fnmatch import fnmatchcase

from lightning.pytorch import LightningModule, Trainer
from torch.optim import Optimizer

from rnnzoo.callbacks._norm_meter import TOTAL, GradientNorm, NormMeter
from rnnzoo.callbacks.trace import Record, Trace, TraceValue

AFTER_STEP = 10
SMALL = 1e-3
CLIPPED = "_clipped"


class GradientNormTrace(Trace):
    """The L2 norm of gradients, read after the backward pass and before clipping, as nndl's chapter 6.2 does.

    A record is ``{"step": n, "W": norm, ...}``, n the optimiser steps done before; where the training clips, it also
    has ``W_clipped``, the norm afterwards. Summed up, for each: ``share_small_W``, the share of the steps after the
    10th in which the norm before clipping was below 1e-3. A step that is not taken (see ``NonFinite``) is not recorded.

    Args:
        tensors: name -> shell pattern of parameters' names; the norm is that of all their gradients together. ``None``:
            each parameter under its own name.
        every_n_steps: measure in every n-th step.

    Raises:
        ValueError: ``every_n_steps`` is below 1; a pattern that no parameter's name matches (when training begins).
    """

    def __init__(self, tensors: Mapping[str, str] | None = None, every_n_steps: int = 1) -> None:
        super().__init__()
        self.tensors = None if tensors is None else dict(tensors)
        self._meter = NormMeter(every_n_steps)

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Refuse a pattern that nothing matches."""
        names = [name for name, _ in pl_module.named_parameters()]
        for pattern in (self.tensors or {}).values():
            if not any(fnmatchcase(name, pattern) for name in names):
                raise ValueError(f"no parameter's name matches {pattern!r}; this model has {', '.join(names)}.")

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer) -> None:
        """Measure before clipping."""
        self._meter.before(trainer, pl_module)

    def on_after_clipping(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Measure after clipping and keep both."""
        found = [norm for norm in self._meter.after(trainer, pl_module) if norm.tensor != TOTAL]
        if not found:
            return
        record: Record = {"step": found[0].step}
        clips = bool(trainer.gradient_clip_val) or getattr(pl_module, "clip_per_tensor", None) is not None
        for name, norms in self._chosen(found).items():
            record[name] = math.hypot(*(norm.before for norm in norms))
            if clips:
                record[name + CLIPPED] = math.hypot(*(norm.after for norm in norms))
        self.records.append(record)

    def _chosen(self, found: list[GradientNorm]) -> dict[str, list[GradientNorm]]:
        if self.tensors is None:
            return {norm.tensor: [norm] for norm in found}
        return {
            name: [norm for norm in found if fnmatchcase(norm.tensor, pattern)]
            for name, pattern in self.tensors.items()
        }

    def summary(self) -> list[TraceValue]:
        """``share_small_<name>`` of each name; nothing where no step after the 10th was recorded."""
        later = [record for record in self.records if record["step"] >= AFTER_STEP]
        names = [name for name in (later[0] if later else {}) if name != "step" and not name.endswith(CLIPPED)]
        return [
            TraceValue(f"share_small_{name}", sum(r[name] < SMALL for r in later) / len(later), "fraction", len(later))
            for name in names
        ]
