"""Keeps Lightning's chatter out of the benchmark's own output."""

from __future__ import annotations

import functools
import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

EXPECTED = (  # warnings whose advice the benchmark has considered
    ".*does not have many workers.*",
    ".*Checkpoint directory .* exists and is not empty.*",
    ".*The number of training batches .* is smaller than the logging interval.*",
    ".*GPU available but not used.*",
    ".*There is a wandb run already in progress.*",
    ".*You're resuming from a checkpoint that ended before the epoch ended.*",
    ".*It is recommended to use .*sync_dist=True.*",  # speed and memory are of all processes, or of one by design
    "(?s).*skip_none parameter was deprecated.*",  # Lightning 2.6 with jsonargparse 4.49
    "Be aware that when using `ckpt_path`, callbacks.*",  # a test needs none of the training's callbacks
    ".*LeafSpec.*is deprecated.*",  # Lightning 2.6 with torch 2.13
)


@contextmanager
def quiet() -> Iterator[None]:
    """Inside: no notes of Lightning, and none of the warnings in ``EXPECTED``; every other warning shows."""
    names = ("lightning.pytorch", "lightning.fabric", "lightning.pytorch.utilities.rank_zero")
    levels = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            for message in EXPECTED:
                warnings.filterwarnings("ignore", message)
            yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


@functools.cache
def say_once(message: str) -> None:
    """Print ``message`` to the error stream, the first time only."""
    print(message, file=sys.stderr)
