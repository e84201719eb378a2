"""The counters of Lightning's loops in a checkpoint, made such that its loops go on where they stood.

Lightning restarts from counters that are not all in step: which of ready, started, processed and completed have been
counted tells it where it was interrupted. Of the places below it takes only the first as it is:

- behind a batch that no validation follows: nothing to do;
- behind a batch that a validation follows, Lightning counts that validation as done and leaves it out. Where the
  batch is counted as completed and the validation as begun, it makes the whole validation first;
- between two epochs, with ``max_steps``, it takes the finished epoch for one to be gone on with, counts it twice and
  leaves a validation out. Where nothing of an epoch has begun, it begins one.
"""

from __future__ import annotations

from typing import Any

Loops = dict[str, Any]  # as ``checkpoint["loops"]["fit_loop"]``
COUNTS = ("ready", "started", "processed", "completed")


def before_validation(loops: Loops) -> None:
    """Behind a batch whose validation is still to be made."""
    for scope in ("total", "current"):
        batches = loops["epoch_loop.batch_progress"][scope]
        batches["completed"] = batches["processed"]
        loops["epoch_loop.val_loop.batch_progress"][scope].update(ready=1, started=1, processed=0, completed=0)
    if loops["epoch_loop.batch_progress"]["is_last_batch"]:
        forget_batches(loops)


def between_epochs(loops: Loops) -> None:
    """Behind everything that belongs to an epoch, before anything of the next."""
    for scope in ("total", "current"):
        epochs = loops["epoch_progress"][scope]
        epochs.update(dict.fromkeys(COUNTS, epochs["processed"]))
    forget_batches(loops)


def forget_batches(loops: Loops) -> None:
    """Let the next epoch begin with its first batch: the loader's position was the finished epoch's."""
    loops["state_dict"].pop("combined_loader", None)
