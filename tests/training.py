"""Small trainings for the tests of tasks and callbacks: batches without a dataset, a Trainer without output."""

import torch
from lightning.pytorch import Trainer
from torch.utils.data import DataLoader

from rnnzoo.contracts import SequenceBatch

LIGHTNINGS_OWN = (
    r"ignore:`isinstance\(treespec, LeafSpec\)`:FutureWarning",
    r"ignore:The '\w+_dataloader' does not have many workers",
    "ignore:You defined a `validation_step` but have no `val_dataloader`",
    r"ignore:The number of training batches \(\d+\) is smaller than the logging interval",
)
"""Warnings that Lightning raises by itself, whatever it trains."""


def spec(**changes):
    """Tokens 0..5 in, three labels out."""
    base = {"kind": "label", "input": "tokens", "input_size": 6, "output_size": 3, "labels": ["a", "b", "c"]}
    return {**base, "padding_id": 0, "streaming": False, "version": 1, **changes}


def make_batch(rows, steps=5, *, seed=0, weights=None):
    """Rows whose label is their first token modulo 3; ragged lengths."""
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randint(1, 6, (rows, steps), generator=generator)
    lengths = torch.randint(1, steps + 1, (rows,), generator=generator)
    inputs[torch.arange(steps) >= lengths[:, None]] = 0
    given = torch.ones(rows) if weights is None else torch.tensor(weights, dtype=torch.float32)
    return SequenceBatch(inputs, lengths, inputs[:, 0] % 3, given, torch.ones(rows, dtype=torch.bool))


def loader(batches):
    """The batches as they are."""
    return DataLoader(list(batches), batch_size=None)


def quiet_trainer(folder, **options):
    """A Trainer on the CPU that writes nothing unless asked."""
    settings = {
        "accelerator": "cpu",
        "devices": 1,
        "logger": False,
        "enable_checkpointing": any("Checkpoint" in type(c).__name__ for c in options.get("callbacks", [])),
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "num_sanity_val_steps": 0,
        "default_root_dir": folder,
    }
    return Trainer(**{**settings, **options})
