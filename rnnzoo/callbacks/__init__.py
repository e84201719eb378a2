"""Callbacks for ``lightning.pytorch.Trainer``, one file each."""

from rnnzoo.callbacks.best_checkpoint import BestCheckpoint
from rnnzoo.callbacks.early_stop import EarlyStop
from rnnzoo.callbacks.gradient_norms import GradientNorms
from rnnzoo.callbacks.non_finite import NonFinite, NonFiniteError
from rnnzoo.callbacks.result_rows import ResultRows, read_rows, write_rows
from rnnzoo.callbacks.throughput import Throughput

__all__ = [
    "BestCheckpoint",
    "EarlyStop",
    "GradientNorms",
    "NonFinite",
    "NonFiniteError",
    "ResultRows",
    "Throughput",
    "read_rows",
    "write_rows",
]
