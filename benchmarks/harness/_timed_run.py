"""A process that trains one run after another and prints when each had its first step, its last one and its rows.

``python _timed_run.py plain|harness TABLE RESULTS RUNS WANDB STARTED``: ``STARTED`` is when it was started. Both import
what they need, make the same data and model and train it for as many steps; ``harness`` does so through ``make_runs``,
``plain`` by a Trainer without callbacks, loggers and checkpoints. A run's times are a JSON line: seconds from its start
(of the first one: of the process) to its first step, and from the end of its last step to its end.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, Trainer, seed_everything

from rnnzoo.bench import training
from rnnzoo.bench.quiet import quiet
from rnnzoo.bench.runner import make_runs
from rnnzoo.bench.runs import Run, expand
from rnnzoo.bench.table import load_table
from rnnzoo.registry import DATA, TASKS


class Clock(Callback):
    """When the first step begins and the last one has ended."""

    def __init__(self) -> None:
        self.first = self.last = 0.0

    def on_train_batch_start(self, *_: Any) -> None:
        """Note the first one."""
        self.first = self.first or time.time()

    def on_train_batch_end(self, *_: Any) -> None:
        """Note the latest one."""
        self.last = time.time()


def plain(run: Run, clock: Clock) -> None:
    """The same training by Lightning alone."""
    with quiet():
        seed_everything(run.seed, workers=True, verbose=False)
        data = DATA.create(run.data_name, **{"seed": run.seed, **run.data})
        task = TASKS.create(run.task, spec=data.spec, layer=run.layer, **run.model)
        trainer = Trainer(
            logger=False, callbacks=[clock], enable_checkpointing=False, enable_progress_bar=False,
            enable_model_summary=False, num_sanity_val_steps=0, **run.trainer,
        )  # fmt: skip
        trainer.fit(task, datamodule=data)


def harness(run: Run, clock: Clock, results: Path, wandb: str) -> None:
    """The training as `bench run` does it, with the clock among the callbacks."""

    class Timed(Trainer):
        def __init__(self, *, callbacks: list[Callback], **arguments: Any) -> None:
            super().__init__(callbacks=[*callbacks, clock], **arguments)

    training.Trainer = Timed
    outcome = make_runs([run], results, wandb=wandb)
    if not outcome.made:
        raise SystemExit(f"{run.title} was not made: {outcome}")


def main() -> None:
    kind, table, results, count, wandb, started = sys.argv[1:]
    runs = expand(load_table(table))[: int(count)]
    start = float(started)
    for run in runs:
        clock = Clock()
        plain(run, clock) if kind == "plain" else harness(run, clock, Path(results), wandb)
        times = {"before": clock.first - start, "behind": time.time() - clock.last}
        print(json.dumps(times), file=sys.stderr, flush=True)
        start = time.time()


if __name__ == "__main__":
    main()
