"""Two processes of one thread against one process of two threads, on the same global batch."""

from __future__ import annotations

import argparse
from pathlib import Path

from _finding import Finding, middle
from _work import bench, table

from rnnzoo.callbacks import read_rows

LEAST = 0.8
SIZES = {"B": 100, "T": 80, "H": 256}


def ddp(options: argparse.Namespace, folder: Path) -> list[Finding]:
    """Samples a second of both, in turn."""
    sizes = {"B": 50, "T": 10, "H": 16} if options.quick else SIZES
    path = table(
        folder,
        data={"name": "digit_sum", "length": sizes["T"], "batch_size": sizes["B"]},
        model={"embedding_size": 64, "hidden_size": sizes["H"]},
        trainer={"max_epochs": 1 if options.quick else 20, "check_val_every_n_epoch": 1 if options.quick else 10},
        entries=[{"layer": "lstm"}],
    )
    ratios = []
    for number in range(options.rounds):
        rates = {}
        for devices in (1, 2) if number % 2 else (2, 1):
            results = folder / f"{number}-{devices}"
            bench(path, results, "--devices", str(devices), threads=2 // devices)
            (file,) = (results / "harness").glob("*.jsonl")
            rates[devices] = read_rows(file)[0].samples_per_second
        ratios.append(rates[2] / rates[1])
    return [middle("two processes over one of two threads", ratios, "ratio", sizes, at_least=LEAST)]
