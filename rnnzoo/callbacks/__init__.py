"""Callbacks for ``lightning.pytorch.Trainer``, one file each."""

from rnnzoo.callbacks._whole_file import DamagedCheckpoint, NotWritten, check_checkpoint
from rnnzoo.callbacks.best_checkpoint import BestCheckpoint
from rnnzoo.callbacks.confusion_trace import ConfusionTrace
from rnnzoo.callbacks.early_stop import EarlyStop
from rnnzoo.callbacks.gradient_norm_trace import GradientNormTrace
from rnnzoo.callbacks.gradient_norms import GradientNorms
from rnnzoo.callbacks.gradient_reach import GradientReach
from rnnzoo.callbacks.non_finite import NonFinite, NonFiniteError
from rnnzoo.callbacks.pictures import Pictures
from rnnzoo.callbacks.result_rows import ResultRows, read_rows, write_rows
from rnnzoo.callbacks.resume_point import ResumeError, ResumePoint
from rnnzoo.callbacks.throughput import Throughput
from rnnzoo.callbacks.trace import Trace, TraceValue, read_trace, write_trace
from rnnzoo.callbacks.traces import TRACES

__all__ = [
    "TRACES",
    "BestCheckpoint",
    "ConfusionTrace",
    "DamagedCheckpoint",
    "EarlyStop",
    "GradientNormTrace",
    "GradientNorms",
    "GradientReach",
    "NonFinite",
    "NonFiniteError",
    "NotWritten",
    "Pictures",
    "ResultRows",
    "ResumeError",
    "ResumePoint",
    "Throughput",
    "Trace",
    "TraceValue",
    "check_checkpoint",
    "read_rows",
    "read_trace",
    "write_rows",
    "write_trace",
]
