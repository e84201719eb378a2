"""The states that a model carries from batch to batch: of training and of each evaluation apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from lightning.pytorch import Trainer
from torch import Tensor

from rnnzoo.modules.carried_layers import each_tensor, restart
from rnnzoo.tasks._gathered import gathered

Key = tuple[str, int]
"""A split, and which of the batches that stand side by side in it."""


class CarriedStates:
    """Where each batch of a stream begins and what it leaves for the one that continues it, without its gradient.

    A batch continues the one K before it, K = ``parts`` of the loader's sampler: the parts of an accumulated step are
    of different rows.
    """

    def __init__(self) -> None:
        self.key: Key | None = None  # of the batch at work; None: it continues nothing, and leaves nothing
        self.states: dict[Key, tuple[int, Any]] = {}  # number of rows and state

    def begin(self, split: str, batch_idx: int, loader: Any) -> None:
        """A batch of a split begins; ``loader`` is where it comes from."""
        loader = loader[0] if isinstance(loader, (list, tuple)) and loader else loader
        self.key = split, batch_idx % int(getattr(getattr(loader, "sampler", None), "parts", 1))

    def end(self) -> None:
        """What the model computes next is of no stream."""
        self.key = None

    def before(self, starts: Tensor, initial: Callable[[int], Any]) -> Any:
        """The state that the batch begins with; ``None``: the layers' own.

        Args:
            starts: (B,) on the CPU: which rows begin.
            initial: the layers' own state, of so many rows.

        Raises:
            ValueError: a row goes on, and there is no state of it.
        """
        if self.key is None or bool(starts.all()):
            return None
        rows, state = self.states.get(self.key, (0, None))
        if rows != len(starts):
            split = self.key[0]
            raise ValueError(
                f"a {split} batch of {len(starts)} rows goes on where the one before it ended, which had {rows} rows: "
                "a stream's batches have to come in their order, from its beginning (or from a checkpoint of this "
                "training), each with the same rows."
            )
        return state if not bool(starts.any()) else restart(state, initial(rows), starts)

    def keep(self, rows: int, state: Any) -> None:
        """The state behind the batch."""
        if self.key is not None:
            self.states[self.key] = rows, each_tensor(state, Tensor.detach)

    def forget(self, split: str) -> None:
        """Let go of a split's states."""
        for key in [key for key in self.states if key[0] == split]:
            del self.states[key]

    def saved(self) -> list[list[Any]]:
        """The states of training of every process, in the order of their ranks; each process has to ask."""
        own = [[part, rows, state] for (split, part), (rows, state) in sorted(self.states.items()) if split == "train"]
        own = [[part, rows, each_tensor(state, lambda tensor: tensor.cpu())] for part, rows, state in own]
        return gathered(own)

    def restore(self, saved: list[list[Any]], trainer: Trainer, device: torch.device) -> None:
        """Go on from ``saved``.

        Raises:
            ValueError: it is of another number of processes.
        """
        if len(saved) != trainer.world_size:
            raise ValueError(
                f"the checkpoint has the carried states of {len(saved)} process(es) and this training has "
                f"{trainer.world_size}, which share out the rows otherwise; go on with {len(saved)}."
            )
        for part, rows, state in saved[trainer.global_rank]:
            self.states["train", part] = rows, each_tensor(state, lambda tensor: tensor.to(device))
