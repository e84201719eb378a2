"""Drawing the rows of the memory tests against training on them (an LSTM of 64 units, new rows in every pass).

Aim: drawn at 10 times the rate that they are consumed at or more, that is, a ratio of 0.1 or less.

Run: python benchmarks/speed/generated_rows.py [--rounds N] [--only NAMES] [--write]
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable
from typing import Any

import torch
from _interleaved import CLOCKS, RESULTS, compare

from rnnzoo.registry import DATA, TASKS

ROWS, HIDDEN, BATCHES = 50, 64, 4
SETTINGS: dict[str, dict[str, Any]] = {
    "adding": {"length": 200},
    "copy_memory": {"blanks": 200},
    "induction": {"length": 256},
    "even_pairs": {},
    "cycle_navigation": {},
}
TASK = {"value": "sequence_regression", "tags": "sequence_tagging", "label": "sequence_classification"}


def candidates(name: str) -> dict[str, Callable[[], None]]:
    """What draws a pass of rows and makes its batches, and what trains on as many batches."""
    data = DATA.create(name, training=ROWS * BATCHES, validation=1, test=1, batch_size=ROWS, **SETTINGS[name])
    spec = data.spec
    embedding = "none" if spec["input"] == "real" else "learned"
    task = TASKS.create(TASK[spec["kind"]], spec=spec, layer="lstm", hidden_size=HIDDEN, embedding=embedding)
    optimizer = torch.optim.Adam(task.parameters())
    loader = data.train_dataloader()
    batches = list(loader)
    passes = itertools.count(1)

    def draw() -> None:
        loader.sampler.set_epoch(next(passes))
        for _ in loader:
            pass

    def train() -> None:
        for batch in batches:
            optimizer.zero_grad()
            losses = task.losses(task.outputs_of(batch), batch)
            (losses * batch.weights).sum().div(batch.weights.sum()).backward()
            optimizer.step()

    return {"draw": draw, "train": train}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--clock", choices=CLOCKS, default="cpu")
    parser.add_argument("--only", nargs="+", choices=SETTINGS, default=list(SETTINGS))
    parser.add_argument("--write", action="store_true", help=f"append rows under {RESULTS}")
    options = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(options.threads)
    for name in options.only:
        compare(
            "generated_rows",
            candidates(name),
            baseline="train",
            rounds=options.rounds,
            settings={"data": name, **SETTINGS[name], "B": ROWS, "H": HIDDEN, "batches": BATCHES},
            out=RESULTS if options.write else None,
            clock=options.clock,
        )


if __name__ == "__main__":
    main()
