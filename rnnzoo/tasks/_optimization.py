"""Optimisers and learning-rate schedules by name."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from lightning.pytorch import Trainer
from lightning.pytorch.plugins import MixedPrecision
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from rnnzoo.registry import unknown

OPTIMIZERS: dict[str, type[Optimizer]] = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
    "sgd": torch.optim.SGD,
}
NOT_OPTIONS = ("params", "lr", "weight_decay", "fused", "foreach", "capturable", "differentiable")
FUSED = ("adam", "adamw", "sgd")  # one kernel for all parameters, on the CPU and on CUDA


def create_optimizer(
    name: str,
    model: nn.Module,
    *,
    learning_rate: float,
    weight_decay: float = 0.0,
    fused: bool = True,
    options: Mapping[str, Any] | None = None,
) -> Optimizer:
    """The optimiser called ``name`` over the trainable parameters of ``model``, in the groups its cells declare.

    Args:
        name: one of ``OPTIMIZERS``.
        model: a module of it may have ``parameter_groups()``: a list of dicts as torch's optimisers take them
            (``{"params": [...], "weight_decay": 0.0}``); every other parameter gets the settings given here.
        learning_rate, weight_decay: of the parameters that are in no group of their own.
        fused: use the fused kernel where there is one for the optimiser and the device.
        options: further settings, such as ``eps``, where they are not to be torch's defaults.

    Raises:
        UnknownName: no such optimiser or option.
        ValueError: a setting is negative, nothing is trainable, or two groups claim a parameter.
    """
    check_optimizer(name, options or {})
    for setting, value in (("learning_rate", learning_rate), ("weight_decay", weight_decay)):
        if not value >= 0:
            raise ValueError(f"{setting} is {value}; expected 0 or more.")
    groups = parameter_groups(model)
    settings: dict[str, Any] = {"lr": learning_rate, "weight_decay": weight_decay, **(options or {})}
    devices = {parameter.device.type for group in groups for parameter in group["params"]}
    if fused and name in FUSED and devices <= {"cpu", "cuda"}:
        settings["fused"] = True
    return OPTIMIZERS[name](groups, **settings)


def may_be_fused(trainer: Trainer) -> bool:
    """Whether ``trainer`` leaves a fused optimiser its gradients as they are to be used.

    Not with a gradient scaler: a fused optimiser divides by the scale itself, after clipping. Nor where Lightning is to
    clip in mixed precision: it refuses a fused optimiser there, with a scaler or without one.
    """
    plugin = trainer.precision_plugin
    clips = isinstance(plugin, MixedPrecision) and bool(trainer.gradient_clip_val)
    return getattr(plugin, "scaler", None) is None and not clips


def check_optimizer(name: str, options: Mapping[str, Any]) -> None:
    """Refuse an unknown optimiser, and ``options`` that it does not take or that have an argument of their own.

    Raises:
        UnknownName: with near misses.
    """
    if name not in OPTIMIZERS:
        raise unknown("optimizer", name, OPTIMIZERS)
    takes = [key for key in inspect.signature(OPTIMIZERS[name]).parameters if key not in NOT_OPTIONS]
    for option in options:
        if option not in takes:
            raise unknown(f"option of the optimizer {name}", option, takes)


def parameter_groups(model: nn.Module) -> list[dict[str, Any]]:
    """The groups that the modules of ``model`` declare, behind one group of all other trainable parameters."""
    declared: list[dict[str, Any]] = []
    owners: dict[int, str] = {}
    for path, module in model.named_modules():
        own = getattr(module, "parameter_groups", None)
        if not callable(own):
            continue
        for group in own():
            group = {**group, "params": list(group["params"])}
            for parameter in group["params"]:
                owner = owners.setdefault(id(parameter), path)
                if owner != path:
                    raise ValueError(f"'{owner}' and '{path}' both put one parameter into a group; expected one.")
            declared.append(group)
    rest = [p for p in model.parameters() if p.requires_grad and id(p) not in owners]
    groups = [{"params": rest}, *declared] if rest else declared
    if not groups:
        raise ValueError("the model has no trainable parameter; expected at least one with requires_grad.")
    return groups


def constant(progress: float) -> float:
    """1 throughout."""
    return 1.0


def linear(progress: float) -> float:
    """From 1 down to 0 in a straight line."""
    return 1.0 - progress


def cosine(progress: float) -> float:
    """From 1 down to 0 along half a cosine (I. Loshchilov and F. Hutter, arXiv:1608.03983, without restarts)."""
    return 0.5 * (1.0 + math.cos(math.pi * progress))


def one_cycle(progress: float, *, rise: float = 0.3, start: float = 1 / 25, end: float = 4e-6) -> float:
    """From 1/25 up to 1 in the first 30 %, then down to 4e-6, along half cosines (L. Smith, arXiv:1708.07120).

    The factors are those of ``torch.optim.lr_scheduler.OneCycleLR``; the momentum stays as it is.
    """
    if progress < rise:
        return start + (1.0 - start) * (1.0 - cosine(progress / rise))
    return end + (1.0 - end) * cosine((progress - rise) / (1.0 - rise))


SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": constant,
    "cosine": cosine,
    "linear": linear,
    "one_cycle": one_cycle,
}
"""A schedule's factor of the learning rate, as a function of the share of the steps done (0 to 1)."""


def create_schedule(name: str, optimizer: Optimizer, *, steps: float, warmup: float = 0.0) -> LambdaLR | None:
    """The schedule called ``name``, to be advanced after every step; ``None`` where the rate never changes.

    Args:
        name: one of ``SCHEDULES``.
        steps: optimiser steps of the whole training.
        warmup: the share of ``steps`` in which the rate first rises from 0 in a straight line.

    Raises:
        UnknownName: no such schedule.
        ValueError: ``warmup`` is not a share below 1, or the number of steps is not known.
    """
    check_schedule(name, warmup)
    if name == "constant" and not warmup:
        return None
    if not 1 <= steps < math.inf:
        raise ValueError(
            f"schedule is '{name}' with warmup {warmup} and the number of steps is {steps}; give the Trainer "
            "max_epochs or max_steps, or use schedule='constant' without warmup."
        )
    shape, first = SCHEDULES[name], warmup * steps

    def factor(step: int) -> float:
        if step < first:
            return (step + 1) / (first + 1)
        return shape(min(1.0, (step - first) / max(1.0, steps - first)))

    return LambdaLR(optimizer, factor)


def check_schedule(name: str, warmup: float) -> None:
    """Raise as ``create_schedule`` would, before anything is known of the training.

    Raises:
        UnknownName: no such schedule.
        ValueError: ``warmup`` is not a share, or the schedule has its own.
    """
    if name not in SCHEDULES:
        raise unknown("schedule", name, SCHEDULES)
    if not 0 <= warmup < 1:
        raise ValueError(f"warmup is {warmup}; expected a share of the steps, from 0 to below 1.")
    if warmup and name == "one_cycle":
        raise ValueError(f"warmup is {warmup} and schedule is 'one_cycle', which rises on its own; leave warmup at 0.")
