"""A loss or a gradient that is not finite stops the training before it reaches the weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor
from torch.optim import Optimizer


class NonFiniteError(FloatingPointError):
    """Training met a value that is NaN or infinite; the message names the first such tensor and the step."""


class NonFinite(Callback):
    """Raises ``NonFiniteError`` in a step whose loss or gradient is not finite, before it changes the weights.

    One number is looked at in each step: the sum of the loss and every entry of every gradient, which is not finite
    where one of them isn't. Only then is the first bad tensor searched for, in this order: the inputs, the parameters,
    the loss, the gradients, each in forward order; a sum that only overflowed stops nothing. Checkpoints and logs stay
    as they are. With a gradient scaler (``precision="16-mixed"``) gradients that overflow are expected: their step is
    skipped and the scale halved. They are looked at once the scale is down to 1: then it is not the scale's doing, and
    the scaler would go on skipping steps for ever. On a GPU looking makes each step wait for the one number.

    Where it is a finding that a training diverges, ``end_training`` ends it in place of the error: the step is not
    taken, its gradients are dropped before other callbacks see them clipped, and a last validation follows.

    Args:
        every_n_steps: look at every n-th step only; what goes wrong between shows in the next, in the weights.
        end_training: end the training without an error. It should look at every step then.

    Attributes:
        diverged_at_step: the step that was not taken; None while there was none.

    Raises:
        ValueError: ``every_n_steps`` is below 1.
    """

    def __init__(self, every_n_steps: int = 1, *, end_training: bool = False) -> None:
        if every_n_steps < 1:
            raise ValueError(f"every_n_steps is {every_n_steps}; expected at least 1.")
        self.every_n_steps = every_n_steps
        self.end_training = end_training
        self.diverged_at_step: int | None = None
        self._batch: Any = None
        self._loss: Tensor | None = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """A training that had diverged before it was interrupted is not gone on with."""
        if self.diverged_at_step is not None:
            trainer.should_stop = True

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Remember the batch, to look into it if need be."""
        self._batch = batch

    def on_before_backward(self, trainer: Trainer, pl_module: LightningModule, loss: Tensor) -> None:
        """Remember the loss."""
        self._loss = loss.detach()

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Let go of the last batch."""
        self._batch = self._loss = None

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer) -> None:
        """Look; where something is not finite, raise or end."""
        if trainer.global_step % self.every_n_steps or self._loss is None:
            return
        scaler = getattr(trainer.precision_plugin, "scaler", None)
        expected = scaler is not None and scaler.get_scale() > 1
        gradients = [] if expected else [p.grad for p in pl_module.parameters() if p.grad is not None]
        if torch.isfinite(torch.stack([self._loss.float(), *(gradient.sum().float() for gradient in gradients)]).sum()):
            return
        tensors = self._tensors(pl_module, bool(gradients))
        bad = [name for name, tensor in tensors if not torch.isfinite(tensor).all()]
        if bad and not self.end_training:
            raise NonFiniteError(self._describe(trainer, bad, scaled=scaler is not None and not expected))
        if bad:
            self.diverged_at_step = trainer.global_step
            trainer.should_stop = True
            for parameter in pl_module.parameters():
                parameter.grad = None

    def state_dict(self) -> dict[str, Any]:
        """Whether and where the training diverged."""
        return {"diverged_at_step": self.diverged_at_step}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take it back."""
        self.diverged_at_step = state_dict["diverged_at_step"]

    def _describe(self, trainer: Trainer, bad: list[str], scaled: bool) -> str:
        first, others = bad[0], bad[1:]
        also = f" (then {', '.join(others[:4])}{', ...' if len(others) > 4 else ''})" if others else ""
        whole = "" if any(name.startswith("parameter") for name in bad) else " The weights are still finite."
        return (
            f"{first} is not finite in step {trainer.global_step} (epoch {trainer.current_epoch}){also}"
            f"{', with the loss scaled by 1 or less: float16 does not hold it' if scaled else ''}.{whole} "
            "Lower the learning rate or clip the gradients (gradient_clip_val, clip_per_tensor); if an input is named, "
            "look into the data."
        )

    def _tensors(self, module: LightningModule, with_gradients: bool) -> Iterator[tuple[str, Tensor]]:
        inputs = getattr(self._batch, "inputs", self._batch)
        named = inputs.items() if isinstance(inputs, dict) else [("", inputs)]
        for key, value in named:
            if isinstance(value, Tensor) and value.is_floating_point():
                yield f"input{f' {key}' if key else ''} of the batch", value
        for name, parameter in module.named_parameters():
            yield f"parameter {name}", parameter
        if self._loss is not None:
            yield "the loss", self._loss
        if with_gradients:
            for name, parameter in module.named_parameters():
                if parameter.grad is not None:
                    yield f"gradient of {name}", parameter.grad
