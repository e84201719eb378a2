"""A finished task's metrics on a split, over all its elements, as a Trainer measures them."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rnnzoo.tasks._base import SequenceTask


def measure(task: SequenceTask, batches: Iterable[Any], split: str = "test") -> dict[str, float]:
    """Each metric that ``task`` has in ``split``, "val" or "test", over the elements of ``batches``, on the CPU.

    Raises:
        ValueError: there is no element.
    """
    from lightning.pytorch import Trainer

    trainer = Trainer(
        accelerator="cpu", devices=1, logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"The '\w+_dataloader' does not have many workers")
        {"val": trainer.validate, "test": trainer.test}[split](task, batches, verbose=False)
    if not any(measured.n for measured in task.results.get(split, {}).values()):
        raise ValueError("there is no element to measure; expected batches with a weight above 0.")
    return {name: measured.value for name, measured in task.results[split].items()}
