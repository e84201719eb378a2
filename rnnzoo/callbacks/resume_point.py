"""Where an interrupted training goes on, bit for bit: ``last.ckpt``, written every few seconds behind a step."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint

from rnnzoo.callbacks._loop_state import Loops, before_validation, between_epochs
from rnnzoo.callbacks._process_state import process_states, restore_process
from rnnzoo.callbacks._whole_file import write_whole_files
from rnnzoo.stopping import Stopped, StopSignals

SHARE = 0.1  # of the time, at most, goes into saving


class ResumeError(ValueError):
    """A checkpoint cannot be gone on from with these settings."""


class ResumePoint(Checkpoint):
    """Writes ``path`` behind a step when ``every_seconds`` have passed since the last time, and when training ends.

    A training that goes on from it (``trainer.fit(..., ckpt_path=path, weights_only=True)``) has the losses, weights
    and validations of one that was never interrupted, on the CPU bit for bit. Beside what Lightning saves, the file
    has the random states and the sums of the metrics of every process. What a task logs with ``on_epoch=True`` within
    a step is not carried on; metrics that it holds as modules are.

    It is saved only where a step of the optimiser is complete: not among the batches that are accumulated to one, nor
    within a validation. At Ctrl-C or SIGTERM it is saved at the next such place and the training stops.

    Args:
        path: the file.
        every_seconds: how much time a kill may cost; more where saving would take over a tenth of it. 0: at every such
            place.

    Raises:
        ResumeError: the checkpoint is of another number of processes.
        NotWritten: the file can't be written.
        Stopped: after a signal, when the file is written.
    """

    def __init__(self, path: str | Path, every_seconds: float = 20.0) -> None:
        self.path = Path(path)
        self.every_seconds = every_seconds
        self._signals = StopSignals()
        self._state: dict[str, Any] | None = None  # of the checkpoint that is gone on from
        self._place: Callable[[Loops], None] | None = None  # how the counters of the loops are to be changed
        self._ended = False
        self._due = 0.0
        self._asked = 0  # 1: save; above: the signal that came
        self._talk_at = 0  # the step in which the processes next agree whether to save
        self._talked = (0, 0.0)  # step and time when they last did

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Have checkpoints written whole."""
        write_whole_files(trainer)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Put back what was saved; from here on signals are noted."""
        state, self._state, self._ended = self._state, None, False
        if state is not None:
            if state["between_epochs"]:
                # with max_steps Lightning would go on with the finished epoch, whatever its counters say
                trainer.fit_loop.epoch_loop.restarting = False
            # a schedule that asks for the number of steps has the loader made before its position is known
            trainer.fit_loop._load_combined_loader_states()
            if state["should_stop"]:
                trainer.should_stop = True
            restore_process(state["processes"][trainer.global_rank], pl_module)
        self._signals.install()
        now = time.monotonic()
        self._due, self._talked, self._talk_at = now + self.every_seconds, (trainer.global_step, now), 0

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        """Save, if it is time and this is a place."""
        loop = trainer.fit_loop.epoch_loop
        if loop._should_accumulate():
            return
        self._ask(trainer, pl_module)
        ends = loop.global_step == loop.max_steps or (trainer.should_stop and trainer.fit_loop._can_stop_early)
        if not self._asked or ends:
            return
        fetcher = trainer.fit_loop._data_fetcher
        if fetcher is not None and loop._should_check_val_fx(fetcher):
            self._save(trainer, before_validation)
        elif not loop._num_ready_batches_reached():
            self._save(trainer, None)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save, if it was or is time."""
        self._ask(trainer, pl_module)
        if self._asked:
            self._save(trainer, between_epochs)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save in any case: what follows, a test for one, needs no step to be made again."""
        self._ended, self._talk_at = True, 0
        self._ask(trainer, pl_module)
        self._save(trainer, between_epochs)

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Add what Lightning leaves out; of any checkpoint, so that the best can be gone on from as well."""
        if self._place is not None:
            self._place(checkpoint["loops"]["fit_loop"])
        checkpoint["resume"] = {
            "processes": process_states(pl_module),
            "should_stop": bool(trainer.should_stop) and not self._ended,  # who goes on with it then wants more of it
            "between_epochs": self._place is between_epochs,
        }

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Keep it until the training starts."""
        self._state = checkpoint.get("resume")
        written = trainer.world_size if self._state is None else len(self._state["processes"])
        if written != trainer.world_size:
            raise ResumeError(
                f"the checkpoint was written by {written} process(es) and this training has {trainer.world_size}, "
                f"which share out the batches otherwise; go on with {written}."
            )

    def _ask(self, trainer: Trainer, module: LightningModule) -> None:
        """Find out whether to save. Several processes agree, about once a second: a signal may have reached one."""
        now = time.monotonic()
        asked = self._signals.received or int(now >= self._due)
        if trainer.world_size > 1:
            step = trainer.global_step
            if step < self._talk_at:
                return
            steps, seconds = step - self._talked[0], max(now - self._talked[1], 1e-9)
            wait = max(1, int(steps / seconds * min(1.0, self.every_seconds)))
            talk = torch.tensor([asked, wait], device=module.device)
            asked, wait = trainer.strategy.reduce(talk, reduce_op="max").tolist()
            self._talk_at, self._talked = step + wait, (step, now)
        self._asked = max(self._asked, asked)

    def _save(self, trainer: Trainer, place: Callable[[Loops], None] | None) -> None:
        began, self._place = time.monotonic(), place
        try:
            trainer.save_checkpoint(self.path)
        finally:
            self._place = None
        ended = time.monotonic()
        self._due = ended + (max(self.every_seconds, (ended - began) * (1 / SHARE - 1)) if self.every_seconds else 0.0)
        asked, self._asked = self._asked, 0
        if asked > 1:
            raise Stopped(asked)
