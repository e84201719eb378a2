"""The norm of every gradient tensor and of all together, before and after clipping."""

from __future__ import annotations

import csv
import os
from pathlib import Path

from lightning.pytorch import Callback, LightningModule, Trainer
from torch.optim import Optimizer

from rnnzoo.callbacks._norm_meter import TOTAL, GradientNorm, NormMeter

COLUMNS = ("step", "tensor", "before", "after")


class GradientNorms(Callback):
    """Measures the L2 norm of every gradient, and of all of them together, every n steps.

    | key | meaning | when |
    |---|---|---|
    | ``gradient_norm/total`` | of all gradients, before clipping | every n steps |
    | ``gradient_norm/total_clipped`` | after clipping | every n steps |
    | ``gradient_norm/<parameter>`` | of one gradient, before clipping | every n steps |

    All of it is kept in ``history`` and in ``gradient_norms.csv`` (step, tensor, before, after) in the run's folder. A
    resumed run takes the rows of the steps before its own back from that file.

    Args:
        every_n_steps: measure in every n-th step.
        path: the CSV file; ``None``: in the logger's folder, else in the Trainer's ``default_root_dir``.

    Raises:
        ValueError: ``every_n_steps`` is below 1.
    """

    def __init__(self, every_n_steps: int = 10, path: str | Path | None = None) -> None:
        self._meter = NormMeter(every_n_steps)
        self.path = None if path is None else Path(path)
        self.history: list[GradientNorm] = []
        self._written = 0
        self._file: Path | None = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Take back what the file has of the steps before this one; a new run begins a new file."""
        folder = trainer.log_dir or trainer.default_root_dir
        self._file = self.path or Path(folder) / "gradient_norms.csv"
        before = read_gradient_norms(self._file) if trainer.global_step and self._file.is_file() else []
        self.history = [row for row in before if row.step < trainer.global_step]
        self._written = 0
        if trainer.is_global_zero:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            aside = self._file.with_name(self._file.name + ".part")
            with aside.open("w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerow(COLUMNS)
            self._append(aside)
            os.replace(aside, self._file)

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer) -> None:
        """Measure before clipping."""
        self._meter.before(trainer, pl_module)

    def on_after_clipping(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Measure after clipping; log and keep both."""
        found = self._meter.after(trainer, pl_module)
        if not found:
            return
        self.history += found
        logged = {f"gradient_norm/{norm.tensor}": norm.before for norm in found}
        logged[f"gradient_norm/{TOTAL}_clipped"] = found[-1].after
        for logger in trainer.loggers:
            logger.log_metrics(logged, step=found[-1].step)
        if trainer.is_global_zero and self._file is not None:  # at once: a resumed run reads it back
            self._append(self._file)

    def _append(self, path: Path) -> None:
        with path.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(self.history[self._written :])
        self._written = len(self.history)


def read_gradient_norms(path: str | Path) -> list[GradientNorm]:
    """The rows of a ``gradient_norms.csv``; a last line that a killed run left incomplete is left out.

    Raises:
        ValueError: it is another file.
    """
    with Path(path).open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    if not rows or tuple(rows[0]) != COLUMNS:
        raise ValueError(f"{path} begins with {rows[:1]}; expected the columns {', '.join(COLUMNS)}.")
    whole = rows[1:-1] + [row for row in rows[-1:] if len(rows) > 1 and len(row) == len(COLUMNS) and row[-1]]
    return [GradientNorm(int(step), tensor, float(before), float(after)) for step, tensor, before, after in whole]
